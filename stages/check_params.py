"""Check params.yaml as a whole, before any stage works: `python -m stages.check_params`.

Each stage checks the section that it reads. Here stand the whole file and what its sections need of each other.
"""

import math
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from stages.base.files import replacing
from stages.base.params import Count, DataSource, Section, Seed, at, hint, problems, refusal, tree
from stages.compare_classifiers import PAIR, TEN, Transfer
from stages.dedupe_lfw import HashDistance, HeldOut, ImageSize, Keep
from stages.draw_digits import Digits as DrawDigits
from stages.draw_faces import Faces as DrawFaces
from stages.fetch_lfw import Edition
from stages.learning.compute import ComputeParams
from stages.measure_digits import Measure
from stages.render_gifs import Gifs
from stages.show.style import Style
from stages.sources import lfw, small_data
from stages.sources.drawing import SHAPES
from stages.train_cnn import CNNParams
from stages.train_digits import Common, Training, Variant
from stages.train_faces import Model
from stages.train_lightgbm import Common as BoostingCommon
from stages.train_lightgbm import Settings, Task

Name = Annotated[str, Field(pattern=r"^\w+$")]  # part of a file's name and of a command

# training images, those set aside for validation included; of faces an upper bound, for doubles are dropped
SIZES = {
    "publishers": {"mnist": 60_000, "cifar10": 50_000, "one_per_person": lfw.PEOPLE, "all": lfw.IMAGES},
    "demo": {
        "mnist": small_data.DIGITS - small_data.TEST_DIGITS,
        "cifar10": small_data.TRAIN_OBJECTS,
        "one_per_person": small_data.PEOPLE,
        "all": math.inf,
    },
}
CLASSES = 10  # of digits, and of objects


class Validation(Section):
    validation: Count


class Lfw(Section):
    edition: Edition


class Data(Section):
    source: DataSource
    seed: Seed
    mnist: Validation
    cifar10: Validation
    lfw: Lfw


class Digits(Section):
    common: Common
    priors: Annotated[dict[Name, Variant], Field(min_length=1)]


class Faces(Section):
    image_size: ImageSize
    keep: Keep
    held_out: HeldOut
    hash_distance: HashDistance
    model: Model
    train: Training


class Controls(Section):
    seed: Seed


class Boosting(Section):
    common: BoostingCommon
    settings: dict[Name, Settings]
    runs: dict[Name, Task]


class Draw(Section):
    style: Style
    digits: DrawDigits
    faces: DrawFaces
    transfer: Transfer


class Params(Section):
    """All of params.yaml."""

    data: Data
    compute: ComputeParams
    digits: Digits
    faces: Faces
    cnn: CNNParams
    controls: Controls
    lightgbm: Boosting
    measure: Measure
    draw: Draw
    gifs: Gifs


def conflicts(values: Any) -> Iterator[str]:
    """What keys of different sections need of each other. Keys that are wrong on their own are passed over."""
    yield from splits_and_batches(values)
    yield from face_sizes(values)
    yield from digit_priors(values)
    yield from boosting_runs(values)


def number(values: Any, key: str) -> float:
    """The number at a dotted key, or NaN, which no comparison holds for."""
    value = at(values, key)
    return value if isinstance(value, int | float) else math.nan


def entries(values: Any, key: str) -> dict[str, Any]:
    """The mapping at a dotted key, or none."""
    value = at(values, key)
    return value if isinstance(value, dict) else {}


def size(values: Any, name: str) -> float:
    """Training images of a data set, by its name in `SIZES`."""
    return SIZES.get(str(at(values, "data.source")), {}).get(name, math.nan)


def splits_and_batches(values: Any) -> Iterator[str]:
    for name, batch in {"mnist": "digits.common.training.batch_size", "cifar10": "cnn.train.batch_size"}.items():
        images, validation = size(values, name), number(values, f"data.{name}.validation")
        if validation < CLASSES or validation > images - CLASSES:
            yield (
                f"data.{name}.validation: of {images} training images in {CLASSES} classes, "
                f"{CLASSES} to {images - CLASSES} can be set aside (got {validation})"
            )
        elif number(values, batch) > images - validation:
            yield f"{batch}: {number(values, batch)} is more than the {images - validation} training images: lower it"
    faces = size(values, str(at(values, "faces.keep"))) * (1 - number(values, "faces.held_out"))
    if number(values, "faces.train.batch_size") > faces:
        yield f"faces.train.batch_size: {number(values, 'faces.train.batch_size')} is more than the {faces:.0f} faces"


def face_sizes(values: Any) -> Iterator[str]:
    channels = at(values, "faces.model.channels")
    multiple = 2 ** len(channels) if isinstance(channels, list) else 1
    if number(values, "faces.image_size") % multiple > 0:
        yield (
            f"faces.image_size: {number(values, 'faces.image_size')} cannot be halved once per entry of "
            f"faces.model.channels: make it a multiple of {multiple}"
        )


def digit_priors(values: Any) -> Iterator[str]:
    images = size(values, "mnist") - number(values, "data.mnist.validation")
    for name, entry in entries(values, "digits.priors").items():
        if problems(entry, Variant):
            continue
        variant = Variant.model_validate(entry)
        parts, told = variant.prior.components, variant.labelled * images
        if variant.prior.dim < 2:
            yield f"digits.priors.{name}.prior.dim: the pictures need two dimensions (got {variant.prior.dim})"
        if variant.labelled and parts != CLASSES:
            yield f"digits.priors.{name}.labelled: labels need a prior of {CLASSES} parts, this one has {parts}"
        if variant.labelled and images > 0 and (told < CLASSES or 0 < images - told < CLASSES):
            yield f"digits.priors.{name}.labelled: {variant.labelled} leaves a class without a told or an untold label"


def boosting_runs(values: Any) -> Iterator[str]:
    runs, settings = entries(values, "lightgbm.runs"), entries(values, "lightgbm.settings")
    for name in sorted({*TEN, *PAIR} - {"cnn", *runs}) if runs else []:
        yield f"lightgbm.runs.{name}: missing, and compare_classifiers shows it"
    if len({str(at(runs, f"{name}.classes")) for name in PAIR if name in runs}) > 1:
        yield f"lightgbm.runs: {' and '.join(PAIR)} need the same classes, because one picture compares them"
    for name, task in runs.items():
        chosen, classes = at(task, "settings"), at(task, "classes")
        if chosen and chosen not in settings:
            close = hint(str(chosen), settings)
            yield f"lightgbm.runs.{name}.settings: no entry {chosen!r} in lightgbm.settings{close}"
        for label, times in Counter(map(str, classes)).items() if isinstance(classes, list) else []:
            if times > 1:
                yield f"lightgbm.runs.{name}.classes: {label} stands there {times} times"
            if label not in SHAPES:  # the demo's objects have the names of CIFAR-10's classes
                yield f"lightgbm.runs.{name}.classes: CIFAR-10 has no class {label!r}{hint(label, SHAPES)}"


def main() -> None:
    values = tree()
    if found := [*problems(values, Params), *conflicts(values)]:
        raise refusal(found)
    with replacing(Path("data/checked.txt")) as part:
        part.write_text("params.yaml fits the stages\n", encoding="utf-8")
    print("params.yaml is right")
