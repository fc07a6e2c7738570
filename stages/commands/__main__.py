"""Run a command for people: `python -m stages.commands NAME [ARGUMENT]`."""

import sys
from collections.abc import Sequence
from pathlib import Path

from dvc.exceptions import DvcException

from stages.__main__ import dispatch

NAMES = sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py"))


def main(arguments: Sequence[str]) -> None:
    if not arguments:
        sys.exit(f"usage: python -m stages.commands NAME [ARGUMENT]: NAME is one of {', '.join(NAMES)}")
    try:
        dispatch("stages.commands", NAMES, "command", arguments, "what is finished stays, the same call goes on")
    except DvcException as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main(sys.argv[1:])
