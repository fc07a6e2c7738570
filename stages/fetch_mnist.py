"""MNIST from its publisher or a mirror, checked, in torchvision's layout."""

from collections.abc import Sequence
from pathlib import Path

from torchvision.datasets import MNIST
from torchvision.datasets.utils import extract_archive

from stages.base.files import replacing_folder
from stages.base.params import DataSource, load
from stages.sources import small_data
from stages.sources.fetching import DOWNLOADS, RemoteFile, mirror_folder, obtain

FILES = tuple(
    RemoteFile(f"MNIST/raw/{name}", tuple(address + name for address in MNIST.mirrors), "md5", md5)
    for name, md5 in MNIST.resources
)


def fetch_mnist(
    folder: Path,
    source: DataSource,
    mirror: Path | None = None,
    files: Sequence[RemoteFile] = FILES,
    downloads: Path = DOWNLOADS,
) -> None:
    """Fill `folder` so that `torchvision.datasets.MNIST(folder)` opens it. Raises StageError where it cannot."""
    with replacing_folder(folder) as part:
        if source == "demo":
            small_data.write_mnist(part)
        else:
            for file in files:
                obtain(file, part / file.path, mirror, downloads)
        for archive in sorted(part.glob("MNIST/raw/*.gz")):
            extract_archive(str(archive))


def main() -> None:
    source = load("data.source", DataSource)
    fetch_mnist(Path("data/raw/mnist"), source, mirror_folder() if source == "publishers" else None)
