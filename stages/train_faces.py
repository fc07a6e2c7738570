"""Train one variant of the AAE of faces."""

from pathlib import Path

from stages.aae.networks import AAE, AAEArchitecture, Convolutional
from stages.aae.priors import AnyPrior
from stages.aae.training import AAETrainer, AAETraining
from stages.base.errors import StageError
from stages.base.params import Count, Section, load, load_variant
from stages.base.tables import Images
from stages.learning.checkpoints import digest
from stages.learning.compute import ComputeParams, Machine, prepare
from stages.learning.fitting import fitted
from stages.learning.weights import save_weights


class SideNotHalvable(StageError):
    """(key of a model in params.yaml, pixels of a side, the number of which it should be a multiple)."""


class FaceModel(Section):
    """Section `faces.common.model`; values in `faces.variants.VARIANT.model` take precedence."""

    prior: AnyPrior
    channels: list[Count]
    discriminator: list[Count]
    normalise_codes: bool


def check_side(side: int, channels: list[int], key: str) -> None:
    """Raise SideNotHalvable, naming the model's `key`, where a convolution would have an odd side to halve."""
    if side % 2 ** len(channels):
        raise SideNotHalvable(key, side, 2 ** len(channels))


def make_trainer(
    data: Images, model: FaceModel, training: AAETraining, machine: Machine, key: str = "faces"
) -> AAETrainer:
    """An AAE that learns the people of split `train` and watches `held_out`; `key` names the model in faults."""
    height, width, channels = data.images.shape[1:]
    check_side(height, model.channels, key)
    generator = machine.seed(training.seed)
    architecture = AAEArchitecture(
        image_shape=(channels, height, width),
        prior=model.prior,
        autoencoder=Convolutional(kind="convolutional", channels=model.channels),
        discriminator=model.discriminator,
        normalise_codes=model.normalise_codes,
        classes=0,
    )
    aae = AAE(architecture).to(machine.device)
    train, held_out = data.part("train").images, data.part("held_out").images
    return AAETrainer(aae, training, train, held_out, generator, machine.autocast)


def train_faces(trainer: AAETrainer, name: str, digest: str) -> AAE:
    """Let the trainer learn, from a checkpoint of that digest where there is one; write its weights and curves."""
    curves = Path(f"plots/faces/{name}/curves")
    with fitted(trainer, name=f"faces/{name}", epochs=trainer.training.epochs, digest=digest, curves=curves):
        save_weights(trainer.aae, f"data/models/faces/{name}.safetensors")
    return trainer.aae


def main(variant: str) -> None:
    data, machine = Images.read("data/faces/faces.npz"), prepare(load("compute", ComputeParams))
    trainer = make_trainer(
        data,
        load_variant("faces.common.model", f"faces.variants.{variant}.model", FaceModel),
        load_variant("faces.common.training", f"faces.variants.{variant}.training", AAETraining),
        machine,
        f"faces.variants.{variant}",
    )
    train_faces(trainer, variant, digest(trainer.aae.architecture, trainer.training, machine, data))
