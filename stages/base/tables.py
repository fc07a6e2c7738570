"""What stages hand on: images, latent codes and predictions, as tables of arrays with a row per image.

A file is byte-identical for the same content, and `numpy.load(path)[name]` opens each of its arrays.
"""

import errno
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Self
from zipfile import BadZipFile

import numpy as np

from stages.base.errors import StageError
from stages.base.files import DamagedFile, replacing, require_file


class EmptySplit(StageError):
    """(split, the names of those that have rows)."""


def write_arrays(path: str | Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Named arrays as one uncompressed .npz."""
    with replacing(path) as part:
        np.savez(part, allow_pickle=False, **arrays)


def read_arrays(path: str | Path, *names: str) -> dict[str, np.ndarray]:
    """The named arrays of an .npz. Raises DamagedFile where it cannot be read or lacks one of them."""
    try:
        with np.load(require_file(path), allow_pickle=False) as file:
            return {name: file[name] for name in names}
    except (BadZipFile, EOFError, KeyError, OSError, RuntimeError, TypeError, ValueError) as error:
        if isinstance(error, OSError) and error.errno != errno.EINVAL:  # which a wrong offset in the file brings about
            raise
        raise DamagedFile(path, error) from error


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
        """The rows of one split. Raises EmptySplit where there are none."""
        if not (self.split == split).any():
            raise EmptySplit(split, ", ".join(np.unique(self.split)))
        return self.where(self.split == split)

    def write(self, path: str | Path) -> None:
        """One .npz with an array per field."""
        write_arrays(path, vars(self))

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """What `write` wrote. Raises DamagedFile where the file is damaged."""
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

    @classmethod
    def of(cls, table: Table, codes: np.ndarray) -> Self:
        """Features (N, d) of the images of a table, row by row."""
        return cls(labels=table.labels, split=table.split, index=table.index, codes=codes)


@dataclass(frozen=True)
class Predictions(Table):
    """What a classifier says of images."""

    probabilities: np.ndarray  # (N, classes) float32, rows sum to 1

    @classmethod
    def of(cls, table: Table, probabilities: np.ndarray) -> Self:
        """Probabilities (N, classes) for the images of a table, row by row."""
        return cls(table.labels, table.split, table.index, probabilities.astype(np.float32))
