"""Files written whole or not at all, and read only where they are files."""

import json
import math
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from stages.base.errors import StageError


class DamagedFile(StageError):
    """(path, reason): a file that the pipeline made does not hold what it should."""


class IrregularFile(StageError):
    """(path): a folder, pipe or device in the place of a file."""


class NotFiniteMetric(StageError):
    """(metrics file, name, value)."""


def require_file(path: str | Path) -> Path:
    """`path`, where a regular file lies there: to open a pipe would wait for ever.

    Raises FileNotFoundError where there is nothing, IrregularFile where it is a folder, a pipe or a device.
    """
    path = Path(path)
    if not path.is_file():
        if path.exists():
            raise IrregularFile(path)
        raise FileNotFoundError(2, "no such file", str(path))
    return path


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """A temporary path beside `path` that takes its place when the block ends well and is deleted when not.

    The temporary name keeps the suffix, because writers choose their format by it.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.stem}.part{path.suffix}")
    try:
        with naming(path, part):
            yield part
            os.replace(part, path)
    finally:
        with suppress(OSError):  # of a disk that cannot be written to
            part.unlink(missing_ok=True)


@contextmanager
def naming(path: str | Path, part: str | Path | None = None) -> Iterator[None]:
    """Make a failed write inside the block name `path`: the system names nothing, or the temporary `part`."""
    try:
        yield
    except OSError as error:
        if error.filename is None or str(error.filename).startswith(str(part or path)):
            error.filename = str(path)
        raise


def write_json(path: str | Path, values: Mapping[str, Any] | list) -> None:
    """Values as JSON with sorted keys, in full precision. Raises NotFiniteMetric where a number is not finite."""
    require_finite(path, "", values)
    with replacing(path) as part:
        part.write_text(json.dumps(values, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def require_finite(path: str | Path, key: str, value: Any) -> None:
    """Raise NotFiniteMetric for a number below the dotted key that JSON has no word for."""
    if isinstance(value, Mapping | list):
        for name, inner in value.items() if isinstance(value, Mapping) else enumerate(value):
            require_finite(path, f"{key}.{name}".lstrip("."), inner)
    elif isinstance(value, float) and not math.isfinite(value):
        raise NotFiniteMetric(path, key, value)
