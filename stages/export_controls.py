"""Features of CIFAR-10 images that owe nothing to the training of an encoder: what its codes are compared with."""

from typing import Literal

import numpy as np
import torch
from torch import nn
from tqdm import tqdm

from stages.aae.inference import as_input, encode, planes, resize
from stages.aae.networks import AAE, AAEArchitecture
from stages.base.params import Section, Seed, load
from stages.base.tables import Images, Latents
from stages.learning.weights import load_weights
from stages.measure.pca import BATCH, as_rows, fit_pca


class Control(Section):
    """Section `controls.NAME`.

    `pca`: principal components of the faces that the model was trained on, as many as its code has dimensions.
    `untrained`: the model's encoder as it was before its training.
    """

    kind: Literal["pca", "untrained"]
    model: str  # an entry of faces.variants
    seed: Seed  # of PCA's randomised solver, or of the weights


def principal_components(faces: np.ndarray, images: np.ndarray, dim: int, seed: int) -> np.ndarray:
    """Codes (N, dim) float32 of images (N, h, w, C) uint8 from a PCA fitted on faces (M, H, W, C) uint8."""
    pca = fit_pca(faces, dim, seed)
    codes = np.empty((len(images), pca.n_components_), np.float32)
    for start in tqdm(range(0, len(images), BATCH), desc="PCA of faces", unit="batch"):
        batch = resize(planes(images[start : start + BATCH], torch.device("cpu")), faces.shape[1])
        codes[start : start + BATCH] = pca.transform(as_rows(batch.permute(0, 2, 3, 1).numpy()))
    return codes


def make_untrained(architecture: AAEArchitecture, faces: np.ndarray, seed: int) -> AAE:
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


def export_controls(data: Images, faces: Images, architecture: AAEArchitecture, control: Control) -> Latents:
    """Features of all images of `data`; the control learns, if at all, from the faces of split `train`."""
    known = faces.part("train").images
    if control.kind == "pca":
        return Latents.of(data, principal_components(known, data.images, architecture.prior.dim, control.seed))
    return Latents.of(data, encode(make_untrained(architecture, known, control.seed), data.images))


def main(name: str) -> None:
    control = load(f"controls.{name}", Control)
    export_controls(
        Images.read("data/objects/cifar10.npz"),
        Images.read("data/faces/faces.npz"),
        load_weights(AAE, f"data/models/faces/{control.model}.safetensors").architecture,
        control,
    ).write(f"data/latents/controls/{name}.npz")
