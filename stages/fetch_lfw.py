"""Labeled Faces in the Wild from its publisher or a mirror, checked, or pictures of one's own, as one file."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator

from stages.base.errors import StageError
from stages.base.params import DataSource, load
from stages.sources import lfw
from stages.sources.fetching import in_mirror, mirror_folder, obtain, scratch_folder
from stages.sources.git import GitFolder, clone
from stages.sources.jpegs import write_jpegs
from stages.sources.pictures import read_people
from stages.sources.small_data import make_faces

EDITIONS = ("deepfunneled", "funneled", "original")


def check_source(source: str) -> str:
    """The key's value, where it can be one. Raises ValueError where it is neither an edition nor an absolute path."""
    # stages also run in copies of the project, where a relative path means another folder
    if source not in EDITIONS and not Path(source).is_absolute():
        raise ValueError(f"should be {', '.join(EDITIONS)} or the absolute path of a folder")
    return source


FaceSource = Annotated[str, AfterValidator(check_source)]  # key `data.faces.source`


def fetch_lfw(edition: str, mirror: Path | None, deepfunneled: GitFolder = lfw.DEEPFUNNELED) -> dict[str, bytes]:
    """The JPEGs of one edition by their names. Raises StageError where it is missing, incomplete or altered.

    The deep-funneled edition is known by its content: an archive, a folder and a clone of the same files pass alike.
    """
    with scratch_folder("lfw") as folder:
        if edition != "deepfunneled":
            return lfw.read_archive(obtain(lfw.ARCHIVES[edition], mirror, folder))
        if where := in_mirror(mirror, lfw.DEEPFUNNELED_ARCHIVE):
            files = lfw.read_archive(where)
        else:
            where = in_mirror(mirror, deepfunneled.path) or clone(deepfunneled, folder)
            files = lfw.read_folder(where)
    if lfw.content_digest(files) != deepfunneled.digest:
        people = len({name.split("/")[0] for name in files})
        raise StageError(
            f"{where} holds {len(files):,} images of {people:,} people, not the publisher's {lfw.IMAGES:,} of "
            f"{lfw.PEOPLE:,}, or altered ones: replace it by {deepfunneled}"
        )
    return files


def fetch_faces(source: str) -> dict[str, bytes]:
    """The JPEGs of an edition of LFW, or of the pictures in a folder, by their names.

    Raises StageError where there is no such folder.
    """
    if source in EDITIONS:
        return fetch_lfw(source, mirror_folder())
    if not Path(source).is_dir():
        raise StageError(f"params.yaml: data.faces.source: there is no folder {source}")
    return read_people(Path(source))


def main() -> None:
    demo, source = load("data.source", DataSource) == "demo", load("data.faces.source", FaceSource)
    write_jpegs(Path("data/raw/lfw.npz"), make_faces() if demo else fetch_faces(source))
