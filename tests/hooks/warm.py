"""A server that runs stages, commands and `dvc` in forks of itself: `python warm.py SOCKET PID`, in the project.

It has loaded the libraries, which takes seconds where each starts by itself, but none of the project's code. It ends
when the process PID has ended.
"""

import atexit
import gc
import json
import os
import runpy
import signal
import socket
import sys
from contextlib import suppress
from importlib import import_module
from multiprocessing import get_context
from multiprocessing.connection import wait
from pathlib import Path

import psutil
import sitecustomize

# what DVC loads only when a command needs it, half of its start
DVC = ("cli.parser", "repo.experiments.queue.celery", "repo.experiments.queue.tempdir", "repo.experiments.show")
DVC += ("repo.metrics.diff", "repo.worktree", "utils.strictyaml", "ui.table")


def load_libraries() -> None:
    """Load all that stages, commands and DVC import, and then forget the project's: each pipeline has its own."""
    sys.path.insert(0, os.getcwd())
    for path in (*Path("stages").glob("[a-z]*.py"), *Path("stages/commands").glob("[a-z]*.py")):
        import_module(".".join(path.with_suffix("").parts))
    import_module("torch._dynamo")  # which the first optimiser loads
    for name in DVC:
        import_module(f"dvc.{name}")
    for name in [name for name in sys.modules if name.split(".")[0] == "stages"]:
        del sys.modules[name]
    gc.collect()
    gc.freeze()  # so that no fork copies what its garbage collector looks at


def serve(address: str, master: int) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as server:
        server.bind(address)
        server.listen()
        server.settimeout(1)
        print("ready", flush=True)
        while psutil.pid_exists(master):
            try:
                client, _ = server.accept()
            except TimeoutError:
                continue
            if not os.fork():
                server.close()
                return attend(client)
            client.close()


def attend(client: socket.socket) -> None:
    """Run one call for a client: tell it the process, and then how that ended; without the client it is killed."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    message, files, _, _ = socket.recv_fds(client, 1 << 20, 3)
    process = get_context("fork").Process(target=run, args=files, kwargs=json.loads(message))
    process.start()
    client.send(str(process.pid).encode())
    if process.sentinel not in wait([client, process.sentinel]):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.join()
    client.send(str(process.exitcode).encode())
    os._exit(0)


def run(*files: int, program: str, arguments: list[str], group: int, folder: str, variables: dict[str, str]) -> None:
    """Be Python that runs a module, or a script, in that folder, with these variables and standard files.

    The client is of the process group `group`.
    """
    os.setsid()
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(variables)
    sys.path[:1] = [folder, *variables["PYTHONPATH"].split(os.pathsep)]
    sys.argv = [program, *arguments]
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        if os.sep in program:
            runpy.run_path(program, run_name="__main__")
        else:
            if program == "stages":
                sitecustomize.disturb(arguments, group)
                sitecustomize.watch(arguments)
            runpy.run_module(program, run_name="__main__", alter_sys=True)
    finally:
        atexit._run_exitfuncs()  # which processes of multiprocessing leave out


if __name__ == "__main__":
    load_libraries()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # so that none is left as a zombie
    serve(sys.argv[1], int(sys.argv[2]))
