"""Encode images with a trained AAE: `python -m stages.export_latents WEIGHTS IMAGES LATENTS`."""

from stages.aae.inference import encode
from stages.aae.networks import AAE
from stages.aae.resizing import resize
from stages.base.tables import Images, Latents
from stages.learning.weights import load_weights


def export_latents(aae: AAE, data: Images) -> Latents:
    """Codes of all images, in their order; images of another size are resized to the encoder's."""
    images = resize(data.images, aae.architecture.image_shape[1])
    return Latents(labels=data.labels, split=data.split, index=data.index, codes=encode(aae, images))


def main(weights: str, images: str, latents: str) -> None:
    export_latents(load_weights(AAE, weights), Images.read(images)).write(latents)
