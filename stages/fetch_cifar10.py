"""CIFAR-10 from its publisher or a mirror, checked, in torchvision's layout."""

from pathlib import Path

from torchvision.datasets import CIFAR10

from stages.base.errors import StageError
from stages.base.files import replacing_folder
from stages.base.params import DataSource, load
from stages.sources import small_data
from stages.sources.archives import read_archive
from stages.sources.fetching import (
    DOWNLOADS,
    MIRROR,
    RemoteFile,
    digest,
    mirror_folder,
    obtain,
)

ARCHIVE = RemoteFile(CIFAR10.filename, (CIFAR10.url,), "md5", CIFAR10.tgz_md5)
BATCHES = {
    **{name: md5 for name, md5 in CIFAR10.train_list + CIFAR10.test_list},
    CIFAR10.meta["filename"]: CIFAR10.meta["md5"],
}
TOTAL_LIMIT, FILE_LIMIT = 1 << 28, 1 << 25  # bytes


def fetch_cifar10(
    folder: Path,
    source: DataSource,
    mirror: Path | None = None,
    archive: RemoteFile = ARCHIVE,
    batches: dict[str, str] = BATCHES,
    downloads: Path = DOWNLOADS,
) -> None:
    """Fill `folder` so that `torchvision.datasets.CIFAR10(folder)` opens it. Raises StageError where it cannot.

    A mirror may hold the publisher's archive or the folder of batches; both leave the batches alone.
    """
    with replacing_folder(folder) as part:
        target = part / CIFAR10.base_folder
        target.mkdir()
        if source == "demo":
            small_data.write_cifar10(target)
        elif mirror and (mirror / CIFAR10.base_folder).is_dir():
            copy_batches(mirror / CIFAR10.base_folder, target, batches)
        else:
            whole = part / archive.path
            obtain(archive, whole, mirror, downloads)
            unpack_batches(whole, target, batches)
            whole.unlink()


def copy_batches(found: Path, target: Path, batches: dict[str, str]) -> None:
    """Copy each batch that the mirror has and check it. Raises StageError where one is missing or damaged."""
    for name, md5 in batches.items():
        if not (found / name).is_file():
            raise StageError(f"{found / name} is missing: {ARCHIVE.urls[0]} has it, or unset {MIRROR}")
        (target / name).write_bytes((found / name).read_bytes())
        if digest(target / name, "md5") != md5:
            raise StageError(
                f"{found / name} is damaged (its md5 is not {md5}): {ARCHIVE.urls[0]} has it, or unset {MIRROR}"
            )


def unpack_batches(archive: Path, target: Path, batches: dict[str, str]) -> None:
    """Take the batches out of the publisher's archive. Raises StageError where one is missing or damaged."""
    for path, content in read_archive(archive, TOTAL_LIMIT, FILE_LIMIT):
        if (name := Path(path).name) in batches:
            (target / name).write_bytes(content)
    for name, md5 in batches.items():
        if not (target / name).is_file() or digest(target / name, "md5") != md5:
            raise StageError(f"{archive.name} has no sound {name}: get the archive again")


def main() -> None:
    source = load("data.source", DataSource)
    fetch_cifar10(Path("data/raw/cifar10"), source, mirror_folder() if source == "publishers" else None)
