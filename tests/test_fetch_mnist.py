import hashlib
from pathlib import Path

import pytest
from torchvision.datasets import MNIST

from stages.base.errors import StageError
from stages.fetch_mnist import FILES, fetch_mnist
from stages.sources import small_data
from stages.sources.fetching import RemoteFile
from tests.faulty_server import serving

OUT = Path("out/mnist")


@pytest.fixture
def mirror(tmp_path):
    """A mirror with a small set in MNIST's format."""
    small_data.write_mnist(tmp_path / "mirror")
    return tmp_path / "mirror"


@pytest.fixture
def server(mirror):
    archives = mirror.glob("MNIST/raw/*.gz")
    with serving({path.relative_to(mirror).as_posix(): path.read_bytes() for path in archives}) as running:
        yield running


@pytest.fixture
def files(server):
    """What the server has, with its checksums."""
    return [
        RemoteFile(path, (server.url(path),), "md5", hashlib.md5(content).hexdigest())
        for path, content in sorted(server.files.items())
    ]


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_mirror_and_download_leave_the_same_files_for_torchvision(mirror, server, files):
    fetch_mnist(OUT, "publishers", mirror, files)
    assert server.ranges == []
    copied = contents(OUT)
    fetch_mnist(OUT, "publishers", None, files)
    assert len(server.ranges) == 4
    assert contents(OUT) == copied
    assert len(copied) == 8
    assert len(MNIST(OUT, train=True)) == 1437


def test_a_missing_file_leaves_nothing_half_done(mirror, server, files):
    path = "MNIST/raw/train-images-idx3-ubyte.gz"
    (mirror / path).unlink()
    kept = server.files.pop(path)
    with pytest.raises(StageError, match=r"train-images-idx3-ubyte.gz cannot be downloaded .* 404"):
        fetch_mnist(OUT, "publishers", mirror, files)
    assert list(OUT.parent.iterdir()) == []
    server.files[path] = kept
    fetch_mnist(OUT, "publishers", mirror, files)
    assert len(contents(OUT)) == 8


def test_a_damaged_file_leaves_what_was_there(mirror, files):
    fetch_mnist(OUT, "publishers", mirror, files)
    before = contents(OUT)
    damaged = mirror / "MNIST/raw/t10k-labels-idx1-ubyte.gz"
    damaged.write_bytes(damaged.read_bytes()[:-1])
    with pytest.raises(StageError, match=r"t10k-labels-idx1-ubyte.gz is damaged"):
        fetch_mnist(OUT, "publishers", mirror, files)
    assert contents(OUT) == before
    assert [path.name for path in OUT.parent.iterdir()] == ["mnist"]


def test_the_demo_data_do_not_pass_for_the_publishers(mirror):
    with pytest.raises(StageError, match="is damaged"):
        fetch_mnist(OUT, "publishers", mirror)


def test_the_addresses_and_checksums_are_torchvisions():
    assert [(Path(file.path).name, file.checksum) for file in FILES] == MNIST.resources
    assert FILES[0].urls[0] == "https://ossci-datasets.s3.amazonaws.com/mnist/train-images-idx3-ubyte.gz"
