"""Tiny networks, and how they learn, that tests share."""

from typing import Any

import torch
from sklearn.decomposition import PCA

from stages.aae.faces import FaceAAE, FaceArchitecture
from stages.aae.inference import encode
from stages.aae.networks import AAE, AAEArchitecture
from stages.aae.semi import SemiAAE, SemiArchitecture
from stages.base.tables import Images, Latents

GAUSSIAN = {"kind": "gaussian", "dim": 2, "std": 1.0}
UMBRELLA = {"kind": "umbrella", "petals": 10, "radius": 2.0, "std_along": 0.53, "std_across": 0.177}
SWISS_ROLL = {"kind": "swiss_roll", "segments": 10, "turns": 2.0, "radius": 3.0, "std": 0.12}
STYLE = GAUSSIAN | {"dim": 3}
LEARNING = {
    "seed": 0,
    "epochs": 2,
    "batch_size": 16,
    "learning_rate": 0.01,
    "discriminator_learning_rate": 0.001,
    "clip_norm": 1.0,
    "flips": False,
    "adversarial_weight": 0.01,
    "mmd_weight": 0.0,
    "shift": 0,
    "noise": 0.0,
}
SEMI_LEARNING = {
    "seed": 0,
    "epochs": 2,
    "batch_size": 16,
    "labelled_batch": 10,
    "learning_rate": 0.01,
    "discriminator_learning_rate": 0.001,
    "averaging": 0.5,
    "noise": 0.0,
    "reconstruction_weight": 1.0,
    "adversarial_weight": 0.01,
    "mmd_weight": 0.1,
    "vat_weight": 1.0,
    "vat_radius": 1.0,
    "information_weight": 0.1,
    "balance": 4.0,
}


def digits_architecture(prior: dict[str, Any] = UMBRELLA, hidden: int = 16, classes: int = 0) -> AAEArchitecture:
    return AAEArchitecture(
        image_shape=(1, 28, 28),
        prior=prior,
        hidden=[hidden],
        discriminator=[8],
        classes=classes,
    )


def faces_architecture(dim: int = 6) -> FaceArchitecture:
    return FaceArchitecture(
        image_shape=(3, 16, 16), prior=GAUSSIAN | {"dim": dim}, encoder=[4, 8], refiner=[4, 8], discriminator=[8]
    )


def digits_aae(prior: dict[str, Any] = UMBRELLA, classes: int = 0) -> AAE:
    return AAE(digits_architecture(prior, classes=classes)).eval()


def faces_aae() -> FaceAAE:
    return FaceAAE(faces_architecture()).eval()


def start_as(aae: FaceAAE, pca: PCA) -> None:
    """Let an AAE of faces of 16 x 16 pixels begin as principal components of such."""
    mean, components = (
        torch.from_numpy(rows).float().unflatten(-1, (16, 16, 3)).movedim(-1, -3)
        for rows in (pca.mean_, pca.components_)
    )
    aae.start(mean, components, torch.from_numpy(pca.explained_variance_).float().sqrt())


def encoded(aae: AAE, data: Images) -> Latents:
    return Latents.of(data, encode(aae, data.images))


def semi_aae(classes: int = 10, overclustering: int = 1) -> SemiAAE:
    architecture = SemiArchitecture(
        image_shape=(1, 28, 28),
        classes=classes,
        overclustering=overclustering,
        style=STYLE,
        style_noise=0.5,
        hidden=[16, 12],
        discriminator=[8],
    )
    return SemiAAE(architecture).eval()
