"""Train the AAE of one prior on MNIST: `python -m stages.train_digits PRIOR`."""

from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field
from sklearn.model_selection import train_test_split

from stages.aae.networks import AAE, Architecture, Dense
from stages.aae.priors import AnyPrior
from stages.aae.training import Regularisation, Trainer, Training
from stages.base.errors import StageError
from stages.base.params import Count, Section, load
from stages.base.tables import Images
from stages.learning.compute import ComputeParams, Machine, prepare
from stages.learning.fitting import Run, identity
from stages.learning.weights import save_weights


class Common(Section):
    """Section `digits.common`: what all priors share."""

    hidden: list[Count]
    discriminator: list[Count]
    training: Training


class Variant(Regularisation):
    """Section `digits.priors.PRIOR`."""

    prior: AnyPrior
    labelled: Annotated[float, Field(ge=0, le=1)] = 0.0  # share of the training images whose label is told


def told_labels(labels: np.ndarray, classes: int, share: float, seed: int) -> np.ndarray:
    """Labels (N,) in [0, classes) with all but a stratified `share` replaced by `classes`, 'unlabelled'."""
    if share == 1:
        return labels
    rows, _ = train_test_split(np.arange(len(labels)), train_size=share, stratify=labels, random_state=seed)
    told = np.full_like(labels, classes)
    told[rows] = labels[rows]
    return told


def train_digits(
    data: Images, common: Common, variant: Variant, machine: Machine, name: str, weights: Path, curves: Path
) -> AAE:
    """Train on the split `train`, watch the error on `validation`, write weights and curves."""
    training = common.training
    train, validation = data.part("train"), data.part("validation")
    height, width, channels = data.images.shape[1:]
    architecture = Architecture(
        image_shape=(channels, height, width),
        prior=variant.prior,
        autoencoder=Dense(hidden=common.hidden),
        discriminator=common.discriminator,
        classes=len(data.names) if variant.labelled else 0,
    )
    if variant.labelled and variant.prior.components != len(data.names):
        raise StageError(
            f"params.yaml: digits.priors.{name}: labels need a prior of {len(data.names)} components, "
            f"this one has {variant.prior.components}"
        )
    generator = machine.seed(training.seed)
    aae = AAE(architecture).to(machine.device)
    trainer = Trainer(aae, training, variant, len(train), generator, machine.autocast)
    labels = told_labels(train.labels, aae.classes, variant.labelled, training.seed) if variant.labelled else None
    who = identity(common, variant, machine, train.images, train.labels)
    with Run(f"digits/{name}", training.epochs, trainer.steps, trainer.state, generator, who, curves) as progress:
        trainer.learn(progress, train.images, labels, validation.images)
        save_weights(aae, weights)
    return aae


def main(name: str) -> None:
    train_digits(
        Images.read("data/digits/mnist.npz"),
        load("digits.common", Common),
        load(f"digits.priors.{name}", Variant),
        prepare(load("compute", ComputeParams)),
        name,
        Path(f"data/models/digits/{name}.safetensors"),
        Path(f"plots/digits/{name}/curves"),
    )
