"""Check params.yaml as a whole, before any stage works.

Each stage checks the section that it reads. Here stand the whole file and what its sections need of each other; a
rule that a stage owns is called here, not told again.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from stages.aae.identity_training import IdentityTraining
from stages.aae.objectives import BANDS
from stages.aae.priors import AnyPrior, Gaussian
from stages.aae.semi_training import SemiTraining
from stages.base.batches import steps_per_epoch
from stages.base.errors import StageError
from stages.base.files import replacing
from stages.base.params import Count, DataSource, Section, Seed, override, read_params
from stages.base.people import Which
from stages.base.problems import hint, problems
from stages.base.sentences import list_problems, sentence
from stages.build_page import Page
from stages.cnn.augment import Views
from stages.cnn.network import Widths
from stages.cnn.training import CNNTraining
from stages.compare_classifiers import DrawTransfer
from stages.dedupe_lfw import HashDistance, ImageSize, Share, count_people
from stages.draw_digits import DrawDigits
from stages.draw_faces import DrawFaces
from stages.draw_identity import DrawIdentity
from stages.draw_semi import DrawSemi
from stages.export_features import AnyFeatures
from stages.fetch_lfw import EDITIONS, FaceSource
from stages.learning.compute import ComputeParams
from stages.measure.codes import FOLDS
from stages.measure_digits import Measure
from stages.render_gifs import Gifs
from stages.show.style import Style
from stages.sources import lfw, small_data
from stages.sources.drawing import SHAPES
from stages.split_images import check_validation
from stages.train_digits import DigitsTraining, check_labels
from stages.train_faces import FaceModel, FaceTraining, check_model
from stages.train_identity import check_person
from stages.train_lightgbm import BoostingCommon, BoostingSettings, Classes
from stages.train_linear import LinearCommon
from stages.train_semi import SemiModel, SemiVariant, check_variant

Name = Annotated[str, Field(pattern=r"^\w+$")]  # part of a file's name and of a command
DIGITS_SIDE = 28  # pixels
CLASSES = list(SHAPES)  # the made-up objects have the names of CIFAR-10's classes

# training images, those set aside for validation included; of faces an upper bound, for duplicates are dropped
SIZES = {
    "publishers": {"mnist": 60_000, "cifar10": 50_000, "one_per_person": lfw.PEOPLE, "all": lfw.IMAGES},
    "demo": {
        "mnist": small_data.DIGITS - small_data.TEST_DIGITS,
        "cifar10": small_data.TRAIN_OBJECTS,
        "one_per_person": small_data.PEOPLE,
        "all": math.inf,
    },
}


class Validation(Section):
    validation: Count


class FaceData(Section):
    source: FaceSource


class Data(Section):
    source: DataSource
    seed: Seed
    mnist: Validation
    cifar10: Validation
    faces: FaceData


class DigitsCommon(Section):
    hidden: list[Count]
    discriminator: list[Count]
    training: DigitsTraining


class DigitsVariant(Section):
    label: str
    prior: AnyPrior
    training: dict[str, Any]


class Digits(Section):
    common: DigitsCommon
    priors: Annotated[dict[Name, DigitsVariant], Field(min_length=1)]


class SemiCommon(Section):
    model: SemiModel
    training: SemiTraining


class SemiEntry(SemiVariant):
    label: str
    model: dict[str, Any]
    training: dict[str, Any]


class Semi(Section):
    labels_seed: Seed
    styles_seed: Seed
    validation: Count
    common: SemiCommon
    variants: Annotated[dict[Name, SemiEntry], Field(min_length=1)]


class FacesCommon(Section):
    model: FaceModel
    training: FaceTraining


class FacesVariant(Section):
    label: str
    images: Which
    model: dict[str, Any]
    training: dict[str, Any]


class Faces(Section):
    image_size: ImageSize
    validation: Share
    held_out: Share
    hash_distance: HashDistance
    common: FacesCommon
    variants: Annotated[dict[Name, FacesVariant], Field(min_length=1)]


class Identity(Section):
    model: str
    person: Count
    training: IdentityTraining


class Specialist(Section):
    label: str
    widths: Widths
    views: Views
    validation: Count
    training: CNNTraining


class Classifier(Section):
    label: str
    features: str
    settings: str
    classes: Classes


class Boosting(Section):
    common: BoostingCommon
    settings: dict[Name, BoostingSettings]
    classifiers: dict[Name, Classifier]


class Probe(Section):
    label: str
    features: str


class Linear(Section):
    common: LinearCommon
    classifiers: dict[Name, Probe]


class Draw(Section):
    style: Style
    digits: DrawDigits
    semi: DrawSemi
    faces: DrawFaces
    identity: DrawIdentity
    transfer: DrawTransfer


class Params(Section):
    """All of params.yaml."""

    data: Data
    compute: ComputeParams
    digits: Digits
    semi: Semi
    faces: Faces
    identity: Identity
    cnn: Specialist
    features: dict[Name, AnyFeatures]
    lightgbm: Boosting
    linear: Linear
    measure: Measure
    draw: Draw
    gifs: Gifs
    page: Page


def wrong_variants(values: Any) -> Iterator[str]:
    """What is wrong with training values that stand in place of common ones; `values` fit `Params`."""
    for section, entries, kinds in (
        ("digits", "priors", {"training": DigitsTraining}),
        ("semi", "variants", {"model": SemiModel, "training": SemiTraining}),
        ("faces", "variants", {"model": FaceModel, "training": FaceTraining}),
    ):
        for name, entry in values[section][entries].items():
            for part, kind in kinds.items():
                merged = override(values[section]["common"][part], entry[part])
                yield from problems(merged, kind, f"{section}.{entries}.{name}.{part}")


def conflicts(values: Any) -> Iterator[str]:
    """What keys of different sections need of each other; `values` fit `Params`, and so do their variants."""
    params = Params.model_validate(values)
    sizes = SIZES[params.data.source]
    left = {}
    for name in ("mnist", "cifar10"):
        validation = getattr(params.data, name).validation
        wrong = [*fault(check_validation, validation, sizes[name], len(CLASSES), f"data.{name}.validation")]
        yield from wrong
        left[name] = math.inf if wrong else sizes[name] - validation  # so that one wrong value is one problem
    watched = {"semi": ("mnist", params.semi.validation), "cnn": ("cifar10", params.cnn.validation)}
    for section, (name, images) in watched.items():
        if left[name] < math.inf and images > (there := getattr(params.data, name).validation):
            yield f"{section}.validation: {images} images cannot be watched of the {there} of data.{name}.validation"
    learned = left["cifar10"] + params.data.cifar10.validation - params.cnn.validation
    yield from fault(steps_per_epoch, learned, params.cnn.training.batch_size, key="cnn.training")

    for name, variant in params.digits.priors.items():
        key = f"digits.priors.{name}"
        training = DigitsTraining(**override(values["digits"]["common"]["training"], variant.training))
        yield from fault(steps_per_epoch, left["mnist"], training.batch_size, key=key)
        yield from fault(check_labels, key, variant.prior, training.labelled, len(CLASSES), left["mnist"])
        yield from too_far(key, training.shift, DIGITS_SIDE)
        if variant.prior.dim < 2:
            yield f"{key}.prior.dim: the pictures need two dimensions (got {variant.prior.dim})"

    for name, variant in params.semi.variants.items():
        key = f"semi.variants.{name}"
        training = SemiTraining(**override(values["semi"]["common"]["training"], variant.training))
        yield from fault(steps_per_epoch, left["mnist"], training.batch_size, key=key)
        yield from fault(check_variant, key, variant, len(CLASSES), left["mnist"] // len(CLASSES))

    faces, people, wrong = params.faces, sizes["one_per_person"], []
    # of a folder's pictures nobody knows the number before they are read
    unknown = params.data.source == "publishers" and params.data.faces.source not in EDITIONS
    if not unknown:
        wrong = [*fault(count_people, people, faces.validation, faces.held_out)]
        yield from wrong
        if 0 < (held_out := round(people * faces.held_out)) < FOLDS:
            yield f"faces.held_out: scores need at least {FOLDS} held-out people (got {held_out})"
    for name, variant in faces.variants.items():
        key = f"faces.variants.{name}"
        model = FaceModel(**override(values["faces"]["common"]["model"], variant.model))
        training = FaceTraining(**override(values["faces"]["common"]["training"], variant.training))
        images = math.inf if wrong or unknown else sizes[variant.images] - held_out - round(people * faces.validation)
        yield from fault(steps_per_epoch, images, training.batch_size, key=key)
        yield from fault(check_model, faces.image_size, images, model, key)
        yield from too_far(key, training.shift, faces.image_size)
        step, side = 2 ** (BANDS - 1), faces.image_size
        if training.pyramid_weight and side % step:
            yield f"{key}: training.pyramid_weight: faces.image_size must be a multiple of {step} (got {side})"
        if model.prior != Gaussian(kind="gaussian", dim=model.prior.dim, std=1):
            yield f"{key}: prior: should be a Gaussian of deviation 1, whose norms all codes of faces get"
        if model.prior.dim < 2:
            yield f"{key}: prior.dim: the scores need two dimensions (got {model.prior.dim})"
        if name == params.identity.model:
            yield from fault(check_person, params.identity.person, model.prior.dim)
    yield from shared_labels(params)
    yield from unknown_names(params)


def too_far(key: str, shift: int, side: int) -> Iterator[str]:
    """That images would be shifted out of sight."""
    if shift >= side:
        yield f"{key}: training.shift: should be less than the images' {side} pixels (got {shift})"


def fault(rule: Callable[..., Any], *arguments: Any, key: str = "") -> Iterator[str]:
    """The sentence of the fault that a stage's own rule finds, if it does; `key` stands before one that names none."""
    try:
        rule(*arguments)
    except StageError as error:
        words = sentence(error).removeprefix("params.yaml: ")
        yield f"{key}: {words}" if key else words


