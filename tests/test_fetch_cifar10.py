import os
import pickle
import shutil

import numpy as np
import pytest

from stages.base.errors import StageError
from stages.fetch_cifar10 import fetch_cifar10
from stages.sources import fetching
from tests.faulty_server import serving
from tests.publishers import LABELS, OBJECTS, small_cifar10

FOLDER, ARCHIVE = "cifar-10-batches-py", "cifar-10-python.tar.gz"


@pytest.fixture
def mirror(tmp_path):
    return tmp_path / "mirror"


@pytest.fixture
def publisher(mirror):
    """A small CIFAR-10; the mirror has its batches and its archive, the server the archive."""
    with serving() as server:
        publisher = small_cifar10(mirror, server.url(ARCHIVE))
        server.files[ARCHIVE] = (mirror / ARCHIVE).read_bytes()
        yield publisher


@pytest.mark.parametrize("missing", [[], [FOLDER], [FOLDER, ARCHIVE]], ids=["folder", "archive", "download"])
def test_folder_archive_and_download_have_the_same_images(publisher, mirror, missing):
    for name in missing:
        (mirror / name).rename(mirror / f"not {name}")
    kept = sorted(mirror.rglob("*"))
    data = fetch_cifar10(mirror, publisher)
    np.testing.assert_array_equal(data.images, OBJECTS)
    np.testing.assert_array_equal(data.labels, LABELS)
    assert sorted(mirror.rglob("*")) == kept
    assert list(fetching.DOWNLOADS.glob("*")) == []


class Evil:
    def __reduce__(self):
        return os.system, ("touch executed",)


@pytest.mark.parametrize("name", ["data_batch_1", "test_batch", "batches.meta"])
@pytest.mark.parametrize(
    "change",
    [lambda raw: raw[:-1], lambda raw: raw[:90] + b"?" + raw[91:], lambda raw: pickle.dumps(Evil())],
    ids=["cut off", "altered", "runs code"],
)
def test_a_damaged_batch_of_a_mirror_is_refused_before_it_is_opened(publisher, mirror, tmp_path, name, change):
    batch = mirror / FOLDER / name
    good = batch.read_bytes()
    batch.write_bytes(change(good))
    with pytest.raises(StageError, match=rf"{name} is missing or damaged .*{publisher.url}"):
        fetch_cifar10(mirror, publisher)
    assert not (tmp_path / "executed").exists()
    batch.write_bytes(good)
    np.testing.assert_array_equal(fetch_cifar10(mirror, publisher).images, OBJECTS)


def test_a_batch_that_a_mirror_lacks_is_named(publisher, mirror):
    (mirror / FOLDER / "data_batch_5").unlink()
    with pytest.raises(StageError, match="data_batch_5 is missing"):
        fetch_cifar10(mirror, publisher)


def test_a_damaged_archive_of_a_mirror_is_refused_and_nothing_is_unpacked(publisher, mirror):
    shutil.rmtree(mirror / FOLDER)
    (mirror / ARCHIVE).write_bytes((mirror / ARCHIVE).read_bytes()[:-1])
    with pytest.raises(StageError, match=rf"{ARCHIVE} is missing or damaged"):
        fetch_cifar10(mirror, publisher)
    assert list(fetching.DOWNLOADS.iterdir()) == []
