"""Python loads this at its start where it is on PYTHONPATH: it disturbs, watches or hands over a pipeline's stages.

DISTURB holds a stage's module, the function at whose n-th call it happens, n, and what happens: SIGKILL or
SIGINT to `dvc` and all that it started, as a power cut or Ctrl-C do, or `wait` for the file `go-on`.

WATCH names a folder where each stage lists the files of the pipeline that it opened.

WARM is the socket of a server (warm.py) that runs a stage, a command or `dvc` in this process's place.
"""

import os
import sys
from collections.abc import Sequence
from typing import Any

# nothing else is imported here: each start of each Python would take longer


def disturb(stage: Sequence[str], group: int = 0) -> None:
    """Let happen to `stage`, which this process is, what DISTURB says of it; `dvc` waits for it in a process group."""
    disturbance = os.environ.get("DISTURB", "").split()
    if not disturbance or disturbance[:1] != stage[:1]:
        return
    import signal
    import time
    from importlib import import_module
    from pathlib import Path

    _, function, number, what = disturbance
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
                os.killpg(group, signal.Signals[what])
                time.sleep(30)
        return original(*arguments, **named)

    setattr(owner, name, disturbed)


def watch(stage: Sequence[str]) -> None:
    """List the files that `stage`, which this process is, opens; nothing where nobody asks for it."""
    if "WATCH" not in os.environ:
        return
    import atexit
    import json
    from pathlib import Path

    import safetensors

    root, opened = f"{Path.cwd()}{os.sep}", set()

    def look(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and isinstance(arguments[0], (str, os.PathLike)):
            path, mode = os.path.abspath(arguments[0]), arguments[1]
            if path.startswith(root):
                opened.add((path.removeprefix(root), "w" if set(mode or "w") & set("wax+") else "r"))

    def write() -> None:
        Path(os.environ["WATCH"], f"{'@'.join(stage)}.json").write_text(json.dumps(sorted(opened)))

    def look_and_open(path: str, *arguments: Any, **named: Any) -> Any:
        look("open", (path, "r"))  # Python does not see what it opens
        return safe_open(path, *arguments, **named)

    safe_open, safetensors.safe_open = safetensors.safe_open, look_and_open
    sys.addaudithook(look)
    atexit.register(write)


def hand_over(program: str, arguments: Sequence[str]) -> None:
    """Let the server run a module or a script with these arguments, pass signals on to it, and end as it ends.

    It kills what it runs when this process is killed.
    """
    import json
    import signal
    import socket

    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as server:
        server.connect(os.environ["WARM"])
        call = {"program": program, "arguments": arguments, "group": os.getpgrp()}
        call |= {"folder": os.getcwd(), "variables": dict(os.environ)}
        socket.send_fds(server, [json.dumps(call).encode()], [0, 1, 2])
        process = int(server.recv(100))
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda number, _: os.killpg(process, number))
        status = int(server.recv(100))
    if status < 0:
        if status != -signal.SIGKILL:  # which nobody handles
            signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    os._exit(status)


program, arguments = sys.orig_argv[1:2], sys.orig_argv[2:]
if program == ["-m"]:
    program, arguments = arguments[:1], arguments[1:]  # the name of a stage and its key, or that of a command
if "WARM" in os.environ and (program in (["stages"], ["stages.commands"]) or "".join(program).endswith("/dvc")):
    hand_over(*program, arguments)
if program == ["stages"]:
    disturb(arguments)
    watch(arguments)