def shared_labels(params: Params) -> Iterator[str]:
    """Labels of several entries whose results stand side by side."""
    boosters = params.lightgbm.classifiers.values()
    classifiers = [params.cnn.label, *(entry.label for entry in params.linear.classifiers.values())]
    classifiers += [entry.label for entry in boosters if entry.classes == "all"]
    labels = {
        "digits.priors": [entry.label for entry in params.digits.priors.values()],
        "semi.variants": [entry.label for entry in params.semi.variants.values()],
        "faces.variants": [entry.label for entry in params.faces.variants.values()],
        "cnn, linear.classifiers and lightgbm.classifiers": classifiers,
        "lightgbm.classifiers": [
            f"{entry.label} ({' or '.join(entry.classes)})" for entry in boosters if entry.classes != "all"
        ],
    }
    for section, found in labels.items():
        for label, times in Counter(found).items():
            if times > 1:
                yield f"{section}: {times} entries share the label {label!r}: figures and tables tell them by it"


def unknown_names(params: Params) -> Iterator[str]:
    """Names that stand for an entry elsewhere in the file, or for a class, and are none."""
    models, boosters, probes = list(params.faces.variants), params.lightgbm.classifiers, params.linear.classifiers
    complete = ["cnn", *(name for name, entry in boosters.items() if entry.classes == "all"), *probes]
    codes = [f"data/latents/cifar10/{name}.npz" for name in models]
    codes += [f"data/latents/features/{name}.npz" for name in params.features]
    used = {
        "gifs.model": ([params.gifs.model], models),
        "identity.model": ([params.identity.model], models),
        "page.faces": ([params.page.faces], models),
        "page.semi": (params.page.semi, list(params.semi.variants)),
        "draw.transfer.compared": (params.draw.transfer.compared, complete),
    }
    for name, entry in params.features.items():
        used[f"features.{name}.model"] = ([entry.model], models)
    for name, entry in boosters.items():
        if name in ("cnn", "chance", "data", *probes):  # what else metrics/transfer.json has
            yield f"lightgbm.classifiers.{name}: the name is taken"
        used[f"lightgbm.classifiers.{name}.settings"] = ([entry.settings], list(params.lightgbm.settings))
        used[f"lightgbm.classifiers.{name}.features"] = ([entry.features], ["data/objects/cifar10.npz", *codes])
        if entry.classes != "all":
            used[f"lightgbm.classifiers.{name}.classes"] = (entry.classes, CLASSES)
    for name, entry in probes.items():
        if name in ("cnn", "chance", "data"):
            yield f"linear.classifiers.{name}: the name is taken"
        used[f"linear.classifiers.{name}.features"] = ([entry.features], codes)
    for key, (names, known) in used.items():
        for name, times in Counter(names).items():
            if name not in known:
                yield f"{key}: unknown name {name!r}{hint(name, known)} (there are {', '.join(known)})"
            elif times > 1:
                yield f"{key}: {name} stands there {times} times"


def find_problems(values: Any) -> list[str]:
    """All that is wrong with params.yaml, a line each; what sections need of each other where each fits by itself."""
    return problems(values, Params) or [*wrong_variants(values)] or [*conflicts(values)]


def main() -> None:
    if found := find_problems(read_params()):
        raise StageError(list_problems(found))
    with replacing(Path("data/checked.txt")) as part:
        part.write_text("params.yaml fits the stages\n", encoding="utf-8")
    print("params.yaml is right")
