"""Encode all digits with one AAE of class and style."""

import torch

from stages.aae.semi import ClassesAndStyles, SemiAAE, encode
from stages.base.params import Seed, load
from stages.base.tables import Images
from stages.learning.weights import load_weights


def export_semi(aae: SemiAAE, data: Images, seed: int) -> ClassesAndStyles:
    """Class probabilities of all images, their styles without noise, and with that which the seed draws."""
    probabilities, means = encode(aae, data.images)
    styles = aae.blur(torch.from_numpy(means), torch.Generator().manual_seed(seed)).numpy()
    return ClassesAndStyles(data.labels, data.split, data.index, styles, means, probabilities)


def main(name: str) -> None:
    aae = load_weights(SemiAAE, f"data/models/semi/{name}.safetensors")
    codes = export_semi(aae, Images.read("data/digits/mnist.npz"), load("semi.styles_seed", Seed))
    codes.write(f"data/latents/semi/{name}.npz")
