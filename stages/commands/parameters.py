"""List each parameter with the stages that read it and those that follow where the outputs change."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import networkx
from dvc.dependency import ParamsDependency
from dvc.repo import Repo

from stages.base.params import read_params
from stages.commands._dvc import stage_graph


def find_readers(
    params: Mapping[str, Any], declared: Mapping[str, Iterable[str]], stages: networkx.DiGraph
) -> dict[str, tuple[set[str], set[str]]]:
    """For each key of params.yaml the stages that read it, and those that follow them.

    A key stands for all keys below it where they have the same readers. `declared` are the keys of each stage.
    """
    readers = {
        leaf: frozenset(
            name for name, keys in declared.items() if any(f"{leaf}.".startswith(f"{key}.") for key in keys)
        )
        for leaf in leaves(params)
    }
    rows = {}
    for leaf, direct in readers.items():
        key = leaf
        while "." in key:
            above = key.rpartition(".")[0]
            if {readers[other] for other in readers if other.startswith(f"{above}.")} != {direct}:
                break
            key = above
        after = {name for stage in direct for name in networkx.descendants(stages, stage)} - direct
        rows[key] = (set(direct), after)
    return rows


def leaves(params: Mapping[str, Any], above: str = "") -> Iterator[str]:
    """The dotted keys of all values, and of mappings that are empty: values may be put there."""
    for name, value in params.items():
        if isinstance(value, Mapping) and value:
            yield from leaves(value, f"{above}{name}.")
        else:
            yield f"{above}{name}"


def declared_keys(repo: Repo) -> dict[str, list[str]]:
    """The keys of params.yaml that dvc.yaml declares for each stage."""
    return {
        stage.addressing: [key for dep in stage.deps if isinstance(dep, ParamsDependency) for key in dep.params]
        for stage in repo.index.stages
    }


def abbreviate(names: set[str], everything: Iterable[str]) -> str:
    """Stage names in one line: `group` for all members of a group, `group@member` for some."""
    shown = set()
    for name in names:
        group = name.split("@")[0]
        members = {other for other in everything if other.split("@")[0] == group}
        shown.add(group if members <= names else name)
    return ", ".join(sorted(shown))


def main() -> None:
    repo = Repo()
    stages = stage_graph(repo.index.graph)
    for key, (direct, after) in find_readers(read_params(), declared_keys(repo), stages).items():
        print(f"{key}: {abbreviate(direct, stages) or 'check_params'}")
        if after:
            print(f"    then {abbreviate(after, stages)}")
