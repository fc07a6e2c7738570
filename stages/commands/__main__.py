"""Run a command for people: `python -m stages.commands NAME [ARGUMENT]`."""

from pathlib import Path

from stages.__main__ import main

NAMES = sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py"))

if __name__ == "__main__":
    main("stages.commands", NAMES, "command")
