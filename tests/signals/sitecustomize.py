"""Python loads this at its start where it is on PYTHONPATH: it disturbs or watches the stages of a test's pipeline.

DISTURB holds a stage's module, the function at whose n-th call it happens, n, and what happens: SIGKILL or
SIGINT to the whole process group, as a power cut or Ctrl-C do, or `wait` for the file `go-on`.

WATCH names a folder where each stage lists the files of the pipeline that it opened.
"""

import atexit
import json
import os
import signal
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

# `python -m stages NAME [KEY]`
STAGE = sys.orig_argv[3:] if sys.orig_argv[1:3] == ["-m", "stages"] else []


def disturb(stage: str, function: str, number: str, what: str) -> None:
    if STAGE[:1] != [stage]:
        return
    *path, name = function.split(".")
    owner: Any = import_module(path[0])
    for step in path[1:]:
        owner = getattr(owner, step)
    original, left = getattr(owner, name), int(number)

    def disturbed(*arguments: Any, **named: Any) -> Any:
        nonlocal left
        left -= 1
        if left == 0:
            Path("disturbed").touch()
            if what == "wait":
                while not Path("go-on").exists():
                    time.sleep(0.05)
            else:
                os.killpg(0, signal.Signals[what])
                time.sleep(30)
        return original(*arguments, **named)

    setattr(owner, name, disturbed)


def watch(folder: Path) -> None:
    root, opened = f"{Path.cwd()}{os.sep}", set()

    def look(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and isinstance(arguments[0], (str, os.PathLike)):
            path, mode = os.path.abspath(arguments[0]), arguments[1]
            if path.startswith(root):
                opened.add((path.removeprefix(root), "w" if set(mode or "w") & set("wax+") else "r"))

    def write() -> None:
        (folder / f"{'@'.join(STAGE)}.json").write_text(json.dumps(sorted(opened)))

    sys.addaudithook(look)
    atexit.register(write)


if "DISTURB" in os.environ:
    disturb(*os.environ["DISTURB"].split())
if "WATCH" in os.environ and STAGE:
    watch(Path(os.environ["WATCH"]))
