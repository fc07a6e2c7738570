"""JPEG files in one .npz, which is quicker to handle than thousands of files."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from stages.base.tables import read_arrays, write_arrays


def write_jpegs(path: Path, files: Mapping[str, bytes]) -> None:
    """Files by their names PERSON/PERSON_0001.jpg, in the order of the names: their bytes one after the other."""
    names = sorted(files)
    content = np.frombuffer(b"".join(files[name] for name in names), np.uint8)
    sizes = np.array([len(files[name]) for name in names], dtype=np.int64)
    write_arrays(path, {"names": np.array(names), "sizes": sizes, "content": content})


def read_jpegs(path: Path) -> dict[str, memoryview]:
    """What `write_jpegs` wrote, uncopied. Raises DamagedFile where the file is damaged: its format has checksums."""
    arrays = read_arrays(path, "names", "sizes", "content")
    pieces = np.split(arrays["content"], np.cumsum(arrays["sizes"])[:-1])
    return {str(name): piece.data for name, piece in zip(arrays["names"], pieces, strict=True)}
