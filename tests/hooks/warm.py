"""A server that runs stages and commands in forks of itself: `python warm.py SOCKET`, in the project's folder.

It has loaded the libraries, which takes seconds where each starts by itself, but none of the project's code.
"""

import atexit
import gc
import json
import os
import runpy
import signal
import socket
import sys
from importlib import import_module
from multiprocessing import get_context
from multiprocessing.connection import wait
from pathlib import Path

import sitecustomize


def load_libraries() -> None:
    """Load all that stages and commands import, and then forget those themselves: each pipeline has its own."""
    sys.path.insert(0, os.getcwd())
    for path in (*Path("stages").glob("[a-z]*.py"), *Path("stages/commands").glob("[a-z]*.py")):
        import_module(".".join(path.with_suffix("").parts))
    import_module("torch._dynamo")  # which the first optimiser loads
    for name in [name for name in sys.modules if name.split(".")[0] == "stages"]:
        del sys.modules[name]
    gc.collect()
    gc.freeze()  # so that no fork copies what its garbage collector looks at


def serve(address: str) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as server:
        server.bind(address)
        server.listen()
        print("ready", flush=True)
        while True:
            client, _ = server.accept()
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
        process.kill()
    process.join()
    client.send(str(process.exitcode).encode())
    os._exit(0)


def run(*files: int, module: str, arguments: list[str], folder: str, variables: dict[str, str]) -> None:
    """Be `python -m MODULE ARGUMENTS` in that folder, with these variables and standard files."""
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(variables)
    sys.path[:1] = [folder, *variables["PYTHONPATH"].split(os.pathsep)]
    sys.argv = [module, *arguments]
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sitecustomize.watch(arguments)
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    finally:
        atexit._run_exitfuncs()  # which processes of multiprocessing leave out


if __name__ == "__main__":
    load_libraries()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # so that none is left as a zombie
    serve(sys.argv[1])
