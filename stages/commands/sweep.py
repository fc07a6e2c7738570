"""Run an experiment per point of a grid, each as a task of a Ray cluster.

python -m stages.commands sweep -S gifs.frames=8,14 -S gifs.seed=0,1 render_gifs

Ray places the tasks, and starts one anew elsewhere where its machine dies. A task works in a clone of its own of the
last commit, and pushes its experiment to this repository. What it needs and makes goes through DVC's cache where the
cluster is this machine, else through the DVC remote. A point that ran to its end is not run again.
"""

import hashlib
import json
import re
import socket
import subprocess
import sys
import tempfile
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from dvc.api import metrics_show
from dvc.repo import Repo
from dvc.utils.hydra import get_hydra_sweeps
from hydra.errors import HydraException

from stages.base.errors import StageError
from stages.base.params import at, read_params
from stages.base.problems import hint
from stages.commands._dvc import dvc, environment, last_commit
from stages.commands._remote import PATIENCE, keeps_runs, reach
from stages.page.results import flatten

ATTEMPTS = 3  # more, after machines that died
LOCAL = "local"
PARAMS = "params.yaml"
SEEDS = (".training.seed", "lightgbm.common.seed", "features.untrained.seed")  # how the keys end that seed what learns
Point = Mapping[str, str]  # dotted key of params.yaml -> value


def read_arguments(arguments: tuple[str, ...]) -> Namespace:
    parser = ArgumentParser("python -m stages.commands sweep", description=__doc__.splitlines()[0])
    parser.add_argument("-S", "--set-param", action="append", default=[], metavar="KEY=VALUE,...", dest="values")
    parser.add_argument("--seeds", type=int, default=0, metavar="N", help="each point with N seeds of all that learns")
    parser.add_argument("--address", default=LOCAL, help="of a Ray cluster; without it, one starts on this machine")
    parser.add_argument("--origin", help="URL of this repository for the cluster's machines")
    parser.add_argument("--cpus", type=float, default=1, help="of a task")
    parser.add_argument("--gpus", type=float, default=0, help="of a task, or a part of one")
    parser.add_argument("target", nargs="+", help="stages to bring up to date")
    given = parser.parse_args(arguments)
    if given.cpus < 0 or given.gpus < 0:
        parser.error("a task needs no less than 0 cores and GPUs")
    return given


def grid(values: list[str], seeds: int, params: Any) -> list[Point]:
    """All combinations of the values of each key, in DVC's notation, and of the seeds.

    Raises StageError where there is none, a key has values twice, or is none of `params`; one behind a `+` may be new.
    """
    keys = [value.partition("=")[0] for value in values]
    for key, value in zip(keys, values, strict=True):
        if value in (key, f"{key}="):
            raise StageError(f"-S {value}: give a key and its values, as in -S gifs.frames=8,14")
        if keys.count(key) > 1 or (seeds and key.endswith(SEEDS)):
            raise StageError(f"-S {value}: {key} has values already")
        if not key.startswith("+") and at(params, key, None) is None:
            raise StageError(f"-S {value}: params.yaml has no {key}{hint(key, list(flatten(params)))}")
    if seeds < 0 or not (values or seeds):
        raise StageError("a sweep needs values: -S KEY=VALUE,..., or --seeds N")
    try:
        chosen = [each[PARAMS] for each in get_hydra_sweeps({PARAMS: values})]
    except HydraException as error:
        reason = str(error).splitlines()[0]
        raise StageError(f"-S {' -S '.join(values)}: {reason}: close all brackets, and quote other signs") from error
    seeded = [key for key in flatten(params) if key.endswith(SEEDS)]
    several = [dict.fromkeys(seeded, str(seed)) for seed in range(seeds)] or [{}]
    return [dict(pair.split("=", 1) for pair in pairs) | each for pairs in chosen for each in several]


def name_of(point: Point, targets: list[str], revision: str) -> str:
    """The name of a point's experiment: the same for the same values, targets and commit."""
    content = json.dumps([sorted(point.items()), targets, revision])
    return f"sweep-{hashlib.sha256(content.encode()).hexdigest()[:10]}"


