"""Files written whole or not at all, and read only where they are files."""

import json
import math
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from stages.base.errors import IrregularFile, NotFiniteMetric


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
def replacing_folder(folder: Path) -> Iterator[Path]:
    """An empty folder beside `folder` that takes its place when the block ends well, deleted when not."""
    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        with naming(folder, part):
            part.mkdir(parents=True)
            yield part
            shutil.rmtree(folder, ignore_errors=True)
            part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)


@contextmanager
def naming(path: str | Path, part: str | Path | None = None) -> Iterator[None]:
    """Make a failed write inside the block name `path`: the system names nothing, or the temporary `part`."""
    try:
        yield
    except OSError as error:
        if error.filename is None or str(error.filename).startswith(str(part or path)):
            error.filename = str(path)
        raise


def write_json(path: str | Path, values: Mapping[str, Any]) -> None:
    """Metrics as sorted JSON in full precision. Raises NotFiniteMetric where a number is not finite."""
    for name, value in values.items():
        for key, number in value.items() if isinstance(value, Mapping) else [("", value)]:
            if isinstance(number, float) and not math.isfinite(number):
                raise NotFiniteMetric(path, f"{name}.{key}".rstrip("."), number)
    with replacing(path) as part:
        part.write_text(json.dumps(values, indent=2, sort_keys=True) + "\n", encoding="utf-8")
