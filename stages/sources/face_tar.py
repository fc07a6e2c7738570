"""One canonical tar for face images, whatever they came in.

It is uncompressed and has no folders, its entries PERSON/PERSON_0001.jpg stand in the order of their names,
and times and owners are zero: the same files give the same bytes.
"""

import io
import tarfile
from collections.abc import Mapping
from pathlib import Path

from stages.base.errors import StageError
from stages.base.files import replacing

DAMAGED = (OSError, tarfile.TarError, ValueError, OverflowError)


def write_tar(path: Path, files: Mapping[str, bytes]) -> None:
    """The canonical tar of `files`, which are JPEGs by their names."""
    with replacing(path) as part, tarfile.open(part, "w", format=tarfile.USTAR_FORMAT) as archive:
        for name in sorted(files):
            entry = tarfile.TarInfo(name)
            entry.size = len(files[name])
            archive.addfile(entry, io.BytesIO(files[name]))


class FaceTar:
    """The images of a canonical tar by their names, read one by one."""

    def __init__(self, path: Path) -> None:
        """Raises StageError where the file is no tar, or has no images, or is cut off."""
        self.path = path
        try:
            self.archive = tarfile.open(path, "r:")  # noqa: SIM115, closed by __exit__
            self.entries = {entry.name: entry for entry in self.archive if entry.isfile()}
            self.archive.fileobj.seek(self.archive.offset)
            end = self.archive.fileobj.read(tarfile.BLOCKSIZE)
        except FileNotFoundError:
            raise
        except DAMAGED as error:
            raise self.fault(f"is damaged ({error})") from error
        # the library stops without a word at a header that it cannot read
        if end != bytes(tarfile.BLOCKSIZE):
            raise self.fault("is damaged or cut off")
        if not self.entries:
            raise self.fault("has no images")

    def __enter__(self) -> "FaceTar":
        return self

    def __exit__(self, *_: object) -> None:
        self.archive.close()

    def fault(self, what: str) -> StageError:
        """The error that says `what` of this file, and the remedy."""
        return StageError(f"{self.path} {what}: delete it and run `dvc repro`")

    def names(self) -> list[str]:
        """PERSON/PERSON_0001.jpg and so on, in order."""
        return sorted(self.entries)

    def read(self, name: str) -> bytes:
        """The JPEG of that name. Raises StageError where the archive is damaged there."""
        try:
            return self.archive.extractfile(self.entries[name]).read()
        except DAMAGED as error:
            raise self.fault(f"is damaged at {name} ({error})") from error
