"""Train the AAE on faces, one image per person by default."""

from pathlib import Path

from stages.aae.networks import AAE, Architecture, Convolutional
from stages.aae.priors import AnyPrior
from stages.aae.training import Regularisation, Trainer, Training
from stages.base.params import Count, load
from stages.base.tables import Images
from stages.learning.compute import ComputeParams, Machine, prepare
from stages.learning.fitting import Run, identity
from stages.learning.weights import save_weights


class Model(Regularisation):
    """Section `faces.model`."""

    prior: AnyPrior
    channels: list[Count]
    discriminator: list[Count]
    normalise_codes: bool


def train_faces(data: Images, model: Model, training: Training, machine: Machine, weights: Path, curves: Path) -> AAE:
    """Train on the people of split `train`, watch the error on `held_out`, write weights and curves."""
    train, held_out = data.part("train"), data.part("held_out")
    height, width, channels = data.images.shape[1:]
    architecture = Architecture(
        image_shape=(channels, height, width),
        prior=model.prior,
        autoencoder=Convolutional(channels=model.channels),
        discriminator=model.discriminator,
        normalise_codes=model.normalise_codes,
    )
    generator = machine.seed(training.seed)
    aae = AAE(architecture).to(machine.device)
    trainer = Trainer(aae, training, model, len(train), generator, machine.autocast)
    who = identity(model, training, machine, train.images)
    with Run("faces", training.epochs, trainer.steps, trainer.state, generator, who, curves) as progress:
        trainer.learn(progress, train.images, None, held_out.images)
        save_weights(aae, weights)
    return aae


def main() -> None:
    train_faces(
        Images.read("data/faces/faces.npz"),
        load("faces.model", Model),
        load("faces.train", Training),
        prepare(load("compute", ComputeParams)),
        Path("data/models/faces.safetensors"),
        Path("plots/faces/curves"),
    )
