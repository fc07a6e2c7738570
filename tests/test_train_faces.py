from pathlib import Path

import numpy as np
import pytest

from stages.aae.inference import encode
from stages.aae.networks import AAE
from stages.aae.training import AAETraining
from stages.base.tables import Images
from stages.learning.compute import Machine
from stages.learning.weights import load_weights
from stages.train_faces import FaceModel, SideNotHalvable, make_trainer, train_faces
from tests.networks import GAUSSIAN, LEARNING

WEIGHTS = Path("data/models/faces/toy.safetensors")
MODEL = FaceModel(prior=GAUSSIAN | {"dim": 6}, channels=[4, 8], discriminator=[16], normalise_codes=True)


def train(data: Images, machine: Machine, epochs: int) -> AAE:
    values = {"epochs": epochs, "batch_size": 8, "flips": True, "adversarial_weight": 0.001, "learning_rate": 0.001}
    trainer = make_trainer(data, MODEL, AAETraining(**LEARNING | values), machine)
    return train_faces(trainer, "toy", "a digest")


def test_codes_of_faces_match_the_scale_of_their_prior(faces, machine):
    aae = train(faces, machine, 15)
    codes = encode(load_weights(AAE, WEIGHTS), faces.part("train").images)
    assert np.array_equal(codes, encode(aae, faces.part("train").images))
    assert codes.shape == (32, 6)
    assert 0.5 < np.square(codes).mean() < 2
    curves = {path.stem: path.read_text() for path in Path("plots/faces/toy/curves/plots/metrics").rglob("*.tsv")}
    assert set(curves) == {"reconstruction", "generator", "discriminator", "train_mse", "watched_mse"}
    assert {text.count("\n") for text in curves.values()} == {16}


def test_the_same_seed_gives_the_same_bytes(faces, machine):
    train(faces, machine, 3)
    first = WEIGHTS.read_bytes()
    train(faces, machine, 3)
    assert WEIGHTS.read_bytes() == first


def test_a_side_that_cannot_be_halved_as_often_is_refused(faces, machine):
    deep = MODEL.model_copy(update={"channels": [4, 4, 4, 4, 4]})
    with pytest.raises(SideNotHalvable) as fault:
        make_trainer(faces, deep, AAETraining(**LEARNING), machine, "faces.variants.toy")
    assert fault.value.args == ("faces.variants.toy", 16, 32)
