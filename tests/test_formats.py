import os
import pickle

import numpy as np
import pytest
from torchvision.datasets import MNIST
from torchvision.datasets.utils import extract_archive

from stages.base.errors import StageError
from stages.sources import small_data
from stages.sources.formats import read_cifar10, read_mnist


@pytest.fixture(scope="module")
def mnist(tmp_path_factory):
    root = tmp_path_factory.mktemp("mnist")
    small_data.write_mnist(root)
    for archive in root.glob("MNIST/raw/*.gz"):
        extract_archive(str(archive))
    return root


@pytest.fixture
def cifar10(tmp_path):
    small_data.write_cifar10(tmp_path / "cifar-10-batches-py", train=50, test=20)
    return tmp_path


def test_mnist_rows_are_those_of_torchvision_training_files_first(mnist):
    data = read_mnist(mnist)
    train, test = MNIST(mnist, train=True), MNIST(mnist, train=False)
    assert data.training == len(train)
    assert data.images.shape == (len(train) + len(test), 28, 28, 1)
    assert data.images.dtype == np.uint8
    np.testing.assert_array_equal(data.images[:-360, ..., 0], train.data.numpy())
    np.testing.assert_array_equal(data.images[-360:, ..., 0], test.data.numpy())
    np.testing.assert_array_equal(data.labels, np.concatenate([train.targets, test.targets]))
    assert list(data.names) == list("0123456789")


@pytest.mark.parametrize("length", [0, 3, 10, 16, 5000, -1])
@pytest.mark.parametrize("name", ["train-images-idx3-ubyte", "t10k-labels-idx1-ubyte"])
def test_a_truncated_idx_file_is_named(mnist, tmp_path, name, length):
    raw = tmp_path / "MNIST/raw"
    raw.mkdir(parents=True)
    for path in (mnist / "MNIST/raw").iterdir():
        content = path.read_bytes()
        (raw / path.name).write_bytes(content[: min(length, len(content) - 1)] if path.name == name else content)
    with pytest.raises(StageError, match=f"{name} is damaged"):
        read_mnist(tmp_path)


def test_a_missing_idx_file_is_named(tmp_path):
    with pytest.raises(StageError, match="train-images-idx3-ubyte is missing"):
        read_mnist(tmp_path)


def test_cifar10_images_are_upright_and_rows_in_order(tmp_path):
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    (folder / "batches.meta").write_bytes(pickle.dumps({"label_names": ["even", "odd"]}, protocol=2))
    for number, name in enumerate([*(f"data_batch_{n}" for n in range(1, 6)), "test_batch"]):
        image = np.zeros((3, 32, 32), np.uint8)
        image[1, 2, 5] = number + 1  # green, third row, sixth column
        batch = {"data": image.reshape(1, -1), "labels": [number % 2]}
        (folder / name).write_bytes(pickle.dumps(batch, protocol=2))
    data = read_cifar10(tmp_path)
    assert data.images.shape == (6, 32, 32, 3)
    assert data.images[:, 2, 5, 1].tolist() == [1, 2, 3, 4, 5, 6]
    assert data.images.sum() == 21
    assert data.labels.tolist() == [0, 1, 0, 1, 0, 1]
    assert data.training == 5
    assert data.names.tolist() == ["even", "odd"]


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.999])
def test_a_truncated_batch_is_named(cifar10, share):
    path = cifar10 / "cifar-10-batches-py/data_batch_3"
    raw = path.read_bytes()
    path.write_bytes(raw[: int(len(raw) * share)])
    with pytest.raises(StageError, match="data_batch_3 is damaged"):
        read_cifar10(cifar10)


class Evil:
    def __reduce__(self):
        return os.system, ("touch executed",)


def test_a_batch_that_would_run_code_is_refused(cifar10):
    path = cifar10 / "cifar-10-batches-py/data_batch_3"
    path.write_bytes(pickle.dumps({"data": Evil(), "labels": []}, protocol=2))
    with pytest.raises(StageError, match=r"data_batch_3 asks to run posix.system"):
        read_cifar10(cifar10)
    assert not os.path.exists("executed")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ({"data": np.zeros((4, 3072), np.uint8), "labels": [0, 1, 2]}, "not as many labels"),
        ({"data": np.zeros((2, 3072), np.uint8), "labels": [0, 10]}, "outside of its 10 classes"),
        ({"data": np.zeros((2, 100), np.uint8), "labels": [0, 1]}, "no images of 3 x 32 x 32"),
        ({"data": "text", "labels": [0, 1]}, "no images of 3 x 32 x 32"),
        ({"data": np.zeros((1, 3072), np.uint8), "labels": ["cat"]}, "labels that are no numbers"),
        ({"labels": [0, 1]}, "test_batch is damaged"),
    ],
)
def test_a_batch_with_other_content_is_refused(cifar10, content, says):
    (cifar10 / "cifar-10-batches-py/test_batch").write_bytes(pickle.dumps(content, protocol=2))
    with pytest.raises(StageError, match=says):
        read_cifar10(cifar10)
