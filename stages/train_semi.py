"""Train an AAE of class and style on MNIST, with few labels, all or none."""

from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from stages.aae.priors import Gaussian
from stages.aae.semi import NoiseShare, SemiAAE, SemiArchitecture
from stages.aae.semi_training import SemiTrainer, SemiTraining
from stages.base.errors import StageError
from stages.base.params import Count, Section, Seed, load, load_variant
from stages.base.tables import Images
from stages.learning.checkpoints import digest
from stages.learning.compute import ComputeParams, Machine, prepare
from stages.learning.fitting import fitted
from stages.learning.weights import save_weights
from stages.measure.clusters import cluster_error, name_by_confidence

Labels = Literal["all"] | Annotated[int, Field(ge=0)]


class UnevenClasses(StageError):
    """(key of a variant in params.yaml, labels, classes, training images of the rarest class)."""


class TooFewClasses(StageError):
    """(key of a variant in params.yaml, values of the class, classes of the images)."""


class LabelledOverclustering(StageError):
    """(key of a variant in params.yaml, overclustering)."""


class SemiModel(Section):
    """Section `semi.common.model`."""

    style: Gaussian
    style_noise: NoiseShare
    hidden: Annotated[list[Count], Field(min_length=1)]
    discriminator: list[Count]


class SemiVariant(Section):
    """What an entry of `semi.variants` says of its labels."""

    labels: Labels
    classes: Count
    overclustering: Count


def check_variant(key: str, variant: SemiVariant, classes: int, rarest: float) -> None:
    """Raise TooFewClasses, UnevenClasses or LabelledOverclustering where labels do not suit; `key` names the variant.

    `rarest` is how many training images the rarest of the images' classes has.
    """
    if variant.classes < classes or (variant.labels and variant.classes != classes):
        raise TooFewClasses(key, variant.classes, classes)
    if variant.labels != "all" and (variant.labels % classes or variant.labels > classes * rarest):
        raise UnevenClasses(key, variant.labels, classes, rarest)
    if variant.labels and variant.overclustering > 1:
        raise LabelledOverclustering(key, variant.overclustering)


def draw_labelled(labels: np.ndarray, n: Labels, seed: int) -> np.ndarray:
    """Rows (n,) of images whose label is known, as many of each class, drawn by the seed; or all rows."""
    if n == "all":
        return np.arange(len(labels))
    random, classes = np.random.default_rng(seed), np.unique(labels)
    drawn = [random.choice(np.flatnonzero(labels == k), n // len(classes), replace=False) for k in classes]
    return np.sort(np.concatenate(drawn))


def make_trainer(
    data: Images,
    model: SemiModel,
    variant: SemiVariant,
    labels_seed: int,
    validation: int,
    training: SemiTraining,
    machine: Machine,
    key: str = "semi",
) -> SemiTrainer:
    """An AAE that learns the split `train` and watches the first `validation` images of its split.

    `key` names the variant's parameters in faults.
    """
    train, watched = data.part("train"), data.part("validation")
    watched = watched.where(np.arange(len(watched)) < validation)
    check_variant(key, variant, len(data.names), np.bincount(train.labels).min())
    known = train.where(draw_labelled(train.labels, variant.labels, labels_seed))

    def error(probabilities: np.ndarray) -> float:
        """Of clusters by the names that the watched images themselves give them."""
        names = np.arange(variant.classes) if variant.labels else name_by_confidence(probabilities, watched.labels)
        return cluster_error(probabilities, names, watched.labels)

    height, width, channels = data.images.shape[1:]
    generator = machine.seed(training.seed)
    architecture = SemiArchitecture(
        image_shape=(channels, height, width),
        classes=variant.classes,
        overclustering=variant.overclustering,
        **dict(model),
    )
    return SemiTrainer(
        SemiAAE(architecture).to(machine.device),
        training,
        train.images,
        (known.images, known.labels) if variant.labels else None,
        error,
        watched.images,
        generator,
        machine.autocast,
    )


def train_semi(trainer: SemiTrainer, name: str, digest: str) -> SemiAAE:
    """Let the trainer learn, from a checkpoint of that digest where there is one; write its weights and curves."""
    curves = Path(f"plots/semi/{name}/curves")
    with fitted(trainer, name=f"semi/{name}", epochs=trainer.training.epochs, digest=digest, curves=curves):
        save_weights(trainer.averaged.module, f"data/models/semi/{name}.safetensors")
    return trainer.averaged.module


def load_labels(name: str) -> SemiVariant:
    """What params.yaml says of the labels of a variant."""
    key = f"semi.variants.{name}"
    return SemiVariant(
        labels=load(f"{key}.labels", Labels),
        classes=load(f"{key}.classes", Count),
        overclustering=load(f"{key}.overclustering", Count),
    )


def main(name: str) -> None:
    data, machine = Images.read("data/digits/mnist.npz"), prepare(load("compute", ComputeParams))
    variant, seed, validation = load_labels(name), load("semi.labels_seed", Seed), load("semi.validation", Count)
    trainer = make_trainer(
        data,
        load_variant("semi.common.model", f"semi.variants.{name}.model", SemiModel),
        variant,
        seed,
        validation,
        load_variant("semi.common.training", f"semi.variants.{name}.training", SemiTraining),
        machine,
        f"semi.variants.{name}",
    )
    what = (trainer.aae.architecture, trainer.training, variant, seed, validation)
    train_semi(trainer, name, digest(*what, machine, data))
