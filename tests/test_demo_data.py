import io

import numpy as np
import pytest
from PIL import Image

from stages.fetch_cifar10 import fetch_cifar10
from stages.fetch_lfw import fetch_lfw
from stages.fetch_mnist import fetch_mnist
from stages.sources import small_data
from stages.sources.face_tar import FaceTar
from stages.sources.formats import read_cifar10, read_mnist


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def fill(folder):
    fetch_mnist(folder / "mnist", "demo")
    fetch_cifar10(folder / "cifar10", "demo")
    fetch_lfw(folder / "lfw.tar", "demo", "deepfunneled")


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    """A folder with all demo data in their raw formats."""
    folder = tmp_path_factory.mktemp("raw")
    fill(folder)
    return folder


def test_the_same_demo_data_come_out_each_time(raw, tmp_path):
    fill(tmp_path)
    assert contents(raw) == contents(tmp_path)


def test_the_digits_are_scikit_learns(raw):
    data = read_mnist(raw / "mnist")
    assert data.images.shape == (1797, 28, 28, 1)
    assert data.training == 1437
    assert data.images[:, :4].max() == data.images[:, :, -4:].max() == 0
    assert data.images.max() == 255
    assert data.labels[:12].tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]


def test_the_objects_are_of_all_classes_and_differ(raw):
    data = read_cifar10(raw / "cifar10")
    assert " ".join(data.names) == "airplane automobile bird cat deer dog frog horse ship truck"
    assert data.training == 600
    assert np.bincount(data.labels[:600]).tolist() == [60] * 10
    assert np.bincount(data.labels[600:]).tolist() == [20] * 10
    assert len(np.unique(data.images.reshape(800, -1), axis=0)) == 800


def test_the_objects_can_be_told_apart_but_not_by_their_colour(raw):
    ensemble = pytest.importorskip("sklearn.ensemble")
    data = read_cifar10(raw / "cifar10")

    def accuracy(features):
        forest = ensemble.RandomForestClassifier(100, random_state=0)
        return forest.fit(features[:600], data.labels[:600]).score(features[600:], data.labels[600:])

    assert accuracy(data.images.mean((1, 2))) < 0.25
    assert 0.3 < accuracy(data.images.reshape(800, -1)) < 0.95


def test_the_faces_are_jpegs_as_large_as_the_real_ones(raw):
    with FaceTar(raw / "lfw.tar") as tar:
        names = tar.names()
        assert len({name.split("/")[0] for name in names}) == small_data.PEOPLE
        assert len(names) == 300
        for name in names[::50]:
            with Image.open(io.BytesIO(tar.read(name))) as image:
                assert (image.format, image.size, image.mode) == ("JPEG", (250, 250), "RGB")


def test_another_seed_draws_other_faces():
    first, second = small_data.drawn_faces(people=3, seed=0), small_data.drawn_faces(people=3, seed=1)
    assert first.keys() == second.keys()
    assert not set(first.values()) & set(second.values())
