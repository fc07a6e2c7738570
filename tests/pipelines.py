"""Copies of the pipeline on small data, run by the real `dvc`."""

import hashlib
import subprocess
from pathlib import Path
from typing import Any

import yaml

from stages.commands.demo import DEMO, environment, with_values

# as short as each stage allows, so that the whole pipeline runs in two or three minutes
SHORT = DEMO | {"digits.common.training.epochs": 2, "faces.train.epochs": 2, "cnn.train.epochs": 2}


def dvc(folder: Path, *arguments: str, check: bool = True, **variables: str) -> subprocess.CompletedProcess:
    """Run the real `dvc` in a folder, with more environment variables."""
    done = subprocess.run(
        ["dvc", *arguments],
        cwd=folder,
        env=environment() | {"COLUMNS": "100", "DVC_PAGER": ""} | variables,
        check=False,
        text=True,
        capture_output=True,
    )
    assert done.returncode == 0 or not check, done.stdout[-3000:] + done.stderr[-3000:]
    return done


def git(folder: Path, *arguments: str) -> str:
    """Run git in a folder as a user without a configuration."""
    who = ["-c", "user.name=test", "-c", "user.email=test@localhost"]
    return subprocess.run(["git", *who, *arguments], cwd=folder, check=True, text=True, capture_output=True).stdout


def change(folder: Path, **values: Any) -> None:
    """Set dotted keys of a copy's params.yaml."""
    params = folder / "params.yaml"
    tree = with_values(yaml.safe_load(params.read_text(encoding="utf-8")), values)
    params.write_text(yaml.safe_dump(tree, sort_keys=False), encoding="utf-8")


def outputs(folder: Path) -> dict[str, Any]:
    """The sha256 of every file that the pipeline made, by path, and the content of its lock, whatever the order."""
    paths = [path for part in ("data", "metrics", "plots") for path in (folder / part).rglob("*") if path.is_file()]
    digests = {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(paths)
    }
    return digests | {"dvc.lock": yaml.safe_load((folder / "dvc.lock").read_text(encoding="utf-8"))["stages"]}
