"""The stages with what they make and what they wait for."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import networkx

from stages.base.params import at


@dataclass(frozen=True)
class Stage:
    """A template of dvc.yaml: its stages together."""

    name: str
    description: str  # with a placeholder for the key where there are several
    command: str
    keys: list[str]  # none where it is one stage
    inputs: list[str]  # paths without code
    outputs: list[str]


def read_stages(templates: Sequence[Mapping[str, Any]], params: Mapping[str, Any]) -> list[Stage]:
    """The templates that `make deps` wrote into assets/pipeline.json, their `${...}` replaced by values of params."""
    stages = []
    for template in templates:
        items = template["foreach"]
        items = at(params, items[2:-1]) if isinstance(items, str) else items
        each = [{**params, "key": key, "item": item} for key, item in items.items()] or [params]
        inputs, outputs = (
            list(dict.fromkeys(fill(path, values) for values in each for path in paths))
            for paths in (template["deps"], outputs_of(template))
        )
        words = [re.sub(r"\$\{key\}", "…", template[part]) for part in ("desc", "cmd")]
        stages.append(Stage(template["name"], *words, list(items), inputs, outputs))
    return stages


def outputs_of(template: Mapping[str, Any]) -> list[str]:
    """Paths of a template's outputs of all kinds, which stand with or without options."""
    found = [output for kind in ("outs", "metrics", "plots") for output in template.get(kind, [])]
    return [output if isinstance(output, str) else next(iter(output)) for output in found]


def fill(text: str, values: Mapping[str, Any]) -> str:
    """`text` with each `${dotted.key}` replaced by its value."""
    return re.sub(r"\$\{([\w.]+)\}", lambda match: str(at(values, match[1])), text)


def arrows(stages: list[Stage]) -> list[tuple[str, str]]:
    """Pairs (before, after) of stages where one reads what the other makes, without those that others make needless."""
    graph = networkx.DiGraph()
    graph.add_nodes_from(stage.name for stage in stages)
    for before in stages:
        for after in stages:
            if before is not after and any(
                f"{b}/".startswith(f"{a}/") or f"{a}/".startswith(f"{b}/") for a in before.outputs for b in after.inputs
            ):
                graph.add_edge(before.name, after.name)
    return sorted(networkx.transitive_reduction(graph).edges)


def places(stages: list[Stage]) -> dict[str, tuple[int, int, int]]:
    """Row, column and columns in the row of each stage: a row below all that it waits for."""
    graph = networkx.DiGraph(arrows(stages))
    graph.add_nodes_from(stage.name for stage in stages)
    found = {}
    for row, names in enumerate(networkx.topological_generations(graph)):
        ordered = [stage.name for stage in stages if stage.name in names]
        found |= {name: (row, column, len(ordered)) for column, name in enumerate(ordered)}
    return found


def drawing(stages: list[Stage], width: int = 132, height: int = 26, gap: int = 14, rise: int = 34) -> dict[str, Any]:
    """Boxes and curved lines of the graph, in pixels."""
    found = places(stages)
    whole = max(columns for _, _, columns in found.values()) * (width + gap)
    corner = {
        name: ((whole - columns * (width + gap) + gap) / 2 + column * (width + gap), 2 + row * (height + rise))
        for name, (row, column, columns) in found.items()
    }
    lines = []
    for before, after in arrows(stages):
        (x, y), (to_x, to_y) = corner[before], corner[after]
        x, to_x, y = x + width / 2, to_x + width / 2, y + height
        lines.append(f"M{x:g} {y:g}C{x:g} {y + rise:g} {to_x:g} {to_y - rise:g} {to_x:g} {to_y:g}")
    return {
        "boxes": [{"name": name, "x": x, "y": y, "width": width, "height": height} for name, (x, y) in corner.items()],
        "lines": lines,
        "width": whole,
        "height": 4 + height + max(y for _, y in corner.values()),
    }
