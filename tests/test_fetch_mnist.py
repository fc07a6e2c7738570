from pathlib import Path

import numpy as np
import pytest
import yaml

from stages import fetch_mnist as stage
from stages.base.errors import StageError
from stages.fetch_mnist import fetch_mnist
from stages.sources import fetching
from tests.faulty_server import serving
from tests.publishers import DIGITS, LABELS, small_mnist

IMAGES = "train-images-idx3-ubyte.gz"


@pytest.fixture
def mirror(tmp_path):
    return tmp_path / "mirror"


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(fetching, "RETRIES", 0)
    with serving() as running:
        yield running


@pytest.fixture
def publisher(mirror, server):
    """A small MNIST; the mirror and the server have its files."""
    publisher = small_mnist(mirror, server.url(""))
    server.files = {path.name: path.read_bytes() for path in mirror.rglob("*.gz")}
    return publisher


@pytest.mark.parametrize("downloads", [0, 1, 4])
def test_mirror_and_server_have_the_same_images(publisher, mirror, server, downloads):
    missing = list(server.files)[:downloads]
    for name in missing:
        (mirror / "MNIST/raw" / name).unlink()
    kept = sorted(mirror.rglob("*"))
    data = fetch_mnist(mirror, publisher)
    np.testing.assert_array_equal(data.images, DIGITS)
    np.testing.assert_array_equal(data.labels, LABELS)
    assert sorted(server.requests) == sorted(missing)
    assert sorted(mirror.rglob("*")) == kept
    assert list(fetching.DOWNLOADS.iterdir()) == []


def test_a_file_that_is_nowhere_is_named_and_leaves_nothing_half_done(publisher, server):
    content = server.files.pop(IMAGES)
    with pytest.raises(StageError, match=rf"MNIST/raw/{IMAGES} cannot be downloaded .* 404"):
        fetch_mnist(None, publisher)
    assert list(fetching.DOWNLOADS.iterdir()) == []
    server.files[IMAGES] = content
    np.testing.assert_array_equal(fetch_mnist(None, publisher).images, DIGITS)


def test_files_that_are_not_the_publishers_leave_earlier_data_as_they_are(publisher, mirror, monkeypatch):
    Path("params.yaml").write_text(yaml.safe_dump({"data": {"source": "publishers"}}))
    monkeypatch.setenv("AAE_DATA_MIRROR", str(mirror))
    Path("data/raw").mkdir(parents=True)
    Path("data/raw/mnist.npz").write_bytes(b"earlier")
    with pytest.raises(StageError, match=rf"{IMAGES} is missing or damaged .*https://.*/{IMAGES}"):
        stage.main()
    assert [(path.name, path.read_bytes()) for path in Path("data/raw").iterdir()] == [("mnist.npz", b"earlier")]
    assert list(fetching.DOWNLOADS.iterdir()) == []
