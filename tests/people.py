"""Drawn people in drawn scenes, and an AAE that is their principal components, for the tests of identity."""

import numpy as np
import torch

from stages.aae.faces import FaceAAE
from stages.aae.inference import as_input, planes
from stages.base.tables import Images
from stages.measure.pca import fit_pca
from tests.networks import faces_architecture, start_as

PEOPLE, EACH = 90, 4  # and images of each
DIM = 12  # of a code
PARTS = 4  # patterns that make a person; those of a scene are as many again as are left


def drawn_people() -> Images:
    """Images 16 x 16 x 3: a mean, four patterns by the person and eight, as strong, by the scene."""
    random = np.random.default_rng(0)
    patterns = np.linalg.qr(random.normal(size=(16 * 8 * 3, DIM)))[0].T.reshape(DIM, 16, 8, 3)
    patterns = np.concatenate([patterns, patterns[:, :, ::-1]], 2)  # their mirror images are the same
    labels = np.repeat(np.arange(PEOPLE), EACH)
    person = random.normal(size=(PEOPLE, PARTS))[labels]
    scene = random.normal(size=(len(labels), DIM - PARTS))
    images = 127 + 250 * np.tensordot(np.concatenate([person, scene], 1), patterns, 1)
    return Images(
        labels=labels,
        split=np.repeat(["train", "validation", "held_out"], np.multiply([60, 10, 20], EACH)),
        index=np.arange(len(labels)),
        images=images.round().clip(0, 255).astype(np.uint8),
        names=np.array([f"Person {k}" for k in range(PEOPLE)]),
    )


def linear_aae(data: Images) -> FaceAAE:
    """An AAE of the principal components of the training images."""
    architecture = faces_architecture(DIM)
    aae, train = FaceAAE(architecture).eval(), data.part("train").images
    pca = fit_pca(train, DIM, seed=0)
    start_as(aae, pca)
    aae.whiten(as_input(planes(images, torch.device("cpu"))) for images in (train, train[:, :, ::-1].copy()))
    return aae
