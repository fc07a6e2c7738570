"""Files of a publisher: from a mirror folder where one is named, else over HTTP, and never unchecked."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import requests
from pooch import HTTPDownloader, Pooch, file_hash

from stages.base.errors import StageError
from stages.base.files import naming, require_file

MIRROR = "AAE_DATA_MIRROR"
DOWNLOADS = Path(".checkpoints/downloads")
RETRIES = 3  # after 1, 2 and 3 seconds
TIMEOUT = 30.0  # seconds without a byte
FAULTS = {  # of a download, in a few words; the first that fits
    requests.HTTPError: "the server answered {0.response.status_code}",
    requests.Timeout: "the server stopped answering",
    requests.exceptions.ChunkedEncodingError: "the connection was dropped",
    requests.RequestException: "the server cannot be reached: no network?",
    ValueError: "the server sent something else: a web page, or a file with another checksum",
}


class RemoteFile(NamedTuple):
    """A file as its publisher serves it."""

    path: str  # where it lies in a mirror
    urls: tuple[str, ...]  # tried in turn
    checksum: str  # ALGORITHM:HEXADECIMAL


def mirror_folder() -> Path | None:
    """The folder that the environment names, None where it names none. StageError where it cannot be one."""
    name = os.environ.get(MIRROR)
    # stages also run in copies of the project, where a relative path means another folder
    if name and not (Path(name).is_absolute() and Path(name).is_dir()):
        raise StageError(f"{MIRROR} is {name!r}: it must be the absolute path of a folder; correct or unset it")
    return Path(name) if name else None


def in_mirror(mirror: Path | None, name: str) -> Path | None:
    """What lies in the mirror under that name, None where there is nothing."""
    return mirror / name if mirror and (mirror / name).exists() else None


@contextmanager
def scratch_folder(name: str) -> Iterator[Path]:
    """An empty folder for downloads, deleted at the end. It is outside of what git and DVC look at."""
    folder = DOWNLOADS / name
    shutil.rmtree(folder, ignore_errors=True)  # what a killed process left
    try:
        with naming(folder):
            folder.mkdir(parents=True)
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def verify(path: Path, checksum: str, address: str) -> None:
    """Raise StageError where the mirror's file at `path` is missing or has another checksum."""
    algorithm, digest = checksum.split(":")
    if not path.exists() or file_hash(require_file(path), algorithm) != digest:
        raise StageError(
            f"{path} is missing or damaged (its checksum is not {checksum}): get it from {address}, or unset {MIRROR}"
        )


def obtain(file: RemoteFile, mirror: Path | None, folder: Path) -> Path:
    """The path of the checked `file`: in the mirror if that has it, else downloaded to `folder`.

    Raises StageError where neither works, or where the mirror's file is damaged.
    """
    if found := in_mirror(mirror, file.path):
        verify(found, file.checksum, file.urls[0])
        return found
    name, faults = Path(file.path).name, []
    # bytes as they lie on the server: an archive must not be unpacked on the way
    downloader = HTTPDownloader(progressbar=True, timeout=TIMEOUT, headers={"Accept-Encoding": "identity"})
    for url in file.urls:
        cache = Pooch(folder, "", registry={name: file.checksum}, urls={name: url}, retry_if_failed=RETRIES)
        try:
            return Path(cache.fetch(name, downloader=downloader))
        except tuple(FAULTS) as error:
            faults.append(f"{url}: {describe(error)}")
    missing = f"{mirror} has no {file.path}, and it" if mirror else file.path
    raise StageError(f"{missing} cannot be downloaded ({'; '.join(faults)}): {by_hand(file.path, file.urls[0])}")


def describe(error: Exception) -> str:
    """The words of `FAULTS`."""
    stalled = "Read timed out" in str(error)  # in the middle of a file, which requests calls a ConnectionError
    kinds = [requests.Timeout] if stalled else [kind for kind in FAULTS if isinstance(error, kind)]
    return FAULTS[kinds[0]].format(error)


def by_hand(path: str, address: str) -> str:
    """The end of a sentence: where `path` can be had, where to put it, and what needs none of it."""
    return (
        f"get it from {address}, put it in a folder as {path} and set {MIRROR} to that folder's absolute path, "
        "or run `make demo`, which needs no download"
    )