def run_point(
    origin: str, revision: str, config: str, folder: str | None, name: str, point: Point, targets: list[str]
) -> None:
    """Run one experiment in a clone of `origin` and push it there; runs on any machine of the cluster.

    `config` is the content of the clone's .dvc/config.local. The clone stands in `folder`, where all machines share
    this one's DVC cache, else in a temporary one. Raises RuntimeError with what the failed command says.
    """

    def call(*command: str, cwd: str | None = None) -> None:
        done = subprocess.run(command, cwd=cwd, env=environment(), check=False, capture_output=True, text=True)
        if done.returncode:
            lines = [line for line in done.stderr.splitlines() if re.match("(?i)error|fatal", line)]
            said = lines[0] if lines else done.stderr[-500:]
            raise RuntimeError(said or f"{command[0]} ended with status {done.returncode}")

    with tempfile.TemporaryDirectory(prefix=f"{name}-", dir=folder) as clone:
        call("git", "clone", "--quiet", origin, clone)
        call("git", "checkout", "--quiet", "-B", "sweep", revision, cwd=clone)
        Path(clone, ".dvc/config.local").write_text(config, encoding="utf-8")
        values = [f"--set-param={key}={value}" for key, value in point.items()]
        call("dvc", *(["checkout"] if folder else ["pull", "--run-cache"]), "--allow-missing", cwd=clone)
        run = ["dvc", "exp", "run", "--name", name, *values, *targets]
        try:  # data that no remote holds may be missing ...
            call(*run, "--allow-missing", cwd=clone)
        except RuntimeError as fault:
            if "No such file" not in str(fault):
                raise
            call(*run, cwd=clone)  # ... but where a stage reads them, all that makes them runs, too
        if not folder:
            call("dvc", "push", cwd=clone)  # before the experiment: where that is known, its data are to be had
        call("dvc", "exp", "push", "--no-cache", "origin", name, cwd=clone)


def configure(repo: Repo, local: bool) -> str:
    """What clones are to know beside .dvc/config: the remote; where they share this machine, its cache, too.

    Raises StageError where there is neither, or the remote cannot be used.
    """
    if not local:
        if not keeps_runs(repo):
            where = "`dvc remote add --default NAME URL`, where URL is none of HTTP"
            raise StageError(f"machines of a cluster share results through a DVC remote: {where}")
        reach(repo)
    path = Path(".dvc/config.local")
    own = path.read_text(encoding="utf-8") if path.is_file() else ""
    rest = re.sub(r"(?m)^\[cache\]\n(?:[ \t].*\n?)*", "", own)
    cache = Path(repo.cache.local.path).parents[1]
    return f"{rest}\n[cache]\n    dir = {cache}\n    type = hardlink,symlink\n" if local else rest


def start(
    arguments: Namespace, points: dict[str, Point], revision: str, config: str, folder: str | None
) -> Iterator[tuple[str, str]]:
    """Run the points on the cluster; yields the name of each as it ends, and why it failed, if it did."""
    if not points:
        return
    try:
        import ray
    except ModuleNotFoundError as error:
        raise StageError("sweeps need Ray: call make sweeps") from error
    for module in (__name__, environment.__module__):
        ray.cloudpickle.register_pickle_by_value(sys.modules[module])  # other machines need not have this code
    try:
        if place := re.fullmatch(r"(?:ray://)?(.+):(\d+)", arguments.address):
            socket.create_connection(place.groups(), PATIENCE).close()  # Ray itself would try for eight minutes
        ray.init(arguments.address, log_to_driver=False, logging_level="error")
    except (OSError, ValueError) as error:
        raise StageError(f"no Ray cluster answers at {arguments.address} ({error})") from error
    cpus, gpus = (ray.cluster_resources().get(kind, 0) for kind in ("CPU", "GPU"))
    if arguments.address == LOCAL and (arguments.cpus > cpus or arguments.gpus > gpus):  # a cluster may grow
        ray.shutdown()
        asked = f"a point asks for {arguments.cpus:g} cores and {arguments.gpus:g} GPUs"
        raise StageError(f"{asked}: this machine has {cpus:g} and {gpus:g}")
    task = ray.remote(num_cpus=arguments.cpus, num_gpus=arguments.gpus, max_retries=ATTEMPTS)(run_point)
    origin = arguments.origin or str(Path.cwd())
    running = {
        task.remote(origin, revision, config, folder, name, point, arguments.target): name
        for name, point in points.items()
    }
    try:
        while running:
            (done,), _ = ray.wait(list(running))
            name = running.pop(done)
            try:
                ray.get(done)
                yield name, ""
            except ray.exceptions.RayError as error:
                yield name, str(getattr(error, "cause", error))
    finally:
        ray.shutdown()


