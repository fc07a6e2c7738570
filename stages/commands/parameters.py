"""List each parameter with the stages that read it and those that follow where the outputs change."""

from collections.abc import Iterable, Mapping
from typing import Any

import networkx

from stages.base.params import read_params
from stages.commands._dvc import dvc, flatten, read_graph, read_lock


def find_readers(
    params: Mapping[str, Any], lock: Mapping[str, Any], stages: networkx.DiGraph
) -> dict[str, tuple[set[str], set[str]]]:
    """For each key of params.yaml the stages that read it, and those that follow them.

    A key stands for all keys below it where they have the same readers. `lock` are the stages of dvc.lock.
    """
    readers = {
        leaf: frozenset(
            name
            for name, stage in lock.items()
            if name in stages  # the lock keeps those of a variant that is gone
            for key in stage.get("params", {}).get("params.yaml", {})
            if f"{leaf}.".startswith(f"{key}.")
        )
        for leaf in flatten(params)
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


def abbreviate(names: set[str], everything: Iterable[str]) -> str:
    """Stage names in one line: `group` for all members of a group, `group@member` for some."""
    shown = set()
    for name in names:
        group = name.split("@")[0]
        members = {other for other in everything if other.split("@")[0] == group}
        shown.add(group if members <= names else name)
    return ", ".join(sorted(shown))


def main() -> None:
    stages = read_graph(dvc("dag", "--dot"))
    for key, (direct, after) in find_readers(read_params(), read_lock(), stages).items():
        print(f"{key}: {abbreviate(direct, stages) or 'check_params'}")
        if after:
            print(f"    then {abbreviate(after, stages)}")
