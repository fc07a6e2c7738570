from pathlib import Path

import numpy as np
import pytest
import yaml

from stages import split_images as stage
from stages.base.errors import StageError
from stages.base.tables import Images
from stages.sources.formats import tabulate
from stages.sources.small_data import make_digits, make_objects
from stages.split_images import split_images


def labelled(training=80, test=20, classes=4):
    total = training + test
    images = np.arange(total, dtype=np.uint8)[:, None, None, None] * np.ones((1, 2, 2, 1), np.uint8)
    return tabulate(images, np.arange(total) % classes, [str(n) for n in range(classes)], training)


def test_validation_is_stratified_and_taken_from_the_training_files():
    images = split_images(labelled(), 12, 0)
    assert np.bincount(images.labels[images.split == "validation"]).tolist() == [3, 3, 3, 3]
    assert (images.split == "train").sum() == 68
    assert images.index[images.split == "test"].tolist() == list(range(80, 100))


def test_rows_keep_the_publishers_order():
    images = split_images(labelled(), 12, 0)
    assert images.index.tolist() == list(range(100))
    for part in ("train", "validation", "test"):
        rows = images.part(part)
        np.testing.assert_array_equal(rows.images[:, 0, 0, 0], rows.index)
        np.testing.assert_array_equal(rows.labels, rows.index % 4)


def test_the_seed_alone_draws_the_split():
    first, same, other = (split_images(labelled(), 12, seed).split for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, same)
    assert (first != other).any()


@pytest.mark.parametrize("validation", [1, 3, 77, 80, 5000])
def test_a_split_that_cannot_be_drawn_names_its_parameter(validation):
    with pytest.raises(StageError, match=rf"data.mnist.validation is {validation}: .* from 4 to 76 can"):
        split_images(labelled(), validation, 0, "data.mnist.validation")


@pytest.mark.parametrize(
    ("name", "make", "target", "shape", "sizes"),
    [
        ("mnist", make_digits, "data/digits/mnist.npz", (28, 28, 1), (1237, 200, 360)),
        ("cifar10", lambda: make_objects(80, 20), "data/objects/cifar10.npz", (32, 32, 3), (60, 20, 20)),
    ],
    ids=["mnist", "cifar10"],
)
def test_the_stage_writes_what_the_next_ones_read(name, make, target, shape, sizes):
    params = {"data": {"seed": 0, "mnist": {"validation": 200}, "cifar10": {"validation": 20}}}
    Path("params.yaml").write_text(yaml.safe_dump(params))
    make().write(f"data/raw/{name}.npz")
    stage.main(name)
    first = Path(target).read_bytes()
    images = Images.read(target)
    assert images.images.shape[1:] == shape
    assert images.images.dtype == np.uint8
    assert tuple(len(images.part(part)) for part in ("train", "validation", "test")) == sizes
    stage.main(name)
    assert Path(target).read_bytes() == first


def test_an_unknown_data_set_is_refused():
    with pytest.raises(StageError, match="mnist and cifar10"):
        stage.main("imagenet")