def table(points: Mapping[str, Point], scores: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    """A line per combination of values: what was set, and the mean and deviation over seeds of each score."""
    groups: dict[str, list[Mapping[str, float]]] = {}
    for name, point in points.items():
        if name in scores:
            shown = describe({key: value for key, value in point.items() if not key.endswith(SEEDS)})
            groups.setdefault(shown or "as committed", []).append(scores[name])
    for shown, several in groups.items():
        yield f"{shown} ({len(several)} run{'s' if len(several) > 1 else ''})"
        for score in several[0]:
            values = [each[score] for each in several if score in each]
            deviation = f" ± {stdev(values):.4g}" if len(values) > 1 else ""
            yield f"    {score}: {mean(values):.4g}{deviation}"


def read_scores(repo: Repo, targets: list[str], name: str) -> dict[str, float]:
    """The numbers that the metrics files of the targets, stages or groups of them, hold in an experiment.

    Where there are several files, each number has the name of its own before it.
    """
    stages = [stage for stage in repo.index.stages if {stage.addressing, stage.addressing.split("@")[0]} & {*targets}]
    files = [out.def_path for stage in stages for out in stage.outs if out.metric]
    return {
        f"{file.removeprefix('metrics/').removesuffix('.json')} {key}" if len(files) > 1 else key: value
        for file in files
        for key, value in flatten(metrics_show(file, rev=name)).items()
        if isinstance(value, int | float)
    }


def main(*arguments: str) -> None:
    given = read_arguments(arguments)
    repo, revision, local = Repo(), last_commit(), given.address == LOCAL
    for target in given.target:
        repo.stage.collect(target)  # raises where there is none
    points = {name_of(point, given.target, revision): point for point in grid(given.values, given.seeds, read_params())}
    here = list_experiments()
    known = here | (list_experiments(given.origin) if given.origin else set())
    left = {name: point for name, point in points.items() if name not in known}
    print(f"{len(points)} points, of which {len(points) - len(left)} ran before")
    failed = set()
    with tempfile.TemporaryDirectory(prefix="sweep-", ignore_cleanup_errors=True) as folder:
        ended = start(given, left, revision, configure(repo, local), folder if local else None)
        for number, (name, fault) in enumerate(ended, 1):
            print(f"{number}/{len(left)} {name} {describe(left[name])}: {fault or 'done'}", flush=True)
            if fault:
                failed.add(name)
    elsewhere = [name for name in points if given.origin and name not in here | failed]
    for name in elsewhere:
        try:
            dvc("exp", "pull", given.origin, name)
        except StageError as error:
            print(f"{name} ran, but does not come here: {error}")
            failed.add(name)
    scores = {name: read_scores(repo, given.target, name) for name in points if name not in failed}
    print("\n".join(table(points, scores)))
    if not any(scores.values()):
        print("No target has scores of its own.")
    if failed:
        raise StageError(f"{len(failed)} of {len(points)} points failed: call again to run them and no other")


def list_experiments(*origin: str) -> set[str]:
    """The names of all experiments here, or in the repository at a URL."""
    return set(dvc("exp", "list", *origin, "--all-commits", "--name-only").split())


def describe(point: Point) -> str:
    """The values of a point in one line."""
    return " ".join(f"{key}={value}" for key, value in point.items())
