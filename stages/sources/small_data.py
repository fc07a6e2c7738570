"""Small data for `make demo` and the tests: nothing of it is downloaded.

Digits are the real handwritten ones that ship with scikit-learn, enlarged; faces and objects are drawn.
"""

import io

import numpy as np
from PIL import Image

from stages.base.tables import Images
from stages.sources.drawing import SHAPES, draw_face, draw_object
from stages.sources.formats import tabulate

SEED = 0
DIGITS, TEST_DIGITS = 1797, 360
PEOPLE = 240
# (person, number) filed a second time: the picture that it repeats, and the quality with which it is compressed
DUPLICATES = {(31, 1): (7, 1, 92), (120, 1): (60, 2, 75)}
TRAIN_OBJECTS, TEST_OBJECTS = 600, 200


def make_digits() -> Images:
    """scikit-learn's digits, 28 x 28 x 1."""
    from sklearn.datasets import load_digits  # takes seconds, also where the data are real ones

    digits = load_digits()
    images = np.stack([enlarge(image) for image in digits.images])  # (1797, 28, 28)
    return tabulate(images, digits.target, list("0123456789"), len(images) - TEST_DIGITS)


def enlarge(digit: np.ndarray) -> np.ndarray:
    """An 8 x 8 digit with values 0 to 16 as 28 x 28 uint8, with MNIST's margin of 4 pixels."""
    small = Image.fromarray((digit * 255 / 16).astype(np.uint8))
    return np.pad(np.asarray(small.resize((20, 20), Image.Resampling.BICUBIC)), 4)


def make_objects(train: int = TRAIN_OBJECTS, test: int = TEST_OBJECTS, seed: int = SEED) -> Images:
    """Drawn objects of CIFAR-10's classes, 32 x 32 x 3; each class has as many as the others."""
    rng = np.random.default_rng([seed, 10])
    names = list(SHAPES)
    labels = np.concatenate([rng.permutation(np.arange(count) % len(names)) for count in (train, test)])
    images = np.stack([np.asarray(draw_object(names[label], rng)) for label in labels])
    return tabulate(images, labels, names, train)


def make_faces(people: int = PEOPLE, seed: int = SEED) -> dict[str, bytes]:
    """JPEGs of drawn people by the names PERSON/PERSON_0001.jpg.

    Every fifth person has two images and every twentieth three. `DUPLICATES` are filed a second time, the first
    byte for byte, the second compressed anew: what a search for them is to find.
    """
    faces = {
        (person, number): draw_face(
            np.random.default_rng([seed, person]), np.random.default_rng([seed, person, number])
        )
        for person in range(people)
        for number in range(1, 2 + (person % 5 == 0) + (person % 20 == 0))
    }
    files = {key: jpeg(face, 92) for key, face in faces.items()}
    for copy, (*original, quality) in DUPLICATES.items():
        if copy in faces:
            files[copy] = jpeg(faces[tuple(original)], quality)
    return {file_name(*key): file for key, file in files.items()}


def file_name(person: int, number: int) -> str:
    """The name under which a picture is filed."""
    return f"Drawn_Person_{person:03d}/Drawn_Person_{person:03d}_{number:04d}.jpg"


def jpeg(image: Image.Image, quality: int) -> bytes:
    """The picture as a JPEG file."""
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return file.getvalue()
