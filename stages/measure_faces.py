"""Score one variant of the AAE of faces beside two linear models of the same dimension, of which nothing is trained."""

from collections.abc import Callable
from functools import partial
from typing import TypeVar

import numpy as np
import torch
from sklearn.decomposition import PCA

from stages.aae.faces import FaceAAE
from stages.aae.inference import decode
from stages.aae.shell import Shell
from stages.base.files import write_json
from stages.base.params import Count, DataSource, Seed, load
from stages.base.people import Which, choose_images, first_images
from stages.base.tables import Images, Latents, Table
from stages.learning.weights import load_weights
from stages.measure.codes import (
    code_norm,
    kurtosis,
    moments_accuracy,
    norm_deviation,
    sliced_w2,
    top_eigenvalue,
)
from stages.measure.images import error_by_frequency, mse, psnr, ssim
from stages.measure.pca import fit_pca, pca_decode, pca_encode
from stages.measure.people import few_people, same_person_top1
from stages.measure.samples import density_coverage, frechet_distance

COMPONENTS = 64  # of the PCA, at most, along which samples are compared with images

Rows = TypeVar("Rows", bound=Table)
Scores = dict[str, float]
Decode = Callable[[np.ndarray], np.ndarray]  # codes (N, d) to images (N, H, W, C) float32 in [0, 1]


def firsts(table: Rows, split: str) -> Rows:
    """The first row of each person of a split."""
    return choose_images(table.part(split), "one_per_person")


def compare_with_prior(codes: np.ndarray, samples: np.ndarray, seed: int, projections: int) -> Scores:
    """How codes (N, d) differ from as many samples of their prior; two sets of samples give each number's floor."""
    return {
        "code_norm": code_norm(codes),
        "norm_deviation": norm_deviation(codes),
        "top_eigenvalue": top_eigenvalue(codes),
        "kurtosis": kurtosis(codes),
        "sliced_w2": sliced_w2(codes, samples, seed, projections),
        "two_sample_accuracy": moments_accuracy(codes, samples, seed),
    }


def compare_images(pca: PCA, images: np.ndarray, samples: np.ndarray) -> Scores:
    """How samples differ from images, both (N, H, W, C) uint8, along the first components of images.

    These are whitened: else a few of them, which light and background fill, would decide alone. As many training
    images in place of the samples give each number's floor.
    """
    real, drawn = (pca_encode(pca, rows)[:, :COMPONENTS] for rows in (images, samples))
    density, coverage = density_coverage(real, drawn)
    return {"frechet_distance": frechet_distance(real, drawn), "density": density, "coverage": coverage}


def compare_reconstructions(images: np.ndarray, reconstructions: np.ndarray) -> Scores:
    """How reconstructions (N, H, W, C) differ from images; `error_octave_1` is that of the coarsest frequencies."""
    octaves = enumerate(error_by_frequency(images, reconstructions), 1)
    return {
        "mse": mse(images, reconstructions),
        "psnr": psnr(images, reconstructions),
        "ssim": ssim(images, reconstructions),
        **{f"error_octave_{octave}": float(error) for octave, error in octaves},
    }


def recognise(latents: Latents) -> Scores:
    """Whether the codes of one person are close; nothing where nobody has several images."""
    if len(first_images(latents)) == len(latents):
        return {}
    return {"same_person_top1": same_person_top1(latents.codes, latents.labels)}


def measure_model(
    data: Images, latents: Latents, decode: Decode, samples: np.ndarray, pca: PCA, seed: int, projections: int
) -> Scores:
    """Scores of the model that made the latents of `data` and decodes them.

    Errors and match are of the first image of each person; `samples` (people held out, d) are of the model's prior.
    """
    errors = {
        f"{split}_mse": mse(firsts(data, split).images, decode(firsts(latents, split).codes))
        for split in ("train", "validation")
    }
    images, codes = firsts(data, "held_out").images, firsts(latents, "held_out").codes
    held_out = compare_reconstructions(images, decode(codes))
    return {
        **errors,
        **{f"held_out_{name}": value for name, value in held_out.items()},
        **compare_with_prior(codes, samples, seed, projections),
        **recognise(latents.part("held_out")),
        **compare_images(pca, images, np.round(255 * decode(samples)).astype(np.uint8)),
    }


def measure_faces(aae: FaceAAE, data: Images, latents: Latents, which: Which, seed: int, projections: int) -> Scores:
    """Scores of the AAE, and with a prefix of two baselines, which know the training images that the AAE knows.

    `pca`: whitened principal components. `closed_form`: these, brought to a Gaussian's norms. The suffix `floor` is
    for what would be a match: one sample of the prior beside another, training images beside held-out ones. Of many
    people, some are measured.
    """
    pca = fit_pca(choose_images(data.part("train"), which).images, aae.prior.dim, seed)
    few = few_people(data, seed)
    data, latents = data.where(few), latents.where(few)
    train, held_out = data.part("train"), firsts(data, "held_out")
    linear = Latents.of(data, pca_encode(pca, data.images))
    shell = Shell(pca.n_components_)
    shell.fit(torch.from_numpy(choose_images(linear.part("train"), which).codes))
    closed = Latents.of(data, shell(torch.from_numpy(linear.codes)).numpy())

    generator, random = torch.Generator().manual_seed(seed), np.random.default_rng([seed, 1])
    samples, others = (aae.prior.sample(len(held_out), generator)[0].numpy() for _ in range(2))
    gaussian = random.standard_normal((len(held_out), pca.n_components_), np.float32)

    def decode_linear(codes: np.ndarray) -> np.ndarray:
        return pca_decode(pca, codes, data.images.shape[1:])

    def decode_closed(codes: np.ndarray) -> np.ndarray:
        return decode_linear(shell.inverse(torch.from_numpy(codes)).numpy())

    models = {
        "": (latents, partial(decode, aae), samples),
        "pca_": (linear, decode_linear, gaussian),
        "closed_form_": (closed, decode_closed, gaussian),
    }
    scores = {
        prefix + name: value
        for prefix, model in models.items()
        for name, value in measure_model(data, *model, pca, seed, projections).items()
    }
    people = np.sort(random.permutation(first_images(train))[: len(held_out)])
    floor = compare_with_prior(others, samples, seed, projections)
    floor |= compare_images(pca, held_out.images, train.images[people])
    return scores | {f"{name}_floor": value for name, value in floor.items()}


def main(variant: str) -> None:
    scores = measure_faces(
        load_weights(FaceAAE, f"data/models/faces/{variant}.safetensors"),
        Images.read("data/faces/faces.npz"),
        Latents.read(f"data/latents/faces/{variant}.npz"),
        load(f"faces.variants.{variant}.images", Which),
        load("measure.seed", Seed),
        load("measure.projections", Count),
    )
    write_json(f"metrics/faces/{variant}.json", scores | {"data": load("data.source", DataSource)})
