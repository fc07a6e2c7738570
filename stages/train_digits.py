"""Train the AAE of one prior on MNIST."""

from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field

from stages.aae.networks import AAE, AAEArchitecture
from stages.aae.priors import AnyPrior, Prior
from stages.aae.training import AAETrainer, AAETraining
from stages.base.errors import StageError
from stages.base.params import Count, load, load_variant
from stages.base.tables import Images
from stages.learning.checkpoints import digest
from stages.learning.compute import ComputeParams, Machine, prepare
from stages.learning.fitting import fitted
from stages.learning.weights import save_weights


class NoComponentPerClass(StageError):
    """(key of a prior in params.yaml, classes, components of the prior)."""


class UnevenLabels(StageError):
    """(key of a prior in params.yaml, labelled): a class would have no labelled or no unlabelled images."""


class DigitsTraining(AAETraining):
    """Section `digits.common.training`; values in `digits.priors.PRIOR.training` take precedence."""

    labelled: Annotated[float, Field(ge=0, le=1)]
    labelled_batch: Annotated[int, Field(ge=0)]


def hide_labels(labels: np.ndarray, classes: int, share: float, seed: int) -> np.ndarray:
    """Labels (N,) in [0, classes) with all but a stratified `share` replaced by `classes`, 'unlabelled'."""
    if share == 1:
        return labels
    from sklearn.model_selection import train_test_split  # which takes a second, and most priors see no labels

    rows, _ = train_test_split(np.arange(len(labels)), train_size=share, stratify=labels, random_state=seed)
    shown = np.full_like(labels, classes)
    shown[rows] = labels[rows]
    return shown


def check_labels(key: str, prior: Prior, labelled: float, classes: int, images: float) -> None:
    """Raise NoComponentPerClass or UnevenLabels, naming the prior's `key`, where that share cannot be labelled."""
    if labelled and prior.components != classes:
        raise NoComponentPerClass(key, classes, prior.components)
    if labelled and (labelled * images < classes or 0 < images * (1 - labelled) < classes):
        raise UnevenLabels(key, labelled)


def make_trainer(
    data: Images,
    hidden: list[int],
    discriminator: list[int],
    prior: Prior,
    training: DigitsTraining,
    machine: Machine,
    key: str = "digits",
) -> AAETrainer:
    """An AAE that learns the split `train` and watches `validation`; `key` names the prior's parameters in faults."""
    train, validation = data.part("train"), data.part("validation")
    check_labels(key, prior, training.labelled, len(data.names), len(train))
    height, width, channels = data.images.shape[1:]
    generator = machine.seed(training.seed)
    architecture = AAEArchitecture(
        image_shape=(channels, height, width),
        prior=prior,
        hidden=hidden,
        discriminator=discriminator,
        classes=len(data.names) if training.labelled else 0,
    )
    aae = AAE(architecture).to(machine.device)
    labels = hide_labels(train.labels, aae.classes, training.labelled, training.seed) if training.labelled else None
    return AAETrainer(
        aae,
        training,
        train.images,
        validation.images,
        generator,
        machine.autocast,
        labels=labels,
        labelled_batch=training.labelled_batch,
    )


def train_digits(trainer: AAETrainer, name: str, digest: str) -> AAE:
    """Let the trainer learn, from a checkpoint of that digest where there is one; write its weights and curves."""
    curves = Path(f"plots/digits/{name}/curves")
    with fitted(trainer, name=f"digits/{name}", epochs=trainer.training.epochs, digest=digest, curves=curves):
        save_weights(trainer.aae, f"data/models/digits/{name}.safetensors")
    return trainer.aae


def main(prior: str) -> None:
    data, machine = Images.read("data/digits/mnist.npz"), prepare(load("compute", ComputeParams))
    trainer = make_trainer(
        data,
        load("digits.common.hidden", list[Count]),
        load("digits.common.discriminator", list[Count]),
        load(f"digits.priors.{prior}.prior", AnyPrior),
        load_variant("digits.common.training", f"digits.priors.{prior}.training", DigitsTraining),
        machine,
        f"digits.priors.{prior}",
    )
    train_digits(trainer, prior, digest(trainer.aae.architecture, trainer.training, machine, data))
