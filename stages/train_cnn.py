"""Train the CIFAR-10 specialist and let it judge all images."""

from pathlib import Path
from typing import Literal

import torch

from stages.base.params import Section, load
from stages.base.tables import Images, Predictions
from stages.cnn.network import CNN, Architecture, Widths
from stages.cnn.training import Trainer, Training, predict
from stages.learning.compute import ComputeParams, Machine, prepare
from stages.learning.fitting import Run, identity
from stages.learning.weights import save_weights


class CNNParams(Section):
    """Section `cnn`."""

    widths: Widths
    views: Literal["plain", "flips", "flips_and_shifts"]
    train: Training


def train_cnn(data: Images, params: CNNParams, machine: Machine, weights: Path, predictions: Path, curves: Path) -> CNN:
    """Train on the split `train`, watch the accuracy on `validation`, write weights, curves and predictions.

    Predictions have a row per row of `data`, in its order, and average over `params.views` of each image.
    """
    train, validation = data.part("train"), data.part("validation")
    height, width, channels = data.images.shape[1:]
    architecture = Architecture(image_shape=(channels, height, width), classes=len(data.names), widths=params.widths)
    generator = machine.seed(params.train.seed)
    network = CNN(architecture).to(machine.device)
    network.calibrate(torch.from_numpy(train.images[:5000]).to(machine.device).permute(0, 3, 1, 2))
    trainer = Trainer(network, params.train, len(train), generator, machine.autocast)
    who = identity(params, machine, train.images, train.labels)
    with Run("cnn", params.train.epochs, trainer.steps, trainer.state, generator, who, curves) as progress:
        trainer.learn(progress, train.images, train.labels, validation.images, validation.labels)
        save_weights(network, weights)
        probabilities = predict(network, data.images, params.views, machine.autocast)
        Predictions(labels=data.labels, split=data.split, index=data.index, probabilities=probabilities).write(
            predictions
        )
    return network


def main() -> None:
    train_cnn(
        Images.read("data/objects/cifar10.npz"),
        load("cnn", CNNParams),
        prepare(load("compute", ComputeParams)),
        Path("data/models/cnn.safetensors"),
        Path("data/predictions/cnn.npz"),
        Path("plots/transfer/curves"),
    )
