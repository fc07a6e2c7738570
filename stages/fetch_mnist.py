"""MNIST from its publisher or a mirror, checked, as one file."""

from pathlib import Path

from torchvision.datasets import MNIST
from torchvision.datasets.utils import extract_archive

from stages.base.params import DataSource, load
from stages.base.tables import Images
from stages.sources.fetching import RemoteFile, mirror_folder, obtain, scratch_folder
from stages.sources.formats import read_images
from stages.sources.small_data import make_digits


def fetch_mnist(mirror: Path | None, publisher: type[MNIST] = MNIST) -> Images:
    """The four files with the checksums of torchvision's `publisher`. Raises StageError where one is not to be had."""
    with scratch_folder("mnist") as folder:
        (folder / "MNIST/raw").mkdir(parents=True)
        for name, md5 in publisher.resources:
            file = RemoteFile(f"MNIST/raw/{name}", tuple(url + name for url in publisher.mirrors), f"md5:{md5}")
            extract_archive(obtain(file, mirror, folder), folder / "MNIST/raw")
        return read_images(publisher, folder)


def main() -> None:
    demo = load("data.source", DataSource) == "demo"
    images = make_digits() if demo else fetch_mnist(mirror_folder())
    images.write("data/raw/mnist.npz")
