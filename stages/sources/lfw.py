"""Labeled Faces in the Wild: where its editions can be had, and how they are read and checked."""

import gzip
import hashlib
import io
import re
import tarfile
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from stages.base.errors import StageError
from stages.base.files import require_file
from stages.sources.fetching import RemoteFile
from stages.sources.git import GitFolder

IMAGES, PEOPLE = 13_233, 5_749  # http://vis-www.cs.umass.edu/lfw, README, section 1; the same for all editions
ARCHIVE_LIMIT = 1 << 29  # bytes
# what the readers of archives raise where one is damaged or hostile
DAMAGES = (EOFError, gzip.BadGzipFile, tarfile.TarError, zlib.error, ValueError, OverflowError, RecursionError)

# the archives that scikit-learn pins; https://scikit-learn.org, sklearn.datasets.fetch_lfw_people
ARCHIVES = {
    "original": RemoteFile(
        "lfw.tgz",
        ("https://ndownloader.figshare.com/files/5976018",),
        "sha256:055f7d9c632d7370e6fb4afc7468d40f970c34a80d4c6f50ffec63f5a8d536c0",
    ),
    "funneled": RemoteFile(
        "lfw-funneled.tgz",
        ("https://ndownloader.figshare.com/files/5976015",),
        "sha256:b47c8422c8cded889dc5a13418c4bc2abbda121092b3533a83306f90d900100a",
    ),
}

# no archive of this edition is online any more; a mirror may have one of that name, or the repository's folder
DEEPFUNNELED_ARCHIVE = "lfw-deepfunneled.tgz"
DEEPFUNNELED = GitFolder(
    "https://github.com/umass-vis-lfw/umass-vis-lfw.github.io",
    "2a620cd8cceb10430f8c7012fe9fa5f0837759e9",
    "images_deepfunneled",
    "d74b84a8b052eb400a6d69dcce66460240bf4cd659d924c13bc90ce1fced9bce",
)


def content_digest(files: Mapping[str, bytes]) -> str:
    """SHA-256 of the lines '<sha256 of the file>  PERSON/PERSON_0001.jpg\\n', sorted by their paths.

    In a folder that holds one folder per person, the same is
    `find * -name '*.jpg' | LC_ALL=C sort | xargs sha256sum | sha256sum`.
    """
    lines = (f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def name_by_person(entries: Iterable[tuple[str, bytes]]) -> dict[str, bytes]:
    """The images by their names PERSON/PERSON_0001.jpg, without listings and what a file manager leaves."""
    matches = ((re.fullmatch(r"(?:.*/)?(([^/.][^/]*)_\d{4}\.jpg)", name), content) for name, content in entries)
    return {f"{match[2]}/{match[1]}": content for match, content in matches if match}


def read_folder(folder: Path) -> dict[str, bytes]:
    """The images of a folder that holds one folder per person. Raises IrregularFile where one is no file."""
    return name_by_person((path.name, require_file(path).read_bytes()) for path in folder.glob("*/*.jpg"))


def read_archive(path: Path) -> dict[str, bytes]:
    """The images of a .tar.gz, which need not be trusted: nothing is unpacked to disk, and only plain files are read.

    Raises StageError where it is damaged or unpacks to more than `ARCHIVE_LIMIT` bytes.
    """
    try:
        with gzip.open(require_file(path)) as file:
            content = file.read(ARCHIVE_LIMIT + 1)
        if len(content) > ARCHIVE_LIMIT:
            raise StageError(f"{path} unpacks to more than {ARCHIVE_LIMIT >> 20} MiB: replace it")
        with tarfile.open(fileobj=io.BytesIO(content), mode="r|") as archive:
            # a sparse file can be of any size, whatever the archive's is
            entries = (entry for entry in archive if entry.isfile() and not entry.issparse())
            return name_by_person((entry.name, archive.extractfile(entry).read()) for entry in entries)
    except DAMAGES as error:
        raise StageError(f"{path} is damaged or no archive ({error}): replace it") from error
