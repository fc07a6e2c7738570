"""Bring all results up to date: take what lies in the cache or in the DVC remote, and run the rest.

Data that no remote holds (`push: false` in dvc.yaml) may be missing as long as no stage that has to run reads them.

`python -m stages.commands repro JOBS` runs so many stages at a time: DVC itself runs one, and a small stage fills
neither a GPU nor many cores.
"""

import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from graphlib import TopologicalSorter
from subprocess import PIPE, STDOUT
from typing import Any

import networkx
from dvc.output import Output
from dvc.repo import Repo
from dvc.stage import Stage

from stages.base.errors import StageError
from stages.commands._dvc import CONSTANT, call, stage_graph, start_dvc
from stages.commands._remote import keeps_runs, reach, remote_name

Status = Mapping[str, list[Any]]  # as `dvc status --json` has it


def changed(status: Status, stage: Stage, kind: str) -> dict[str, Any]:
    """A stage's changed `deps` or `outs` by path."""
    found = [change for change in status.get(stage.addressing, []) if isinstance(change, Mapping)]
    return {path: what for change in found for path, what in change.get(f"changed {kind}", {}).items()}


def absent(outs: Iterable[Output]) -> set[str]:
    """Outputs that no remote holds and that are not here."""
    return {out.def_path for out in outs if out.use_cache and not out.can_push and not out.exists}


def to_fetch(stages: Iterable[Stage], status: Status) -> Iterator[Output]:
    """Outputs that dvc.lock knows and the workspace lacks, of stages whose code and parameters did not change.

    A file that differs is left alone where the data that its stage reads differ too: the stage may have been killed.
    """
    for stage in stages:
        deps, outs = (changed(status, stage, kind) for kind in ("deps", "outs"))
        runs = any(path.startswith(("stages/", "params.yaml")) for path in deps)
        if runs or "changed command" in status.get(stage.addressing, []):
            continue
        for out in stage.outs:
            if out.def_path in outs and out.use_cache and out.hash_info and not (deps and out.exists):
                yield out


def to_run(graph: networkx.DiGraph, status: Status) -> list[str]:
    """Stages that may have to run, in their order. `graph` has an edge from each stage to those whose outputs it reads.

    To them belong those that make the private data which they read.
    """
    order = list(networkx.topological_sort(graph.reverse()))
    away = absent(out for stage in order for out in stage.outs)
    due = {
        stage
        for stage in order
        for change in status.get(stage.addressing, [])
        if not isinstance(change, Mapping) or any(not paths.keys() <= away for paths in change.values())
    }
    due |= {reader for stage in due if stage.addressing != CONSTANT for reader in networkx.ancestors(graph, stage)}
    for stage in reversed(order):
        if away & {out.def_path for out in stage.outs} and due & set(graph.predecessors(stage)):
            due.add(stage)
    return [stage.addressing for stage in order if stage in due]


def bring(repo: Repo, status: Status, tried: set[str]) -> bool:
    """Call `dvc checkout` or `dvc pull` for what is missing and was not tried yet; gives whether there was any."""
    cached = {out.def_path: out.cache.exists(out.hash_info.value) for out in to_fetch(repo.index.stages, status)}
    shared = {out.def_path for out in repo.index.outs if out.can_push} if remote_name(repo) else set()
    wanted = {path for path, here in cached.items() if here or path in shared} - tried
    if away := {path for path in wanted if not cached[path]}:
        reach(repo)
    if wanted:
        # DVC reads dvc.lock once per path that it is told, half a second each: name none where all are meant
        every = {path for stage in repo.index.stages for path in changed(status, stage, "outs")}
        paths = [] if wanted == every else sorted(wanted)
        call("pull" if away else "checkout", "--allow-missing", *paths)
    elif lacking := sorted(path for path in tried & cached.keys() if not cached[path]):
        shown = ", ".join(lacking[:3]) + (f" and {len(lacking) - 3} more" if len(lacking) > 3 else "")
        print(f"The remote lacks, or holds damaged, {shown}: the stages that make them run.")
    tried |= wanted
    return bool(wanted)


def run(repo: Repo, due: Sequence[str], jobs: int) -> None:
    """Run all stages, or those that are named, with what the remote knows of earlier runs."""
    options = []
    if keeps_runs(repo):
        reach(repo)
        options = ["--pull"]
    if jobs > 1:
        graph = networkx.transitive_closure_dag(stage_graph(repo.index.graph))
        run_together(graph.subgraph(due or graph), options, jobs)
    else:
        call("repro", *options, *(["--single-item", *due] if due else []))


def run_together(graph: networkx.DiGraph, options: Sequence[str], jobs: int) -> None:
    """Run the stages of a graph, `jobs` at a time, each as soon as all before it have run.

    Of several that could start, trainings go first, which take longest, and before others those that more stages await.
    Raises StageError where one fails, when those beside it have ended.
    """
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // jobs)))
    order = TopologicalSorter({stage: graph.predecessors(stage) for stage in graph})
    order.prepare()
    ready: list[str] = []
    running: dict[Future, str] = {}
    with ThreadPoolExecutor(jobs) as pool:
        while order.is_active():
            ready += order.get_ready()
            ready.sort(key=lambda stage: (stage.startswith("train_"), graph.out_degree(stage)))
            while ready and len(running) < jobs:
                stage = ready.pop()
                running[pool.submit(run_alone, stage, options)] = stage
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                print(future.result(), flush=True)
                order.done(running.pop(future))


def run_alone(stage: str, options: Sequence[str]) -> str:
    """Run one stage, and give the line with what it took. Raises StageError where it fails, having printed all it said.

    It waits where another call of DVC keeps its records.
    """
    done = start_dvc(
        "--wait-for-lock", "repro", *options, "--single-item", stage, text=True, stdout=PIPE, stderr=STDOUT
    )
    lines = [line.rpartition("\r")[2] for line in done.stdout.splitlines()]  # progress bars as they were last
    if done.returncode:
        print(*lines, sep="\n", file=sys.stderr)
        raise StageError(f"the stage {stage} failed: what it said stands above")
    return next((line for line in lines if line.startswith(f"{stage} took ")), f"{stage} is up to date")


def read_jobs(jobs: str) -> int:
    """How many stages are to run at a time. Raises StageError where it is no number from 1 on."""
    if not jobs.isdecimal() or not int(jobs):
        raise StageError(f"JOBS is {jobs}: give the number of stages that may run at a time")
    return int(jobs)


def main(jobs: str = "1") -> None:
    at_once = read_jobs(jobs)
    tried: set[str] = set()
    while bring(repo := Repo(), status := repo.status(), tried):
        pass
    due = to_run(repo.index.graph, status)
    if not due:
        print("Every stage is up to date.")
    elif not absent(repo.index.outs) or len(due) == len(repo.index.stages):
        run(repo, [], at_once)
    else:
        run(repo, due, at_once)
        if due := to_run((repo := Repo()).index.graph, repo.status()):
            print("What was made anew is not, byte for byte, what dvc.lock knows: the stages that read it run.")
            run(repo, due, at_once)
