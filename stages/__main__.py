"""Run one stage: `python -m stages NAME [KEY]`.

Here is all that stages share but do not depend on: arguments, faults in one sentence, the exit status.
"""

import ctypes
import inspect
import os
import resource
import select
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path

from stages.base.errors import StageError
from stages.base.files import write_json

# What words faults is imported only where there is one: a checkpoint holds for the modules that its training loaded,
# and a reworded sentence must not invalidate it.

TIMES = Path(".checkpoints/times")
M_MMAP_MAX, M_TRIM_THRESHOLD = -4, -1  # malloc.h
STDOUT = 1  # its file descriptor
RESUME = "`dvc repro` goes on from the last finished stage or epoch"
STAGES = sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py"))


def call(main: Callable[..., None], arguments: Sequence[str], usage: str, resume: str = RESUME) -> None:
    """Call `main(*arguments)`; end the process with one sentence where it meets a fault of the user's world.

    Faults of the code itself keep their traceback. An interruption exits with 130 and says how to go on (`resume`), a
    reader that left with 141, as shells expect.
    """
    try:
        inspect.signature(main).bind(*arguments)
    except TypeError as error:
        sys.exit(f"error: {error}: the call is `{usage}{''.join(f' {name.upper()}' for name in parameters(main))}`")
    try:
        main(*arguments)
        sys.stdout.flush()
    except StageError as error:
        from stages.base.sentences import sentence

        sys.exit(f"error: {sentence(error)}")
    except KeyboardInterrupt:
        print(f"interrupted: {resume}", file=sys.stderr)
        sys.exit(130)
    except OSError as error:
        if isinstance(error, BrokenPipeError) and nobody_reads():
            os.dup2(os.open(os.devnull, os.O_WRONLY), STDOUT)  # what Python still writes at its end
            sys.exit(141)
        from stages.base.sentences import explain

        sys.exit(f"error: {explain(error)}")


def nobody_reads() -> bool:
    """Whether the reader of standard output has left; other pipes and connections break, too."""
    output = select.poll()
    output.register(STDOUT, 0)
    return any(event & select.POLLERR for _, event in output.poll(0))


def parameters(main: Callable[..., None]) -> list[str]:
    """The names of a function's arguments."""
    return list(inspect.signature(main).parameters)


def require_name(name: str, names: Sequence[str], what: str) -> str:
    """`name`, if it is one of the names; else the process ends with the nearest one."""
    if name not in names:
        from stages.base.problems import hint

        sys.exit(f"error: no {what} {name!r}{hint(name, names)}: there are {', '.join(names)}")
    return name


def keep_memory() -> None:
    """Let freed memory stay with the process, where the C library can be told so (glibc).

    Large tensors come and go in each step; to map their pages anew took a quarter of the CNN's time, as measured on a
    virtual machine.
    """
    with suppress(AttributeError, OSError, TypeError):
        library = ctypes.CDLL(None)
        library.mallopt(M_MMAP_MAX, 0)
        library.mallopt(M_TRIM_THRESHOLD, -1)


def peak_memory() -> float:
    """The most memory that this process has had, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6


def record(stage: str, seconds: float) -> None:
    """Note a finished stage's time and peak memory, where git and DVC do not look."""
    print(f"{stage} took {seconds:.1f} s and at most {peak_memory():,.0f} MB of memory")
    with suppress(OSError):
        write_json(TIMES / f"{stage}.json", {"seconds": seconds, "megabytes": peak_memory()})


def main() -> None:
    if len(sys.argv) < 2:
        sys.exit(f"usage: python -m stages NAME [KEY]: NAME is one of {', '.join(STAGES)}")
    keep_memory()
    start = time.perf_counter()
    dispatch("stages", STAGES, "stage", sys.argv[1:])
    record("@".join(sys.argv[1:]), time.perf_counter() - start)


def dispatch(package: str, names: Sequence[str], what: str, arguments: Sequence[str], resume: str = RESUME) -> None:
    """Call the `main` of a package's module with the arguments behind its name."""
    name = require_name(arguments[0], names, what)
    call(import_module(f"{package}.{name}").main, arguments[1:], f"python -m {package} {name}", resume)


if __name__ == "__main__":
    main()
