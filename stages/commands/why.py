"""Say, a line per stage, what `make repro` would run and why."""

from collections.abc import Iterator, Mapping
from typing import Any

import networkx
from dvc.repo import Repo

from stages.base.params import at, read_params
from stages.commands._dvc import CONSTANT, read_lock, stage_graph
from stages.commands.repro import to_run
from stages.page.results import flatten

MISSING = "nothing"


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
    before, after = flatten(old, key), flatten(new, key)
    for leaf in sorted(before.keys() | after.keys()):
        if before.get(leaf, MISSING) != after.get(leaf, MISSING):
            yield f"{leaf}: {before.get(leaf, MISSING)} -> {after.get(leaf, MISSING)}"


def why(
    status: Mapping[str, list[Any]], lock: Mapping[str, Any], params: Mapping[str, Any], stages: networkx.DiGraph
) -> list[str]:
    """A line for each stage that would run, in the order in which stages run; `status` has those that changed."""
    causes = {
        name: list(reasons(changes, lock.get(name, {}).get("params", {}).get("params.yaml", {}), params))
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
    repo = Repo()
    status = repo.status()
    changed = {name: status[name] for name in to_run(repo.index.graph, status) if name in status}
    lines = why(changed, read_lock(), read_params(), stage_graph(repo.index.graph))
    print("\n".join(lines) or "every stage is up to date")
