"""Train one variant of the AAE of faces."""

from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor

from stages.aae.faces import FaceAAE, FaceArchitecture
from stages.aae.inference import as_input
from stages.aae.objectives import pyramid_error
from stages.aae.priors import AnyPrior
from stages.aae.training import AAETrainer, AAETraining, NotNegative
from stages.base.errors import StageError
from stages.base.params import Count, Section, load, load_variant
from stages.base.people import Which, choose_images
from stages.base.tables import Images
from stages.learning.checkpoints import digest
from stages.learning.compute import ComputeParams, Machine, prepare
from stages.learning.fitting import fitted
from stages.learning.weights import save_weights
from stages.measure.pca import fit_pca


class SideNotHalvable(StageError):
    """(key of a model in params.yaml, pixels of a side, the number of which it should be a multiple)."""


class TooFewFaces(StageError):
    """(key of a model in params.yaml, dimensions of its code, training images)."""


class FaceModel(Section):
    """Section `faces.common.model`; values in `faces.variants.VARIANT.model` take precedence."""

    prior: AnyPrior
    encoder: list[Count]
    refiner: list[Count]
    discriminator: list[Count]


class FaceTraining(AAETraining):
    """Section `faces.common.training`; values in `faces.variants.VARIANT.training` take precedence."""

    pyramid_weight: NotNegative


class FaceTrainer(AAETrainer):
    """An AAE of faces, whose features are made white anew after each epoch."""

    training: FaceTraining

    def error(self, reconstructions: Tensor, images: Tensor) -> Tensor:
        error, weight = super().error(reconstructions, images), self.training.pyramid_weight
        return error + weight * pyramid_error(reconstructions, images) if weight else error

    def measure(self) -> dict[str, float]:
        self.aae.eval()
        self.aae.whiten(self.batches())
        return super().measure()

    def batches(self) -> Iterator[Tensor]:
        """All training images and, where the training sees them, their mirror images."""
        for images in self.images.split(500):
            yield as_input(images)
            if self.training.flips:
                yield as_input(images).flip(3)


def check_model(side: int, images: float, model: FaceModel, key: str) -> None:
    """Raise SideNotHalvable or TooFewFaces, naming the model's `key`, where it does not suit such images."""
    multiple = 2 ** max(len(model.encoder), len(model.refiner))
    if side % multiple:
        raise SideNotHalvable(key, side, multiple)
    if images < model.prior.dim:
        raise TooFewFaces(key, model.prior.dim, images)


def make_trainer(
    data: Images, which: Which, model: FaceModel, training: FaceTraining, machine: Machine, key: str = "faces"
) -> FaceTrainer:
    """An AAE that learns the people of split `train` and watches `validation`; `key` names the model in faults.

    It starts as the principal components of what it is to learn.
    """
    train = choose_images(data.part("train"), which)
    validation = choose_images(data.part("validation"), "one_per_person")
    height, width, channels = data.images.shape[1:]
    check_model(height, len(train), model, key)
    generator = machine.seed(training.seed)
    architecture = FaceArchitecture(image_shape=(channels, height, width), **dict(model))
    aae = FaceAAE(architecture).to(machine.device, memory_format=torch.channels_last)
    pca = fit_pca(train.images, model.prior.dim, training.seed)
    as_planes = (
        torch.from_numpy(rows).float().unflatten(-1, (height, width, channels)).movedim(-1, -3)
        for rows in (pca.mean_, pca.components_)
    )
    aae.start(*as_planes, torch.from_numpy(pca.explained_variance_).float().sqrt())
    trainer = FaceTrainer(aae, training, train.images, validation.images, generator, machine.autocast)
    aae.whiten(trainer.batches())
    return trainer


def train_faces(trainer: AAETrainer, name: str, digest: str) -> FaceAAE:
    """Let the trainer learn, from a checkpoint of that digest where there is one; write its weights and curves."""
    curves = Path(f"plots/faces/{name}/curves")
    with fitted(trainer, name=f"faces/{name}", epochs=trainer.training.epochs, digest=digest, curves=curves):
        save_weights(trainer.aae, f"data/models/faces/{name}.safetensors")
    return trainer.aae


def main(variant: str) -> None:
    data, machine = Images.read("data/faces/faces.npz"), prepare(load("compute", ComputeParams))
    which = load(f"faces.variants.{variant}.images", Which)
    trainer = make_trainer(
        data,
        which,
        load_variant("faces.common.model", f"faces.variants.{variant}.model", FaceModel),
        load_variant("faces.common.training", f"faces.variants.{variant}.training", FaceTraining),
        machine,
        f"faces.variants.{variant}",
    )
    train_faces(trainer, variant, digest(trainer.aae.architecture, trainer.training, machine, data, which))
