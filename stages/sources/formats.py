"""MNIST and CIFAR-10 as tables of labelled images."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from stages.base.tables import Images


def read_images(publisher: Callable[..., Any], root: Path) -> Images:
    """What a class of torchvision.datasets, MNIST or CIFAR10, reads below `root`, training files first.

    CIFAR-10 comes as pickles, which can run code: nothing but verified files may lie there.
    """
    parts = [publisher(root, train=train) for train in (True, False)]
    images = np.concatenate([part.data for part in parts])
    labels = np.concatenate([part.targets for part in parts])
    names = [name.split(" - ")[0] for name in parts[0].classes]  # MNIST has '0 - zero'
    return tabulate(images, labels, names, len(parts[0]))


def tabulate(images: np.ndarray, labels: np.ndarray, names: Sequence[str], training: int) -> Images:
    """Images (N, H, W) or (N, H, W, C) as a table: the first `training` rows are split `train`, the others `test`."""
    index = np.arange(len(labels))
    return Images(
        labels=labels.astype(np.int64),
        split=np.where(index < training, "train", "test"),
        index=index,
        images=images.reshape(*images.shape[:3], -1),
        names=np.array(names),
    )
