"""What stages hand on: images, latent codes, predictions and scores, written whole or not at all.

Every file is byte-identical for the same content: no timestamps, sorted keys, one fixed layout.
"""

import json
import math
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Self
from zipfile import BadZipFile

import numpy as np

from stages.errors import StageError


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """A temporary path beside `path` that takes its place when the block ends well and is deleted when not.

    The temporary name keeps the suffix, because writers choose their format by it.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.stem}.part{path.suffix}")
    try:
        with writing(path, part):
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
        with writing(folder, part):
            part.mkdir(parents=True)
            yield part
            shutil.rmtree(folder, ignore_errors=True)
            part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)


@contextmanager
def writing(path: str | Path, part: str | Path | None = None) -> Iterator[None]:
    """Make a failed write inside the block name `path`: the system names nothing, or the temporary `part`."""
    try:
        yield
    except OSError as error:
        if error.filename is None or str(error.filename).startswith(str(part or path)):
            error.filename = str(path)
        raise


def write_json(path: str | Path, values: Mapping[str, Any]) -> None:
    """Metrics as sorted JSON in full precision. Raises StageError where a number is not finite."""
    for name, value in values.items():
        for key, number in value.items() if isinstance(value, Mapping) else [("", value)]:
            if isinstance(number, float) and not math.isfinite(number):
                raise StageError(f"{path}: {'.'.join([name, key]).rstrip('.')} is {number}, not a finite number")
    with replacing(path) as part:
        part.write_text(json.dumps(values, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def write_arrays(path: str | Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Named arrays as one uncompressed .npz, which `numpy.load(path)[name]` opens."""
    with replacing(path) as part:
        np.savez(part, allow_pickle=False, **arrays)


def read_arrays(path: str | Path, *names: str) -> dict[str, np.ndarray]:
    """The named arrays of an .npz. Raises StageError where the file is damaged or lacks one of them."""
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in names}
    except FileNotFoundError:
        raise
    except (BadZipFile, EOFError, KeyError, OSError, ValueError) as error:
        raise StageError(f"{path} is damaged ({error}): delete it and run `dvc repro`") from error


@dataclass(frozen=True)
class Table:
    """Arrays with one row per image; `part` selects the rows of one split."""

    labels: np.ndarray  # (N,) int64: class, or person
    split: np.ndarray  # (N,) text: train, validation, test or held_out
    index: np.ndarray  # (N,) int64: row in the source: publisher's training files first, then its test files

    def __len__(self) -> int:
        return len(self.labels)

    def where(self, rows: np.ndarray) -> Self:
        """The rows that a mask or an index array selects; `names` has an entry per class and stays."""
        return replace(self, **{name: vars(self)[name][rows] for name in vars(self) if name != "names"})

    def part(self, split: str) -> Self:
        """The rows of one split. Raises StageError where it is empty."""
        if not (self.split == split).any():
            raise StageError(f"the data have no rows of split {split!r}: it has {', '.join(np.unique(self.split))}")
        return self.where(self.split == split)

    def write(self, path: str | Path) -> None:
        """One .npz with an array per field."""
        write_arrays(path, vars(self))

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """What `write` wrote. Raises StageError where the file is damaged."""
        return cls(**read_arrays(path, *(field.name for field in fields(cls))))


@dataclass(frozen=True)
class Images(Table):
    """Images and what they show."""

    images: np.ndarray  # (N, H, W, C) uint8
    names: np.ndarray  # (classes,) text: names[labels] are the classes' or people's names


@dataclass(frozen=True)
class Latents(Table):
    """Features of images: latent codes of an encoder, or what a control puts in their place."""

    codes: np.ndarray  # (N, d) float32


@dataclass(frozen=True)
class Predictions(Table):
    """What a classifier says of images."""

    probabilities: np.ndarray  # (N, classes) float32, rows sum to 1
