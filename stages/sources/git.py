"""A folder of a git repository at one commit."""

import os
import subprocess
from pathlib import Path
from typing import NamedTuple

from stages.base.errors import StageError
from stages.sources.fetching import by_hand


class GitFolder(NamedTuple):
    url: str
    commit: str
    path: str
    digest: str  # of its content, see lfw.content_digest

    def __str__(self) -> str:
        return f"folder {self.path} of {self.url} at commit {self.commit}"


def clone(source: GitFolder, folder: Path) -> Path:
    """Fetch `source`, no other files and no history, into the empty `folder`; gives its path there.

    Raises StageError with git's own words where that fails.
    """
    commands = (
        "init --quiet",
        f"remote add origin {source.url}",
        f"sparse-checkout set --no-cone /{source.path}/",
        f"fetch --quiet --depth=1 --filter=blob:none origin {source.commit}",
        f"checkout --quiet --detach {source.commit}",
    )
    # a repository around this one, or a prompt for a password, must not come into play
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    settings = {"cwd": folder, "env": inherited | {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}}
    try:
        for command in commands:
            words = ["git", "-c", "http.lowSpeedLimit=1000", "-c", "http.lowSpeedTime=60", *command.split()]
            subprocess.run(words, **settings, check=True, capture_output=True, text=True, errors="replace")
    except FileNotFoundError:
        fault = "git is not installed"
    except subprocess.CalledProcessError as error:
        said = error.stderr.strip().splitlines() or [f"git ended with {error.returncode}"]
        fault = next((line for line in said if line.startswith("fatal: ")), said[-1])
    else:
        return folder / source.path
    raise StageError(f"{source.path} is missing and git cannot get it ({fault}): {by_hand(source.path, str(source))}")
