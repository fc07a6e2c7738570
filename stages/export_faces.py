"""Encode faces and CIFAR-10 images with one variant of the AAE of faces."""

from stages.aae.faces import FaceAAE
from stages.aae.inference import encode
from stages.base.tables import Images, Latents
from stages.learning.weights import load_weights


def main(variant: str) -> None:
    aae = load_weights(FaceAAE, f"data/models/faces/{variant}.safetensors")
    for images, codes in (
        ("data/faces/faces.npz", f"data/latents/faces/{variant}.npz"),
        ("data/objects/cifar10.npz", f"data/latents/cifar10/{variant}.npz"),
    ):
        data = Images.read(images)
        Latents.of(data, encode(aae, data.images)).write(codes)
