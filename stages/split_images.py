"""MNIST or CIFAR-10 as one file, with a validation split drawn once from the publisher's training images."""

from pathlib import Path

import numpy as np
from sklearn.model_selection import train_test_split

from stages.base.errors import StageError
from stages.base.params import Count, Seed, load
from stages.base.tables import Images
from stages.sources.formats import Labelled, read_cifar10, read_mnist

SETS = {
    "mnist": (read_mnist, Path("data/raw/mnist"), Path("data/digits/mnist.npz")),
    "cifar10": (read_cifar10, Path("data/raw/cifar10"), Path("data/objects/cifar10.npz")),
}


def split_images(data: Labelled, validation: int, seed: int, key: str = "validation") -> Images:
    """`data` with its splits: `validation` rows of the training files, stratified, are set aside by the seed.

    Raises StageError, naming the parameter's `key`, where the training files are too few for that.
    """
    rows = np.arange(data.training)
    classes = len(np.unique(data.labels[rows]))
    if not classes <= validation <= data.training - classes:
        raise StageError(
            f"params.yaml: {key} is {validation}: of {data.training} training images in {classes} classes, "
            f"from {classes} to {data.training - classes} can be set aside"
        )
    held = train_test_split(rows, test_size=validation, random_state=seed, stratify=data.labels[rows])[1]
    split = np.full(len(data.labels), "test", dtype="<U10")
    split[rows] = "train"
    split[held] = "validation"
    return Images(
        labels=data.labels, split=split, index=np.arange(len(data.labels)), images=data.images, names=data.names
    )


def main(name: str) -> None:
    if name not in SETS:
        raise StageError(f"no data set {name!r}: there are {' and '.join(SETS)}")
    reader, source, target = SETS[name]
    key = f"data.{name}.validation"
    split_images(reader(source), load(key, Count), load("data.seed", Seed), key).write(target)
