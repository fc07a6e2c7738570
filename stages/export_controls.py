"""Features of CIFAR-10 images that owe nothing to the training of an encoder: what its codes are compared with."""

import numpy as np
import torch
from sklearn.decomposition import PCA
from torch import nn
from tqdm import tqdm

from stages.aae.inference import as_input, encode, planes
from stages.aae.networks import AAE, Architecture
from stages.aae.resizing import resize
from stages.base.errors import StageError
from stages.base.params import Seed, load
from stages.base.tables import Images, Latents
from stages.learning.weights import load_weights

BATCH = 1000


def as_rows(images: np.ndarray) -> np.ndarray:
    """Pixels (N, H * W * C) float32 in [0, 1] of images (N, H, W, C) uint8."""
    return images.reshape(len(images), -1) / np.float32(255)


def principal_components(faces: np.ndarray, images: np.ndarray, dim: int, seed: int) -> np.ndarray:
    """Codes (N, dim) float32 of images (N, h, w, C) uint8 from a PCA fitted on faces (M, H, W, C) uint8.

    `dim` is cut to what the faces can span, one less than their number. Singular values come from a randomised
    solver (Halko et al. 2011) seeded by `seed`.
    """
    rows = as_rows(faces)
    pca = PCA(min(dim, len(rows) - 1, rows.shape[1]), svd_solver="randomized", random_state=seed, copy=False).fit(rows)
    codes = np.empty((len(images), pca.n_components_), np.float32)
    for start in tqdm(range(0, len(images), BATCH), desc="PCA of faces", unit="batch"):
        batch = slice(start, start + BATCH)
        codes[batch] = pca.transform(as_rows(resize(images[batch], faces.shape[1])))
    return codes


def untrained(architecture: Architecture, faces: np.ndarray, seed: int) -> AAE:
    """An AAE as it is before its training, except that its batch normalisations know the faces' statistics.

    Without them an untrained encoder's codes would not be normalised as a trained one's are.
    """
    torch.manual_seed(seed)
    aae = AAE(architecture)
    for module in aae.encoder.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.momentum = None  # the plain mean over all batches
    aae.encoder.train()
    order = np.random.default_rng(seed).permutation(len(faces))
    with torch.inference_mode():
        for rows in tqdm(np.array_split(order, max(1, len(faces) // BATCH)), desc="untrained encoder", unit="batch"):
            aae.encoder(as_input(planes(faces[rows], torch.device("cpu"))))
    return aae.eval()


def export_controls(data: Images, faces: Images, architecture: Architecture, seed: int) -> dict[str, Latents]:
    """Features by the control's name, a row per row of `data`, of the dimension of the architecture's codes.

    Raises StageError where the faces do not have the architecture's image size.
    """
    known = faces.part("train").images
    channels, height, width = architecture.image_shape
    if known.shape[1:] != (height, width, channels):
        raise StageError(f"faces of shape {known.shape[1:]} do not fit weights made for {(height, width, channels)}")
    encoder = untrained(architecture, known, seed)
    codes = {
        "pca": principal_components(known, data.images, architecture.prior.dim, seed),
        "untrained": encode(encoder, resize(data.images, height)),
    }
    return {
        name: Latents(labels=data.labels, split=data.split, index=data.index, codes=each)
        for name, each in codes.items()
    }


def main() -> None:
    controls = export_controls(
        Images.read("data/objects/cifar10.npz"),
        Images.read("data/faces/faces.npz"),
        load_weights(AAE, "data/models/faces.safetensors").architecture,
        load("controls.seed", Seed),
    )
    for name, latents in controls.items():
        latents.write(f"data/latents/controls/{name}.npz")
