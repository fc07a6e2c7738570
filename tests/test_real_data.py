"""The publishers' own files, where a mirror of them is named."""

import os
from pathlib import Path

import numpy as np
import pytest
from torchvision.datasets import CIFAR10, MNIST

from stages.dedupe_lfw import dedupe_lfw, summary
from stages.fetch_cifar10 import fetch_cifar10
from stages.fetch_lfw import fetch_lfw
from stages.fetch_mnist import fetch_mnist
from stages.sources.formats import read_cifar10, read_mnist
from stages.split_images import split_images


def mirror_with(*names):
    """The mirror, where it has one of `names`; else the test is skipped."""
    mirror = Path(os.environ.get("AAE_DATA_MIRROR") or "/nonexistent")
    if not any((mirror / name).exists() for name in names):
        pytest.skip(f"AAE_DATA_MIRROR names no folder with {' or '.join(names)}")
    return mirror


def test_mnist():
    fetch_mnist(Path("mnist"), "publishers", mirror_with("MNIST/raw"))
    data = read_mnist(Path("mnist"))
    assert (data.images.shape, data.training) == ((70_000, 28, 28, 1), 60_000)
    np.testing.assert_array_equal(data.images[60_000:, ..., 0], MNIST("mnist", train=False).data.numpy())
    split = split_images(data, 5000, 0)
    counts = [np.bincount(split.part(part).labels) for part in ("train", "validation")]
    np.testing.assert_allclose(counts[1] / 5000, counts[0] / 55_000, atol=2e-4)


def test_cifar10():
    fetch_cifar10(Path("cifar10"), "publishers", mirror_with("cifar-10-batches-py", "cifar-10-python.tar.gz"))
    data, theirs = read_cifar10(Path("cifar10")), CIFAR10("cifar10", train=False)
    assert (data.images.shape, data.training) == ((60_000, 32, 32, 3), 50_000)
    np.testing.assert_array_equal(data.images[50_000:], theirs.data)
    np.testing.assert_array_equal(data.labels[50_000:], theirs.targets)
    assert data.names.tolist() == theirs.classes


def test_lfw(tmp_path):
    fetch_lfw(
        tmp_path / "lfw.tar", "publishers", "deepfunneled", mirror_with("lfw-deepfunneled.tgz", "images_deepfunneled")
    )
    faces, doubles, in_archive = dedupe_lfw(tmp_path / "lfw.tar", 64, "one_per_person", 0.1, 36, 0)
    found = {(double.kept.split("/")[1], double.dropped.split("/")[1]) for double in doubles}
    # looked at: each is one picture, and the nearest pair of different ones is 40 bits apart
    assert len(found) == 18
    assert found >= {
        ("Emmy_Rossum_0001.jpg", "Eva_Amurri_0001.jpg"),
        ("Bart_Hendricks_0001.jpg", "Ricky_Ray_0001.jpg"),
        ("Carlos_Beltran_0001.jpg", "Raul_Ibanez_0001.jpg"),
        ("Andrew_Caldecott_0001.jpg", "Andrew_Gilligan_0001.jpg"),
        ("Gabrielle_Rose_0001.jpg", "Martha_Bowen_0002.jpg"),
    }
    counts = summary(faces, doubles, in_archive, "publishers")
    assert (counts["images_in_archive"], counts["people"], counts["images"]) == (13_233, 5_745, 5_745)
    assert (counts["train_images"], counts["held_out_images"]) == (5_171, 574)
