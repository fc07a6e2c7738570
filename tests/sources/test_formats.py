import numpy as np
import pytest
from torchvision.datasets.utils import extract_archive

from stages.sources.formats import read_images
from tests import publishers
from tests.publishers import LABELS, TOTAL, TRAINING


@pytest.mark.parametrize(
    ("fill", "pictures", "names"),
    [
        (publishers.small_mnist, publishers.DIGITS, list("0123456789")),
        (publishers.small_cifar10, publishers.OBJECTS, publishers.OBJECT_NAMES),
    ],
    ids=["mnist", "cifar10"],
)
def test_images_are_read_upright_and_in_the_publishers_order(tmp_path, fill, pictures, names):
    publisher = fill(tmp_path, "http://127.0.0.1/")
    for archive in tmp_path.glob("MNIST/raw/*.gz"):
        extract_archive(archive)
    data = read_images(publisher, tmp_path)
    np.testing.assert_array_equal(data.images, pictures)
    assert data.images.dtype == np.uint8
    np.testing.assert_array_equal(data.labels, LABELS)
    assert data.split.tolist() == ["train"] * TRAINING + ["test"] * (TOTAL - TRAINING)
    assert data.index.tolist() == list(range(TOTAL))
    assert data.names.tolist() == names
