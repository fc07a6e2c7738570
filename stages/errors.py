"""What a user sees when a stage cannot go on: one sentence and exit status 1."""

import errno
import inspect
import sys
from collections.abc import Callable
from typing import Any


class StageError(Exception):
    """A fault that its message explains to the user: what is wrong and what to do."""


def run(main: Callable[..., None], *arguments: Any) -> None:
    """Call `main(*arguments)`; end the process with one sentence where it meets a fault of the user's world.

    Faults of the code itself keep their traceback. An interruption exits with 130, as shells expect.
    """
    try:
        inspect.signature(main).bind(*arguments)
    except TypeError as error:
        sys.exit(f"error: {error}: see the first line of {inspect.getsourcefile(main)}")
    try:
        main(*arguments)
    except StageError as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        print("interrupted: `dvc repro` goes on from the last finished stage or epoch", file=sys.stderr)
        sys.exit(130)
    except OSError as error:
        sys.exit(f"error: {explained(error)}")


def explained(error: OSError) -> str:
    """One sentence for a fault of the file system, with the remedy."""
    where = error.filename or "the output folder"
    if error.errno == errno.ENOSPC:
        return f"no space left on the disk while writing {where}: free some space and run `dvc repro` again"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"no permission to write or read {where}: change its permissions and run `dvc repro` again"
    if error.errno == errno.ENOENT:
        return f"{where} does not exist: `dvc repro` makes it, or `dvc pull` where a remote is set up"
    return f"{error.strerror or error} ({where})"
