"""Part the code of an AAE of faces into the person and the scene, by images of people who have several."""

import hashlib
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from stages.aae.faces import FaceAAE
from stages.aae.identity import IdentityAAE
from stages.aae.identity_training import IdentityTrainer, IdentityTraining
from stages.aae.inference import as_input, planes
from stages.base.errors import StageError
from stages.base.params import Count, load
from stages.base.tables import Images
from stages.learning.checkpoints import digest
from stages.learning.compute import ComputeParams, Machine, prepare
from stages.learning.fitting import fitted
from stages.learning.weights import load_weights, save_weights
from stages.measure.people import draw_pairs, verification_auroc

BATCH = 500  # images at a time


class PersonTooLarge(StageError):
    """(dimensions of the person, those of the code)."""


def check_person(person: int, dim: int) -> None:
    """Raise PersonTooLarge where the person leaves less than two dimensions of the code to the scene."""
    if person > dim - 2:
        raise PersonTooLarge(person, dim)


def both_views(images: Tensor) -> tuple[Tensor, Tensor]:
    """Images (N, C, H, W) uint8 as the encoder's input, and mirrored."""
    return as_input(images), as_input(images).flip(3)


@torch.no_grad()
def view_features(aae: FaceAAE, images: np.ndarray, rows: np.ndarray, device: torch.device) -> Tensor:
    """White features (2, n, d) of some rows (n,) of images (N, H, W, C) uint8, and of their mirror images."""
    parts = [
        torch.stack([aae.encoder.features(view) for view in both_views(planes(images[some], device))])
        for some in np.split(rows, range(BATCH, len(rows), BATCH))
    ]
    return torch.cat(parts, 1)


def make_trainer(
    aae: FaceAAE, data: Images, person: int, training: IdentityTraining, machine: Machine
) -> IdentityTrainer:
    """What learns from the training people of whom there are several images, and watches pairs of validation images.

    Raises NoPairs where there are none.
    """
    check_person(person, aae.prior.dim)
    generator = machine.seed(training.seed)
    train, validation = data.part("train"), data.part("validation")
    several = np.flatnonzero(np.bincount(train.labels)[train.labels] > 1)
    draw_pairs(train.labels[several], training.seed, "train")  # there must be some
    people = np.unique(train.labels[several], return_inverse=True)[1]
    pairs = draw_pairs(validation.labels, training.seed, "validation")
    (watched, _) = view_features(aae, validation.images, np.arange(len(validation)), machine.device)

    def watch(embedding: nn.Linear) -> dict[str, float]:
        """How well pairs of validation images are told apart."""
        return {"watched_auroc": verification_auroc(embedding(watched).cpu().numpy(), pairs)}

    features = view_features(aae, train.images, several, machine.device)
    return IdentityTrainer(features, people, person, training, watch, generator)


def train_identity(trainer: IdentityTrainer, aae: FaceAAE, images: np.ndarray, digest: str) -> IdentityAAE:
    """Let the trainer learn, from a checkpoint of that digest where there is one, and turn a copy of the AAE by it.

    Its codes of training images (N, H, W, C) uint8 and their mirror images have the prior's norms.
    """
    curves = Path("plots/faces/identity/curves")
    with fitted(trainer, name="faces/identity", epochs=trainer.training.epochs, digest=digest, curves=curves):
        identity = IdentityAAE.of(aae, trainer.embedding.out_features)
        batches = planes(images, trainer.generator.device).split(BATCH)
        identity.turn(trainer.embedding.weight, (view for batch in batches for view in both_views(batch)))
        save_weights(identity, "data/models/faces/identity.safetensors")
    return identity.eval()


def main() -> None:
    data, machine = Images.read("data/faces/faces.npz"), prepare(load("compute", ComputeParams))
    person, training = load("identity.person", Count), load("identity.training", IdentityTraining)
    model = Path(f"data/models/faces/{load('identity.model', str)}.safetensors")
    aae = load_weights(FaceAAE, model).to(machine.device)
    trainer = make_trainer(aae, data, person, training, machine)
    known = digest(hashlib.sha256(model.read_bytes()).hexdigest(), person, training, machine, data)
    train_identity(trainer, aae, data.part("train").images, known)
