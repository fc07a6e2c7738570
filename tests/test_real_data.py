"""The publishers' own files, where a mirror of them is named."""

import os
from pathlib import Path

import numpy as np
import pytest

from stages.dedupe_lfw import dedupe_lfw, summary
from stages.fetch_cifar10 import fetch_cifar10
from stages.fetch_lfw import fetch_lfw
from stages.fetch_mnist import fetch_mnist
from stages.split_images import split_images


def mirror_with(*names):
    """The mirror, where it has one of `names`; else the test is skipped."""
    mirror = Path(os.environ.get("AAE_DATA_MIRROR") or "/nonexistent")
    if not any((mirror / name).exists() for name in names):
        pytest.skip(f"AAE_DATA_MIRROR names no folder with {' or '.join(names)}")
    return mirror


def channel_means(images):
    return images.mean((0, 1, 2), dtype=np.float64) / 255


def test_mnist():
    data = fetch_mnist(mirror_with("MNIST/raw"))
    train, test = data.part("train"), data.part("test")
    assert (train.images.shape, test.images.shape) == ((60_000, 28, 28, 1), (10_000, 28, 28, 1))
    assert train.labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert test.labels[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    np.testing.assert_allclose(channel_means(train.images), 0.1307, atol=1e-4)
    split = split_images(data, 5000, 0)
    counts = [np.bincount(split.part(part).labels) for part in ("train", "validation")]
    np.testing.assert_allclose(counts[1] / 5000, counts[0] / 55_000, atol=2e-4)


def test_cifar10():
    data = fetch_cifar10(mirror_with("cifar-10-batches-py", "cifar-10-python.tar.gz"))
    train, test = data.part("train"), data.part("test")
    assert (train.images.shape, test.images.shape) == ((50_000, 32, 32, 3), (10_000, 32, 32, 3))
    assert np.bincount(train.labels).tolist() == [5_000] * 10
    np.testing.assert_allclose(channel_means(train.images), (0.4914, 0.4822, 0.4465), atol=1e-4)
    assert data.names[test.labels[:4]].tolist() == ["cat", "ship", "ship", "airplane"]


def test_lfw():
    files = fetch_lfw("deepfunneled", mirror_with("lfw-deepfunneled.tgz", "images_deepfunneled"))
    faces, duplicates = dedupe_lfw(files, 64, 0.05, 0.1, 36, 0)
    found = {(duplicate.kept.split("/")[1], duplicate.dropped.split("/")[1]) for duplicate in duplicates}
    # looked at: each is one picture, and the nearest pair of different ones is 40 bits apart
    assert len(found) == 18
    assert found >= {
        ("Emmy_Rossum_0001.jpg", "Eva_Amurri_0001.jpg"),
        ("Bart_Hendricks_0001.jpg", "Ricky_Ray_0001.jpg"),
        ("Carlos_Beltran_0001.jpg", "Raul_Ibanez_0001.jpg"),
        ("Andrew_Caldecott_0001.jpg", "Andrew_Gilligan_0001.jpg"),
        ("Gabrielle_Rose_0001.jpg", "Martha_Bowen_0002.jpg"),
    }
    counts = summary(faces, duplicates, len(files), "publishers")
    assert (counts["images_in_archive"], counts["people"], counts["images"]) == (13_233, 5_745, 13_215)
    assert [counts[f"{split}_people"] for split in ("train", "validation", "held_out")] == [4_884, 287, 574]
    assert counts["held_out_images"] == 1_423
