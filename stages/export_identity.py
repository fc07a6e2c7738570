"""Encode faces with the AAE whose code is a person and a scene."""

from stages.aae.identity import IdentityAAE
from stages.aae.inference import encode
from stages.base.tables import Images, Latents
from stages.learning.weights import load_weights


def main() -> None:
    aae, data = load_weights(IdentityAAE, "data/models/faces/identity.safetensors"), Images.read("data/faces/faces.npz")
    Latents.of(data, encode(aae, data.images)).write("data/latents/faces/identity.npz")
