"""MNIST or CIFAR-10 with a validation split, drawn once from the publisher's training images."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from sklearn.model_selection import train_test_split

from stages.base.errors import StageError
from stages.base.params import Count, Seed, load
from stages.base.tables import Images

SETS = {
    "mnist": (Path("data/raw/mnist.npz"), Path("data/digits/mnist.npz")),
    "cifar10": (Path("data/raw/cifar10.npz"), Path("data/objects/cifar10.npz")),
}


def check_validation(validation: int, training: int, classes: int, key: str = "validation") -> None:
    """Raise StageError, naming the parameter's `key`, where no stratified split of that size can be drawn."""
    if not classes <= validation <= training - classes:
        raise StageError(
            f"params.yaml: {key} is {validation}: of {training} training images in {classes} classes, "
            f"from {classes} to {training - classes} can be set aside"
        )


def split_images(images: Images, validation: int, seed: int, key: str = "validation") -> Images:
    """`images` with `validation` rows of split `train`, stratified and drawn by the seed, in split `validation`.

    Raises StageError, naming the parameter's `key`, where the training images are too few for that.
    """
    rows = np.flatnonzero(images.split == "train")
    labels = images.labels[rows]
    check_validation(validation, len(rows), len(np.unique(labels)), key)
    split = images.split.astype("<U10")
    split[train_test_split(rows, test_size=validation, random_state=seed, stratify=labels)[1]] = "validation"
    return replace(images, split=split)


def main(name: str) -> None:
    if name not in SETS:
        raise StageError(f"no data set {name!r}: there are {' and '.join(SETS)}")
    source, target = SETS[name]
    validation, seed = load(f"data.{name}.validation", Count), load("data.seed", Seed)
    split_images(Images.read(source), validation, seed, f"data.{name}.validation").write(target)
