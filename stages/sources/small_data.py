"""Small data for `make demo` and the tests, in the publishers' formats: nothing of it is downloaded.

Digits are the real handwritten ones that ship with scikit-learn, enlarged; faces and objects are drawn.
"""

import gzip
import io
import pickle
import struct
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

from stages.sources.drawing import OBJECT, SHAPES, draw_face, draw_object

SEED = 0
DIGITS, TEST_DIGITS = 1797, 360
PEOPLE = 240
DOUBLES = {(31, 1): (7, 1), (120, 1): (60, 2)}  # (person, number) filed a second time: the picture that it repeats
TRAIN_OBJECTS, TEST_OBJECTS, BATCHES = 600, 200, 5


def write_mnist(root: Path) -> None:
    """scikit-learn's digits, 28 x 28, as the four files of MNIST below `root`."""
    digits = load_digits()
    images = np.stack([enlarged(image) for image in digits.images])  # (1797, 28, 28)
    border = len(images) - TEST_DIGITS
    for part, rows in (("train", slice(border)), ("t10k", slice(border, None))):
        write_idx(root / f"MNIST/raw/{part}-images-idx3-ubyte.gz", images[rows])
        write_idx(root / f"MNIST/raw/{part}-labels-idx1-ubyte.gz", digits.target[rows].astype(np.uint8))


def enlarged(digit: np.ndarray) -> np.ndarray:
    """An 8 x 8 digit with values 0 to 16 as 28 x 28 uint8, with MNIST's margin of 4 pixels."""
    small = Image.fromarray((digit * 255 / 16).astype(np.uint8))
    return np.pad(np.asarray(small.resize((20, 20), Image.Resampling.BICUBIC)), 4)


def write_idx(path: Path, values: np.ndarray) -> None:
    """An array of uint8 as a gzipped idx file, with no time in it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    head = struct.pack(f">HBB{values.ndim}I", 0, 8, values.ndim, *values.shape)  # 8: unsigned byte
    path.write_bytes(gzip.compress(head + values.tobytes(), mtime=0))


def write_cifar10(folder: Path, train: int = TRAIN_OBJECTS, test: int = TEST_OBJECTS, seed: int = SEED) -> None:
    """Drawn objects of CIFAR-10's classes as its batches in `folder`; each class has as many as the others."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng([seed, 10])
    names = list(SHAPES)
    labels = np.concatenate([rng.permutation(np.arange(count) % len(names)) for count in (train, test)])
    planes = np.stack([planar(draw_object(names[label], rng)) for label in labels])  # (train + test, 3072)
    borders = [*np.linspace(0, train, BATCHES + 1).astype(int), train + test]
    files = [*(f"data_batch_{number + 1}" for number in range(BATCHES)), "test_batch"]
    for name, start, end in zip(files, borders[:-1], borders[1:], strict=True):
        write_pickle(folder / name, {"labels": labels[start:end].tolist(), "data": planes[start:end]})
    write_pickle(folder / "batches.meta", {"label_names": names, "num_vis": planes.shape[1]})


def planar(image: Image.Image) -> np.ndarray:
    """A picture as CIFAR-10 stores it: all red values, then green, then blue."""
    return np.asarray(image).transpose(2, 0, 1).reshape(3 * OBJECT * OBJECT)


def write_pickle(path: Path, content: dict[str, object]) -> None:
    """A pickle of the protocol that the publisher used."""
    path.write_bytes(pickle.dumps(content, protocol=2))


def drawn_faces(people: int = PEOPLE, seed: int = SEED) -> dict[str, bytes]:
    """JPEGs of drawn people by the names PERSON/PERSON_0001.jpg.

    Every fifth person has two images and every twentieth three. `DOUBLES` are pictures filed a second time, the
    first byte for byte, the second compressed anew: what a search for doubles is to find.
    """
    faces = {
        (person, number): draw_face(
            np.random.default_rng([seed, person]), np.random.default_rng([seed, person, number])
        )
        for person in range(people)
        for number in range(1, 2 + (person % 5 == 0) + (person % 20 == 0))
    }
    files = {key: jpeg(face, 92) for key, face in faces.items()}
    for (copy, original), quality in zip(DOUBLES.items(), (92, 75), strict=True):
        if copy[0] < people and original in faces:
            files[copy] = jpeg(faces[original], quality)
    return {filed(*key): file for key, file in files.items()}


def filed(person: int, number: int) -> str:
    """The name under which a picture is filed."""
    return f"Drawn_Person_{person:03d}/Drawn_Person_{person:03d}_{number:04d}.jpg"


def jpeg(image: Image.Image, quality: int) -> bytes:
    """The picture as a JPEG file."""
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return file.getvalue()
