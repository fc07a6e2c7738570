"""Labeled Faces in the Wild from its publisher or a mirror, checked, as one file."""

from pathlib import Path
from typing import Literal

from stages.base.errors import StageError
from stages.base.params import DataSource, load
from stages.sources import lfw
from stages.sources.fetching import in_mirror, mirror_folder, obtain, scratch_folder
from stages.sources.git import GitFolder, clone
from stages.sources.jpegs import write_jpegs
from stages.sources.small_data import make_faces

Edition = Literal["deepfunneled", "funneled", "original"]


def fetch_lfw(edition: Edition, mirror: Path | None, deepfunneled: GitFolder = lfw.DEEPFUNNELED) -> dict[str, bytes]:
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


def main() -> None:
    demo = load("data.source", DataSource) == "demo"
    edition = load("data.lfw.edition", Edition)
    write_jpegs(Path("data/raw/lfw.npz"), make_faces() if demo else fetch_lfw(edition, mirror_folder()))
