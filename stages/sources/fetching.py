"""Files of a publisher: from a mirror folder where one is named, else over HTTP, and never unchecked."""

import hashlib
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

import requests
from tqdm import tqdm
from urllib3.exceptions import HTTPError as BrokenTransfer

from stages.base.errors import StageError

MIRROR = "AAE_DATA_MIRROR"
DOWNLOADS = Path(".checkpoints/downloads")  # outside of every stage's outs, which DVC deletes before it runs one
CHUNK = 1 << 18
SIZE_LIMIT = 1 << 29  # bytes; the largest archive has half of that
NO_NETWORK = "the host's name is not known here: no network?"
NO_ANSWER = "the server cannot be reached"
HOPELESS = (NO_NETWORK, NO_ANSWER)


@dataclass(frozen=True)
class RemoteFile:
    """A file as its publisher serves it."""

    path: str  # where it lies in a mirror
    urls: tuple[str, ...]  # tried in turn
    algorithm: str  # of the checksum: md5 or sha256
    checksum: str


@dataclass(frozen=True)
class Patience:
    """How long to put up with a server."""

    tries: int = 5
    pause: float = 1.0  # seconds before the second try, doubled for each one after
    timeout: float = 30.0  # seconds without a byte


def mirror_folder() -> Path | None:
    """The folder that the environment names, None where it names none. StageError where it cannot be one."""
    name = os.environ.get(MIRROR)
    if not name:
        return None
    if not Path(name).is_absolute():
        raise StageError(f"{MIRROR} is {name!r}: it must be an absolute path, because stages also run in copies")
    if not Path(name).is_dir():
        raise StageError(f"{MIRROR} names {name}, which is no folder: correct or unset it")
    return Path(name)


def in_mirror(mirror: Path | None, *names: str) -> Path | None:
    """The first of `names` that the mirror has, None where it has none of them."""
    return next((mirror / name for name in names if mirror and (mirror / name).exists()), None)


def obtain(
    file: RemoteFile,
    target: Path,
    mirror: Path | None,
    downloads: Path = DOWNLOADS,
    patience: Patience | None = None,
) -> None:
    """Put the checked `file` at `target`: copied from the mirror if it has the file, else downloaded.

    Raises StageError where neither works, or where the mirror's file is damaged.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    if mirror and (mirror / file.path).is_file():
        found = mirror / file.path
        if digest(found, file.algorithm) != file.checksum:
            raise StageError(
                f"{found} is damaged (its {file.algorithm} is not {file.checksum}): "
                f"replace it by {file.urls[0]}, or unset {MIRROR}"
            )
        shutil.copyfile(found, target)
    else:
        try:
            shutil.move(download(file, downloads, patience or Patience()), target)
        except StageError as error:
            raise StageError(f"{mirror} has no {file.path}, and {error}" if mirror else str(error)) from error


def download(file: RemoteFile, folder: Path, patience: Patience) -> Path:
    """The path of the checked file in `folder`; what an earlier attempt left there is continued.

    Raises StageError where no address gives it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"{file.checksum[:12]}-{Path(file.path).name}.part"
    faults = []
    for url in file.urls:
        try:
            persist(url, part, file, patience)
        except StageError as error:
            faults.append(f"{url}: {error}")
        else:
            return part
    raise StageError(f"{file.path} cannot be downloaded ({'; '.join(faults)}): {by_hand(file.path, file.urls[0])}")


def by_hand(path: str, address: str) -> str:
    """The end of a sentence: where `path` can be had, where to put it, and what needs none of it."""
    return (
        f"get it from {address}, put it in a folder as {path} and set {MIRROR} to that folder's absolute path, "
        "or run `make demo`, which needs no download"
    )


def persist(url: str, part: Path, file: RemoteFile, patience: Patience) -> None:
    """Download `url` to `part` until the checksum is right. Raises StageError where trying again is no use."""
    fault = ""
    for attempt in range(patience.tries):
        if attempt:
            time.sleep(patience.pause * 2 ** (attempt - 1))
        begun = part.exists()
        if begun and digest(part, file.algorithm) == file.checksum:
            return
        try:
            transfer(url, part, patience.timeout)
        except requests.HTTPError as error:
            status = error.response.status_code
            fault = f"the server answered {status}"
            if status == 416:  # nothing comes after what is here, and that is wrong
                part.unlink(missing_ok=True)
            elif status < 500 and status != 429:
                break
        except StageError:
            part.unlink()  # nothing of it is of use
            raise
        except (requests.RequestException, BrokenTransfer) as error:
            fault = plain(error)
            if fault in HOPELESS:
                break
        else:
            if digest(part, file.algorithm) == file.checksum:
                return
            fault = "the server sent a web page" if is_page(part) else f"the {file.algorithm} of the file is wrong"
            part.unlink()
            if not begun:  # a stale beginning is no evidence against the server
                break
    raise StageError(fault)


def transfer(url: str, part: Path, timeout: float) -> None:
    """Append the rest of `url` to `part`, or write all of it where the server knows no ranges."""
    begun = part.stat().st_size if part.exists() else 0
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={begun}-"} if begun else {})
    with requests.get(url, headers=headers, stream=True, timeout=(min(10.0, timeout), timeout)) as response:
        response.raise_for_status()
        resumed = response.status_code == 206
        length = int(response.headers.get("Content-Length", 0)) + begun * resumed
        with (
            part.open("ab" if resumed else "wb") as file,
            tqdm(total=length or None, initial=begun * resumed, unit="B", unit_scale=True, desc=Path(url).name) as bar,
        ):
            # an archive served with 'Content-Encoding: gzip' must stay as it is
            for chunk in response.raw.stream(CHUNK, decode_content=False):
                file.write(chunk)
                bar.update(len(chunk))
                if file.tell() > SIZE_LIMIT:
                    raise StageError(f"the server sends more than {SIZE_LIMIT >> 20} MiB")


def digest(path: Path, algorithm: str) -> str:
    """The hexadecimal checksum of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.new(algorithm, usedforsecurity=False)).hexdigest()


def is_page(path: Path) -> bool:
    """Whether a file begins as HTML does: what proxies and moved pages send in place of an archive."""
    with path.open("rb") as file:
        return file.read(256).lstrip().lower().startswith((b"<!doctype", b"<html", b"<?xml", b"<head"))


def plain(error: Exception) -> str:
    """A network fault in a few words; the library's own text nests the representations of several objects."""
    text = str(error).lower()
    if any(word in text for word in ("resolve", "resolution", "name or service", "nodename")):
        return NO_NETWORK
    if "refused" in text or isinstance(error, requests.ConnectTimeout):
        return NO_ANSWER
    if isinstance(error, requests.Timeout) or "timed out" in text:
        return "the server stopped answering"
    if any(word in text for word in ("incomplete", "broken", "reset", "aborted", "closed")):
        return "the connection was dropped"
    return type(error).__name__
