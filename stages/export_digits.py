"""Encode all digits with the AAE of one prior."""

from stages.aae.inference import encode
from stages.aae.networks import AAE
from stages.base.tables import Images, Latents
from stages.learning.weights import load_weights


def main(prior: str) -> None:
    data = Images.read("data/digits/mnist.npz")
    codes = encode(load_weights(AAE, f"data/models/digits/{prior}.safetensors"), data.images)
    Latents.of(data, codes).write(f"data/latents/digits/{prior}.npz")
