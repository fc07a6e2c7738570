"""Train the CIFAR-10 specialist and let it judge all images."""

from pathlib import Path

import numpy as np
import torch

from stages.base.params import Count, load
from stages.base.tables import Images, Predictions
from stages.cnn.augment import Views
from stages.cnn.network import CNN, CNNArchitecture, Widths
from stages.cnn.training import CNNTrainer, CNNTraining, predict
from stages.learning.checkpoints import digest
from stages.learning.compute import ComputeParams, Machine, prepare
from stages.learning.fitting import fitted
from stages.learning.weights import save_weights


def make_trainer(
    data: Images, widths: list[int], validation: int, training: CNNTraining, machine: Machine
) -> CNNTrainer:
    """What learns `train` and the validation split but for `validation` images, on which it is watched.

    The settings are those of the recipe's authors, so that there is little to choose by images that are set aside.
    """
    set_aside = np.flatnonzero(data.split == "validation")
    learned = np.flatnonzero(data.split == "train")
    train = data.where(np.sort(np.concatenate([learned, set_aside[validation:]])))
    watched = data.where(set_aside[:validation])
    height, width, channels = data.images.shape[1:]
    generator = machine.seed(training.seed)
    architecture = CNNArchitecture(image_shape=(channels, height, width), classes=len(data.names), widths=widths)
    network = CNN(architecture).to(machine.device)
    network.calibrate(torch.from_numpy(train.images[:5000]).to(machine.device).permute(0, 3, 1, 2))
    return CNNTrainer(network, training, train, watched, generator, machine.autocast)


def train_cnn(trainer: CNNTrainer, data: Images, views: Views, digest: str) -> CNN:
    """Let the trainer learn, from a checkpoint of that digest where there is one; write weights, curves, predictions.

    Predictions have a row per row of `data`, in its order. Those of test images average over the `views` of each; what
    the others are for, the accuracy on images that were learned, needs no more than one.
    """
    curves = Path("plots/transfer/curves")
    with fitted(trainer, name="cnn", epochs=trainer.training.epochs, digest=digest, curves=curves):
        save_weights(trainer.network, "data/models/cnn.safetensors")
        probabilities = np.empty((len(data), len(data.names)), np.float32)
        for seen, rows in ((views, data.split == "test"), ("plain", data.split != "test")):
            probabilities[rows] = predict(trainer.network, data.images[rows], seen, trainer.autocast)
        Predictions.of(data, probabilities).write("data/predictions/cnn.npz")
    return trainer.network


def main() -> None:
    data, machine = Images.read("data/objects/cifar10.npz"), prepare(load("compute", ComputeParams))
    validation, training = load("cnn.validation", Count), load("cnn.training", CNNTraining)
    trainer = make_trainer(data, load("cnn.widths", Widths), validation, training, machine)
    made_of = digest(trainer.network.architecture, training, validation, machine, data)
    train_cnn(trainer, data, load("cnn.views", Views), made_of)
