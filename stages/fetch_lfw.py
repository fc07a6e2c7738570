"""Labeled Faces in the Wild from its publisher or a mirror, checked, as one canonical tar."""

import shutil
from pathlib import Path
from typing import Literal

from stages.base.errors import StageError
from stages.base.params import DataSource, load
from stages.sources import lfw, small_data
from stages.sources.archives import read_archive
from stages.sources.face_tar import write_tar
from stages.sources.fetching import DOWNLOADS, RemoteFile, in_mirror, mirror_folder, obtain

Edition = Literal["deepfunneled", "funneled", "original"]


def fetch_lfw(
    tar: Path, source: DataSource, edition: Edition, mirror: Path | None = None, downloads: Path = DOWNLOADS
) -> None:
    """Write one edition as the canonical `tar`. Raises StageError where it is missing, incomplete or altered."""
    if source == "demo":
        files = small_data.drawn_faces()
    elif edition == "deepfunneled":
        files = deepfunneled(mirror, downloads)
    else:
        files = from_archive(lfw.ARCHIVES[edition], mirror, downloads)
    write_tar(tar, files)


def deepfunneled(
    mirror: Path | None,
    downloads: Path,
    repository: lfw.Folder = lfw.DEEPFUNNELED,
    digest: str = lfw.DEEPFUNNELED_DIGEST,
    images: int = lfw.IMAGES,
    people: int = lfw.PEOPLE,
) -> dict[str, bytes]:
    """The deep-funneled edition by its content: an archive and a clone of the same files pass alike."""
    folder = downloads / "lfw-deepfunneled"
    where = in_mirror(mirror, lfw.DEEPFUNNELED_ARCHIVE, repository.path) or lfw.clone(repository, folder)
    try:
        entries = lfw.read_folder(where) if where.is_dir() else read_archive(where, lfw.ARCHIVE_LIMIT, lfw.IMAGE_LIMIT)
        files = lfw.gathered(entries, where)
        lfw.check_counts(files, where, images, people)
        if lfw.content_digest(files) != digest:
            raise StageError(f"{where} has altered images (the digest of its files is not {digest})")
    except StageError as error:
        raise StageError(f"{error}: the right files are {repository}") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return files


def from_archive(
    file: RemoteFile, mirror: Path | None, downloads: Path, images: int = lfw.IMAGES, people: int = lfw.PEOPLE
) -> dict[str, bytes]:
    """The images of one of the pinned archives."""
    whole = downloads / file.path
    obtain(file, whole, mirror, downloads)
    files = lfw.gathered(read_archive(whole, lfw.ARCHIVE_LIMIT, lfw.IMAGE_LIMIT), whole)
    lfw.check_counts(files, whole, images, people)
    whole.unlink()
    return files


def main() -> None:
    source = load("data.source", DataSource)
    mirror = mirror_folder() if source == "publishers" else None
    fetch_lfw(Path("data/raw/lfw.tar"), source, load("data.lfw.edition", Edition), mirror)
