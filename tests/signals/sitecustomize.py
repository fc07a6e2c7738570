"""Python loads this at its start where it is on PYTHONPATH: it disturbs one stage of a test's pipeline.

DISTURB holds the stage's module, the function at whose n-th call it happens, n, and what happens: SIGKILL or
SIGINT to the whole process group, as a power cut or Ctrl-C do, or `wait` for the file `go-on`.
"""

import os
import signal
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any


def disturb(stage: str, function: str, number: str, what: str) -> None:
    if stage not in sys.orig_argv:
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


if "DISTURB" in os.environ:
    disturb(*os.environ["DISTURB"].split())
