from pathlib import Path

import numpy as np

from stages.aae.inference import encode
from stages.aae.networks import AAE
from stages.aae.training import Training
from stages.learning.weights import load_weights
from stages.train_faces import Model, train_faces

MODEL = Model(
    prior={"kind": "gaussian", "dim": 6},
    channels=[4, 8],
    discriminator=[16],
    normalise_codes=True,
    adversarial_weight=0.001,
)
TRAINING = Training(epochs=15, batch_size=8, flips=True)


def test_codes_of_faces_match_the_scale_of_their_prior(faces, machine):
    train_faces(faces, MODEL, TRAINING, machine, Path("faces.safetensors"), Path("curves"))
    aae = load_weights(AAE, "faces.safetensors")
    codes = encode(aae, faces.part("train").images)
    assert codes.shape == (32, 6)
    assert 0.5 < np.square(codes).mean() < 2


def test_the_same_seed_gives_the_same_bytes(faces, machine, tmp_path):
    for name in "ab":
        train_faces(faces, MODEL, TRAINING, machine, Path(f"{name}.safetensors"), Path("curves"))
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()
