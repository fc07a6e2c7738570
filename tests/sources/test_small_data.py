import io

import numpy as np
import pytest
from PIL import Image
from sklearn.ensemble import RandomForestClassifier

from stages.sources.small_data import make_digits, make_faces, make_objects


@pytest.fixture(scope="module")
def objects():
    return make_objects()


def test_the_digits_are_scikit_learns():
    data = make_digits()
    assert data.images.shape == (1797, 28, 28, 1)
    assert (data.split == "train").sum() == 1437
    assert data.images[:, :4].max() == data.images[:, :, -4:].max() == 0
    assert data.images.max() == 255
    assert data.labels[:12].tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]


def test_the_objects_are_of_all_classes_and_differ(objects):
    assert " ".join(objects.names) == "airplane automobile bird cat deer dog frog horse ship truck"
    for split, each in (("train", 60), ("test", 20)):
        assert np.bincount(objects.part(split).labels).tolist() == [each] * 10
    assert len(np.unique(objects.images.reshape(800, -1), axis=0)) == 800


def test_the_objects_can_be_told_apart_but_not_by_their_colour(objects):
    train, test = objects.part("train"), objects.part("test")

    def accuracy(features):
        forest = RandomForestClassifier(30, random_state=0)
        return forest.fit(features(train.images), train.labels).score(features(test.images), test.labels)

    assert accuracy(lambda images: images.mean((1, 2))) < 0.25
    assert 0.3 < accuracy(lambda images: images[:, ::2, ::2].reshape(len(images), -1)) < 0.95


def test_the_faces_are_jpegs_as_large_as_the_real_ones():
    faces = make_faces(people=6)
    assert [name.split("/")[1] for name in faces] == [
        f"Drawn_Person_{person:03d}_{number:04d}.jpg"
        for person, number in ((0, 1), (0, 2), (0, 3), (1, 1), (2, 1), (3, 1), (4, 1), (5, 1), (5, 2))
    ]
    for face in faces.values():
        with Image.open(io.BytesIO(face)) as image:
            assert (image.format, image.size, image.mode) == ("JPEG", (250, 250), "RGB")
    assert len(set(faces.values())) == len(faces)


def test_the_seed_alone_draws_the_faces_and_the_objects():
    first, same, other = (make_faces(people=3, seed=seed) for seed in (0, 0, 1))
    assert first == same
    assert first.keys() == other.keys()
    assert not set(first.values()) & set(other.values())
    first, same, other = (make_objects(train=10, test=0, seed=seed).images for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, same)
    assert (first != other).any((1, 2, 3)).all()
