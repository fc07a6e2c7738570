"""Say, a line per stage, what `dvc repro` would run and why: `python -m stages.why`."""

import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import networkx
import yaml

from stages.base.errors import StageError
from stages.base.params import at
from stages.commands.demo import environment

PARAMS = Path("params.yaml")
MISSING = "nothing"
CONSTANT = "check_params"  # its output is always the same, so that nothing follows it


def dvc(*arguments: str) -> str:
    """What a `dvc` command prints. Raises StageError with what it says where it fails, or where there is no DVC."""
    try:
        done = subprocess.run(["dvc", *arguments], env=environment(), check=False, text=True, capture_output=True)
    except FileNotFoundError as error:
        raise StageError("the command `dvc` is missing: activate the environment, or call make") from error
    if done.returncode:
        raise StageError(f"dvc {' '.join(arguments)}: {' '.join(done.stderr.split())}")
    return done.stdout


def graph(dot: str) -> networkx.DiGraph:
    """Stages, with an edge from each to those that read its outputs, of the output of `dvc dag --dot`."""
    stages = networkx.DiGraph()
    stages.add_nodes_from(re.findall(r'^"([^"]+)";', dot, re.MULTILINE))
    stages.add_edges_from(re.findall(r'"([^"]+)" -> "([^"]+)"', dot))
    return stages


def flat(tree: Any, key: str = "") -> dict[str, Any]:
    """The leaves of nested mappings by dotted key."""
    if not isinstance(tree, Mapping):
        return {key: tree}
    return {
        leaf: value for name, node in tree.items() for leaf, value in flat(node, f"{key}.{name}".lstrip(".")).items()
    }


def reasons(changes: list[Any], locked: Mapping[str, Any], params: Mapping[str, Any]) -> Iterator[str]:
    """Why one stage would run: `changes` as `dvc status --json` has them, `locked` its parameters in dvc.lock."""
    for change in changes:
        if not isinstance(change, Mapping):
            yield "its command changed" if change == "changed command" else str(change)
            continue
        for path, what in change.get("changed deps", {}).items():
            if isinstance(what, Mapping):
                yield from (
                    line
                    for key in what
                    for line in changed_values(key, locked.get(key, MISSING), at(params, key, MISSING))
                )
            else:
                yield f"{path} is {what}"
        for path, what in change.get("changed outs", {}).items():
            yield f"its output {path} is {what}"


def changed_values(key: str, old: Any, new: Any) -> Iterator[str]:
    """A line for each leaf below a parameter's key that differs."""
    before, after = flat(old, key), flat(new, key)
    for leaf in sorted(before.keys() | after.keys()):
        if before.get(leaf, MISSING) != after.get(leaf, MISSING):
            yield f"{leaf}: {before.get(leaf, MISSING)} -> {after.get(leaf, MISSING)}"


def why(status: Mapping[str, list[Any]], lock: Mapping[str, Any], params: Mapping[str, Any], dot: str) -> list[str]:
    """A line for each stage that would run, in the order in which stages run."""
    stages = graph(dot)
    causes = {
        name: list(reasons(changes, lock.get(name, {}).get("params", {}).get(str(PARAMS), {}), params))
        if name in lock
        else ["it has never run"]
        for name, changes in status.items()
    }
    for name in networkx.topological_sort(stages):
        upstream = sorted(stage for stage in stages.predecessors(name) if stage in causes and stage != CONSTANT)
        if upstream and name not in causes:
            causes[name] = [f"after {', '.join(upstream)}, if the outputs change"]
    return [f"{name}: {'; '.join(causes[name])}" for name in networkx.topological_sort(stages) if name in causes]


def main() -> None:
    lock = Path("dvc.lock")
    locked = yaml.safe_load(lock.read_text(encoding="utf-8"))["stages"] if lock.is_file() else {}
    params = yaml.safe_load(PARAMS.read_text(encoding="utf-8"))
    lines = why(json.loads(dvc("status", "--json")), locked, params, dvc("dag", "--dot"))
    print("\n".join(lines) or "every stage is up to date")
