"""CIFAR-10 from its publisher or a mirror, checked, as one file."""

from pathlib import Path

from torchvision.datasets import CIFAR10
from torchvision.datasets.utils import extract_archive

from stages.base.params import DataSource, load
from stages.base.tables import Images
from stages.sources.fetching import RemoteFile, in_mirror, mirror_folder, obtain, scratch_folder, verify
from stages.sources.formats import read_images
from stages.sources.small_data import make_objects


def fetch_cifar10(mirror: Path | None, publisher: type[CIFAR10] = CIFAR10) -> Images:
    """The batches with the checksums of torchvision's `publisher`. Raises StageError where they are not to be had.

    A mirror may hold the folder of batches or the archive of them.
    """
    if batches := in_mirror(mirror, publisher.base_folder):
        meta = publisher.meta["filename"], publisher.meta["md5"]
        for name, md5 in [*publisher.train_list, *publisher.test_list, meta]:
            verify(batches / name, f"md5:{md5}", publisher.url)
        return read_images(publisher, batches.parent)
    archive = RemoteFile(publisher.filename, (publisher.url,), f"md5:{publisher.tgz_md5}")
    with scratch_folder("cifar10") as folder:
        extract_archive(obtain(archive, mirror, folder), folder)
        return read_images(publisher, folder)


def main() -> None:
    demo = load("data.source", DataSource) == "demo"
    images = make_objects() if demo else fetch_cifar10(mirror_folder())
    images.write("data/raw/cifar10.npz")
