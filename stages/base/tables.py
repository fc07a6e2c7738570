"""What stages hand on: images, latent codes and predictions, as tables of arrays with a row per image.

A file is byte-identical for the same content, and `numpy.load(path)[name]` opens each of its arrays.
"""

import errno
import math
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Self
from zipfile import BadZipFile, ZipFile

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
    """The named arrays of an .npz that `write_arrays` wrote.

    Those of bytes, such as images, stay in the file: the system keeps as much of them in memory as there is room for.
    Writing to such an array changes no file. Raises DamagedFile where the file cannot be read or lacks an array.
    """
    try:
        with np.load(require_file(path), allow_pickle=False) as file:
            mapped = {name: map_bytes(path, file.zip, f"{name}.npy") for name in names}
            return {name: file[name] if mapped[name] is None else mapped[name] for name in names}
    except (BadZipFile, EOFError, KeyError, OSError, RuntimeError, TypeError, ValueError) as error:
        if isinstance(error, OSError) and error.errno != errno.EINVAL:  # which a wrong offset in the file brings about
            raise
        raise DamagedFile(path, error) from error


def map_bytes(path: str | Path, archive: ZipFile, name: str) -> np.ndarray | None:
    """The array of bytes in an uncompressed member of an archive, mapped; None where it is of something else.

    Raises BadZipFile where it is damaged.
    """
    info = archive.getinfo(name)
    with archive.open(info) as member:
        np.lib.format.read_magic(member)
        shape, _, dtype = np.lib.format.read_array_header_1_0(member)
        header = member.tell()
    if dtype != np.uint8 or not math.prod(shape):
        return None
    with open(path, "rb") as file:
        file.seek(info.header_offset + 26)  # the zip's own header: 30 bytes, the last 4 the lengths of two more fields
        start = file.tell() + 4 + sum(struct.unpack("<HH", file.read(4)))
    content = np.asarray(np.memmap(path, np.uint8, "c", start, (info.file_size,)))
    if zlib.crc32(content) != info.CRC:
        raise BadZipFile(f"Bad CRC-32 for file {name!r}")
    return content[header:].reshape(shape)


@dataclass(frozen=True)
class Table:
    """Arrays with one row per image; `part` selects the rows of one split."""

    labels: np.ndarray  # (N,) int64: class, or person
    split: np.ndarray  # (N,) text: train, validation, test or held_out
    index: np.ndarray  # (N,) int64: row in the source: publisher's training files first, then its test files

    def __len__(self) -> int:
        return len(self.labels)

    def where(self, rows: np.ndarray | slice) -> Self:
        """The rows that a mask, an index array or a slice selects; `names` has an entry per class and stays."""
        return replace(self, **{name: vars(self)[name][rows] for name in vars(self) if name != "names"})

    def part(self, split: str) -> Self:
        """The rows of one split, no copy where they lie together. Raises EmptySplit where there are none."""
        rows = np.flatnonzero(self.split == split)
        if not len(rows):
            raise EmptySplit(split, ", ".join(np.unique(self.split)))
        first, last = rows[0], rows[-1]
        return self.where(slice(first, last + 1) if len(rows) == last - first + 1 else rows)

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
