"""Tar archives read as a stream: nothing is unpacked to disk, and nothing is trusted."""

import gzip
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from stages.base.errors import StageError

DAMAGED = (EOFError, OSError, tarfile.TarError, zlib.error, UnicodeError, ValueError, OverflowError)


class Bounded:
    """A stream that ends with a StageError once more than `limit` bytes have come out of it."""

    def __init__(self, stream: BinaryIO, limit: int, name: Path) -> None:
        self.stream, self.limit, self.name, self.count = stream, limit, name, 0

    def read(self, size: int) -> bytes:
        raw = self.stream.read(size)
        self.count += len(raw)
        if self.count > self.limit:
            raise StageError(f"{self.name} unpacks to more than {self.limit >> 20} MiB: it is not the publisher's")
        return raw


def read_archive(path: Path, total: int, single: int) -> Iterator[tuple[str, bytes]]:
    """Name and content of each regular file of a .tar.gz, in its order.

    At most `total` bytes are unpacked, and at most `single` bytes for one file. Raises StageError where the
    archive is damaged, grows past that, or has an entry that leaves the folder, a link or a device.
    """
    with path.open("rb") as file:
        try:
            with gzip.GzipFile(fileobj=file) as unzipped:
                stream = Bounded(unzipped, total, path)
                with tarfile.open(fileobj=stream, mode="r|") as archive:
                    for entry in archive:
                        refuse(entry, single, path)
                        if entry.isfile():
                            yield entry.name, archive.extractfile(entry).read()
                # the checksum of the whole stands at the end of the gzip stream
                while stream.read(1 << 16):
                    pass
        except DAMAGED as error:
            raise StageError(f"{path} is damaged or no archive ({error})") from error


def refuse(entry: tarfile.TarInfo, single: int, path: Path) -> None:
    """Raise StageError for an entry that no archive of images has."""
    name = PurePosixPath(entry.name)
    if name.is_absolute() or ".." in name.parts or "\\" in entry.name:
        raise StageError(f"{path} has an entry outside of its folder ({entry.name}): it is not the publisher's")
    if not (entry.isfile() or entry.isdir()):
        raise StageError(f"{path} has a link or a device ({entry.name}): it is not the publisher's")
    if entry.size > single:
        raise StageError(
            f"{path} has a file of {entry.size:,} bytes ({entry.name}), more than {single:,}: not the publisher's"
        )
