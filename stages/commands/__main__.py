"""Run a command for people: `python -m stages.commands NAME [ARGUMENT]`."""

import sys
from pathlib import Path

from stages.__main__ import dispatch

NAMES = sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py"))

if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(f"usage: python -m stages.commands NAME [ARGUMENT]: NAME is one of {', '.join(NAMES)}")
    dispatch("stages.commands", NAMES, "command", sys.argv[1:])
