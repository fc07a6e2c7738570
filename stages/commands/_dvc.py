"""What commands share: calls of `dvc` and git, the graph of stages, and what DVC has locked."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import networkx
import yaml

from stages.base.errors import StageError

CONSTANT = "check_params"  # its output is always the same, so that nothing follows it


def environment() -> dict[str, str]:
    """This process's environment with the running interpreter first on PATH, so that stages use it too."""
    return os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


def start_dvc(*arguments: str, **options: Any) -> subprocess.CompletedProcess:
    """Run a `dvc` command with options of `subprocess.Popen`. Raises StageError where there is no DVC.

    An interruption reaches `dvc`, too, and is raised here when it has ended: it waits for its stage and clears up.
    """
    try:
        process = subprocess.Popen(["dvc", *arguments], env=environment(), **options)
    except FileNotFoundError as error:
        raise StageError("the command `dvc` is missing: activate the environment, or call make") from error
    with process:
        try:
            said, faults = process.communicate()
        except KeyboardInterrupt:
            process.communicate()  # to the end of what it says, for which a full pipe would let it wait
            raise
    return subprocess.CompletedProcess(process.args, process.returncode, said, faults)


def call(*arguments: str) -> None:
    """Run a `dvc` command that a person watches; where it fails, it has said why, and this process ends alike."""
    if code := start_dvc(*arguments).returncode:
        sys.exit(code)


def dvc(*arguments: str) -> str:
    """What a `dvc` command prints. Raises StageError with what it says where it fails."""
    done = start_dvc(*arguments, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode:
        raise StageError(f"dvc {' '.join(arguments)}: {' '.join(done.stderr.split())}")
    return done.stdout


def git(*arguments: str) -> str:
    """What a git command prints. Raises StageError with what it says where it fails, or where there is no git."""
    try:
        return subprocess.run(["git", *arguments], check=True, capture_output=True, text=True).stdout.strip()
    except FileNotFoundError as error:
        raise StageError("the command `git` is missing: install it") from error
    except subprocess.CalledProcessError as error:
        raise StageError(f"git: {error.stderr.strip()}") from error


def last_commit(*changing: str) -> str:
    """The last commit. Raises StageError where something but `changing` is not committed, or git fails."""
    rest = ["--", ".", *(f":!{path}" for path in changing)]
    if changed := git("status", "--porcelain", "--untracked-files=no", *rest):
        paths = ", ".join(line[2:].strip() for line in changed.splitlines())
        raise StageError(
            f"runs are of the last commit, which lacks changes of {paths}: commit or `git stash` them first"
        )
    return git("rev-parse", "HEAD")


def stage_graph(graph: networkx.DiGraph) -> networkx.DiGraph:
    """The names of all stages of DVC's `repo.index.graph`, with an edge from each to those that read its outputs."""
    return networkx.relabel_nodes(graph.reverse(), lambda stage: stage.addressing)


def read_lock(path: Path = Path("dvc.lock")) -> dict[str, Any]:
    """The stages of dvc.lock by name; none where there is no lock."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))["stages"] if path.is_file() else {}
