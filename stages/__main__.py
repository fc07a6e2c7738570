"""Run one stage: `python -m stages NAME [KEY]`.

Here is all that stages share but do not depend on: arguments, faults in one sentence, the exit status.
"""

import errno
import inspect
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from stages.base import errors
from stages.base.problems import hint, problems

STAGES = sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py"))
SENTENCES = {
    errors.NoParams: "{} cannot be read ({}): work in the project's folder, or restore the file with git",
    errors.DamagedFile: "{} is damaged ({}): delete it and run `dvc repro`",
    errors.IrregularFile: "{} is no regular file: delete it and run `dvc repro`, or put the right file in its place",
    errors.EmptySplit: "the data have no images of split {}, only of {}: see sections data and faces of params.yaml",
    errors.TooFewImages: "of {} training images no batch of {} can be made: lower batch_size in params.yaml",
    errors.MissingDevice: "compute.device is {}, which this machine lacks: set it to auto in params.yaml",
    errors.NotFiniteMetric: "{}: {} is {}, not a finite number: lower the learning rate and run `dvc repro`",
    errors.NotFinite: "{}: the {} is {} at step {}: lower the learning rate or set compute.precision to float32, and "
    "run `dvc repro`; nothing of this epoch was saved",
}


def call(main: Callable[..., None], arguments: Sequence[str], usage: str) -> None:
    """Call `main(*arguments)`; end the process with one sentence where it meets a fault of the user's world.

    Faults of the code itself keep their traceback. An interruption exits with 130, as shells expect.
    """
    try:
        inspect.signature(main).bind(*arguments)
    except TypeError as error:
        sys.exit(f"error: {error}: the call is `{usage}{''.join(f' {name.upper()}' for name in parameters(main))}`")
    try:
        main(*arguments)
    except errors.StageError as error:
        sys.exit(f"error: {sentence(error)}")
    except KeyboardInterrupt:
        print("interrupted: `dvc repro` goes on from the last finished stage or epoch", file=sys.stderr)
        sys.exit(130)
    except OSError as error:
        sys.exit(f"error: {explain(error)}")


def parameters(main: Callable[..., None]) -> list[str]:
    """The names of a function's arguments."""
    return list(inspect.signature(main).parameters)


def sentence(error: errors.StageError) -> str:
    """What is wrong and what to do."""
    if isinstance(error, errors.WrongParams):
        key, kind, value = error.args
        return list_problems(problems(value, kind, key))
    return SENTENCES[type(error)].format(*error.args) if type(error) in SENTENCES else str(error)


def list_problems(found: Sequence[str]) -> str:
    """The problems of params.yaml, a line each."""
    return "params.yaml: " + "\n  ".join([f"{len(found)} problems", *found] if len(found) > 1 else found)


def explain(error: OSError) -> str:
    """One sentence for a fault of the file system, with the remedy."""
    where = error.filename or "the output folder"
    if error.errno == errno.ENOSPC:
        return f"no space left on the disk while writing {where}: free some space and run `dvc repro` again"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"no permission to write or read {where}: change its permissions and run `dvc repro` again"
    if error.errno == errno.ENOENT:
        return f"{where} does not exist: `dvc repro` makes it, or `dvc pull` where a remote is set up"
    return f"{error.strerror or error} ({where})"


def require_name(name: str, names: Sequence[str], what: str) -> str:
    """`name`, if it is one of the names; else the process ends with the nearest one."""
    if name not in names:
        sys.exit(f"error: no {what} {name!r}{hint(name, names)}: there are {', '.join(names)}")
    return name


def main(package: str = "stages", names: Sequence[str] = STAGES, what: str = "stage") -> Any:
    if len(sys.argv) < 2:
        sys.exit(f"usage: python -m {package} NAME [KEY]: NAME is one of {', '.join(names)}")
    name = require_name(sys.argv[1], names, what)
    call(import_module(f"{package}.{name}").main, sys.argv[2:], f"python -m {package} {name}")


if __name__ == "__main__":
    main()
