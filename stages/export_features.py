"""Features of CIFAR-10 images beside the codes of a face encoder: more of what it sees, or what it has to beat."""

from typing import Annotated, Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor
from tqdm import tqdm

from stages.aae.faces import FaceAAE
from stages.aae.inference import as_input, in_batches, planes, resize
from stages.base.params import Section, Seed, load
from stages.base.people import Which, choose_images
from stages.base.tables import Images, Latents
from stages.learning.weights import load_weights
from stages.measure.pca import BATCH, as_rows, fit_pca


class Features(Section):
    """Section `features.NAME`."""

    model: str  # an entry of faces.variants


class Pooled(Features):
    """Means and deviations of the feature maps of the model's encoder in parts of the image."""

    kind: Literal["pooled"]


class Untrained(Features):
    """The same of the encoder as it was before its training."""

    kind: Literal["untrained"]
    seed: Seed  # draws the weights


class Components(Features):
    """Principal components of the faces that the model was trained on, as many as its code has dimensions."""

    kind: Literal["pca"]
    seed: Seed  # of the randomised solver


AnyFeatures = Annotated[Pooled | Untrained | Components, Field(discriminator="kind")]


def pool(aae: FaceAAE, images: np.ndarray) -> np.ndarray:
    """Pooled feature maps (N, features) float32 of images (N, h, w, C) uint8, the mean of each and its mirror image."""
    side = aae.architecture.image_shape[1]

    def pool_batch(batch: Tensor) -> Tensor:
        inputs = as_input(resize(planes(batch.numpy(), torch.device("cpu")), side))
        return (aae.encoder.pool(inputs) + aae.encoder.pool(inputs.flip(3))) / 2

    return in_batches(pool_batch, images)


def principal_components(faces: np.ndarray, images: np.ndarray, dim: int, seed: int) -> np.ndarray:
    """Codes (N, dim) float32 of images (N, h, w, C) uint8 from a PCA fitted on faces (M, H, W, C) uint8."""
    pca = fit_pca(faces, dim, seed)
    codes = np.empty((len(images), pca.n_components_), np.float32)
    for start in tqdm(range(0, len(images), BATCH), desc="PCA of faces", unit="batch"):
        batch = resize(planes(images[start : start + BATCH], torch.device("cpu")), faces.shape[1])
        codes[start : start + BATCH] = pca.transform(as_rows(batch.permute(0, 2, 3, 1).numpy()))
    return codes


def export_features(data: Images, faces: Images, which: Which, aae: FaceAAE, features: AnyFeatures) -> Latents:
    """Features of all images of `data`; `which` of the faces of split `train` are those that the model learned."""
    if features.kind == "pooled":
        return Latents.of(data, pool(aae, data.images))
    if features.kind == "untrained":
        torch.manual_seed(features.seed)
        return Latents.of(data, pool(FaceAAE(aae.architecture).eval(), data.images))
    known = choose_images(faces.part("train"), which).images
    return Latents.of(data, principal_components(known, data.images, aae.prior.dim, features.seed))


def main(name: str) -> None:
    features = load(f"features.{name}", AnyFeatures)
    export_features(
        Images.read("data/objects/cifar10.npz"),
        Images.read("data/faces/faces.npz"),
        load(f"faces.variants.{features.model}.images", Which),
        load_weights(FaceAAE, f"data/models/faces/{features.model}.safetensors"),
        features,
    ).write(f"data/latents/features/{name}.npz")
