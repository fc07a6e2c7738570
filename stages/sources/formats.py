"""The publishers' formats of MNIST and CIFAR-10, read into arrays without executing what a file says."""

import io
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from torchvision.datasets import CIFAR10, MNIST
from torchvision.datasets.mnist import read_image_file, read_label_file

from stages.base.errors import StageError

# what numpy's arrays need, by the names that Python 2 and the numpy of today give it
ADMITTED = {
    ("numpy.core.multiarray", "_reconstruct"): ("numpy._core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "_reconstruct"): ("numpy._core.multiarray", "_reconstruct"),
    ("numpy", "ndarray"): ("numpy", "ndarray"),
    ("numpy", "dtype"): ("numpy", "dtype"),
    ("_codecs", "encode"): ("_codecs", "encode"),
}


@dataclass(frozen=True)
class Labelled:
    """A publisher's data set: the rows of its training files, then those of its test files."""

    images: np.ndarray  # (N, H, W, C) uint8
    labels: np.ndarray  # (N,) int64
    names: np.ndarray  # (classes,) text
    training: int  # rows of the training files


def read_mnist(root: Path) -> Labelled:
    """MNIST in torchvision's layout below `root`: images N x 28 x 28 x 1.

    Raises StageError where a file is damaged or the files do not belong together.
    """
    raw = root / "MNIST/raw"
    parts = [
        (
            parsed(read_image_file, raw / f"{part}-images-idx3-ubyte"),
            parsed(read_label_file, raw / f"{part}-labels-idx1-ubyte"),
        )
        for part in ("train", "t10k")
    ]
    images = np.concatenate([images for images, _ in parts])[..., None]  # (N, 28, 28, 1)
    labels = np.concatenate([labels for _, labels in parts])
    names = np.array([name.split(" ")[0] for name in MNIST.classes])
    return checked(Labelled(images, labels, names, len(parts[0][0])), raw, [(len(a), len(b)) for a, b in parts])


def parsed(reader: Any, path: Path) -> np.ndarray:
    """An idx file as an array."""
    if not path.is_file():
        raise StageError(f"{path} is missing: delete its folder and run `dvc repro`")
    try:
        return reader(str(path)).numpy()
    except (AssertionError, IndexError, KeyError, RuntimeError, TypeError, ValueError) as error:
        raise StageError(f"{path} is damaged ({error}): delete its folder and run `dvc repro`") from error


def read_cifar10(root: Path) -> Labelled:
    """CIFAR-10 in torchvision's layout below `root`: images N x 32 x 32 x 3.

    Raises StageError where a file is damaged or holds anything but arrays, numbers and text.
    """
    folder = root / CIFAR10.base_folder
    train, test = ([batch(folder / name) for name, _ in files] for files in (CIFAR10.train_list, CIFAR10.test_list))
    planes = np.concatenate([data for data, _ in train + test])
    images = np.ascontiguousarray(planes.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1))  # (N, 32, 32, 3)
    labels = np.concatenate([labels for _, labels in train + test])
    names = np.array(fields(folder / CIFAR10.meta["filename"], CIFAR10.meta["key"])[0])
    training = sum(len(data) for data, _ in train)
    return checked(Labelled(images, labels, names, training), folder, [(len(a), len(b)) for a, b in train + test])


def batch(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Planes (n, 3072) uint8 and labels (n,) int64 of one batch."""
    data, labels = fields(path, "data", "labels")
    if not (isinstance(data, np.ndarray) and data.dtype == np.uint8 and data.shape[1:] == (3072,)):
        raise StageError(f"{path} holds no images of 3 x 32 x 32: delete its folder and run `dvc repro`")
    if not (isinstance(labels, list) and all(isinstance(label, int) for label in labels)):
        raise StageError(f"{path} has labels that are no numbers: delete its folder and run `dvc repro`")
    return data, np.array(labels, dtype=np.int64)


def fields(path: Path, *keys: str) -> list[Any]:
    """The named entries of a pickled dictionary."""
    if not path.is_file():
        raise StageError(f"{path} is missing: delete its folder and run `dvc repro`")
    try:
        content = ArrayUnpickler(io.BytesIO(path.read_bytes()), encoding="latin1").load()
        return [content[key] for key in keys]
    except StageError as error:
        raise StageError(f"{path} {error}") from error
    except Exception as error:  # a damaged pickle raises nearly anything
        raise StageError(f"{path} is damaged ({error}): delete its folder and run `dvc repro`") from error


class ArrayUnpickler(pickle.Unpickler):
    """Builds numbers, text, containers and numpy arrays, and calls nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in ADMITTED:
            raise StageError(f"asks to run {module}.{name}, which no data set needs: it is not the publisher's")
        return super().find_class(*ADMITTED[module, name])


def checked(data: Labelled, where: Path, lengths: list[tuple[int, int]]) -> Labelled:
    """`data`, where images and labels belong together; else StageError."""
    if any(images != labels for images, labels in lengths):
        raise StageError(f"{where} has not as many labels as images: delete it and run `dvc repro`")
    if not len(data.labels) or data.labels.min() < 0 or data.labels.max() >= len(data.names):
        raise StageError(f"{where} has labels outside of its {len(data.names)} classes: delete it and run `dvc repro`")
    return data
