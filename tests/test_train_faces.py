from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from stages.aae.faces import FaceAAE
from stages.aae.inference import encode
from stages.aae.objectives import pyramid_error
from stages.aae.priors import Gaussian
from stages.base.people import choose_images
from stages.base.tables import Images
from stages.learning.compute import Machine
from stages.learning.weights import load_weights
from stages.train_faces import (
    FaceModel,
    FaceTrainer,
    FaceTraining,
    SideNotHalvable,
    TooFewFaces,
    make_trainer,
    train_faces,
)
from tests.networks import GAUSSIAN, LEARNING

WEIGHTS = Path("data/models/faces/toy.safetensors")
TRAINING = LEARNING | {"pyramid_weight": 0.0}
MODEL = FaceModel(prior=GAUSSIAN | {"dim": 6}, encoder=[4, 8], refiner=[8, 8], discriminator=[16])


def make(data: Images, machine: Machine, epochs: int = 2, which: str = "one_per_person", **values) -> FaceTrainer:
    fast = {"epochs": epochs, "batch_size": 8, "flips": True, "adversarial_weight": 0.001, "learning_rate": 0.002}
    return make_trainer(data, which, MODEL, FaceTraining(**TRAINING | fast | values), machine)


def train(data: Images, machine: Machine, epochs: int) -> FaceAAE:
    return train_faces(make(data, machine, epochs), "toy", "a digest")


def test_training_improves_on_the_principal_components_and_codes_keep_to_the_prior(faces, machine):
    bright = np.arange(16) - np.linspace(0, 12, len(faces))[:, None]  # a stripe that moves is no linear matter
    stripes = np.where((bright >= 0) & (bright < 4), 220, 20).astype(np.uint8)[:, :, None, None]
    faces = replace(faces, images=np.broadcast_to(stripes, faces.images.shape))
    trainer = make(faces, machine, 15)
    start = trainer.measure()
    train_faces(trainer, "toy", "a digest")
    aae, images = load_weights(FaceAAE, WEIGHTS), choose_images(faces.part("train"), "one_per_person").images
    assert trainer.measure()["train_mse"] < 0.9 * start["train_mse"]
    codes = encode(aae, images)
    assert codes.shape == (28, 6)
    assert np.square(codes).mean() == pytest.approx(1, abs=0.2)
    curves = {path.stem: path.read_text() for path in Path("plots/faces/toy/curves/plots/metrics").rglob("*.tsv")}
    assert set(curves) == {"reconstruction", "generator", "discriminator", "train_mse", "watched_mse"}
    assert {text.count("\n") for text in curves.values()} == {16}


def test_the_error_in_a_pyramid_counts_beside_the_squared_error(faces, machine):
    plain, sharp = (make(faces, machine, pyramid_weight=weight) for weight in (0.0, 0.5))
    images, reconstructions = torch.rand(2, 8, 3, 16, 16)
    expected = plain.error(reconstructions, images) + 0.5 * pyramid_error(reconstructions, images)
    assert sharp.error(reconstructions, images).item() == pytest.approx(expected.item())


def test_a_variant_learns_from_its_images_and_watches_the_validation_people(faces, machine):
    one, every = (make(faces, machine, which=which) for which in ("one_per_person", "all"))
    assert (len(one.images), len(every.images)) == (28, 32)
    assert all(len(trainer.compared["watched_mse"]) == 6 for trainer in (one, every))


def test_nothing_is_learned_from_held_out_people(faces, machine):
    other = np.where((faces.split == "held_out")[:, None, None, None], 0, faces.images)
    first, second = (make(data, machine).aae.state_dict() for data in (faces, replace(faces, images=other)))
    assert all(torch.equal(value, second[name]) for name, value in first.items())


def test_the_same_seed_gives_the_same_bytes(faces, machine):
    train(faces, machine, 3)
    first = WEIGHTS.read_bytes()
    train(faces, machine, 3)
    assert WEIGHTS.read_bytes() == first


def test_a_model_that_does_not_suit_the_images_is_refused(faces, machine):
    for part, fault, said in (
        ({"encoder": [4] * 5}, SideNotHalvable, (16, 32)),
        ({"refiner": [4] * 6}, SideNotHalvable, (16, 64)),
        ({"prior": Gaussian(kind="gaussian", dim=40, std=1.0)}, TooFewFaces, (40, 28)),
    ):
        model = MODEL.model_copy(update=part)
        with pytest.raises(fault) as caught:
            make_trainer(faces, "one_per_person", model, FaceTraining(**TRAINING), machine, "faces.variants.toy")
        assert caught.value.args == ("faces.variants.toy", *said)
