"""Score what the two parts of an identity AAE's code tell of people held out, beside the whole code and PCA."""

import numpy as np
import torch

from stages.aae.identity import IdentityAAE
from stages.aae.inference import decode
from stages.base.files import write_json
from stages.base.params import DataSource, Seed, load
from stages.base.people import choose_images
from stages.base.tables import Images, Latents
from stages.learning.weights import load_weights
from stages.measure.codes import kurtosis, moments_accuracy, norm_deviation, top_eigenvalue
from stages.measure.images import mse
from stages.measure.pca import fit_pca, pca_encode
from stages.measure.people import (
    Pairs,
    border_colours,
    draw_pairs,
    few_people,
    fit_threshold,
    mean_average_precision,
    nearest,
    same_person_top1,
    verification_accuracy,
    verification_auroc,
)

Scores = dict[str, float]


def recognise(
    validation: np.ndarray, known: Pairs, codes: np.ndarray, asked: Pairs, people: np.ndarray, backgrounds: np.ndarray
) -> Scores:
    """What held-out codes (N, d) tell of people (N,) and of `backgrounds`, each image's nearest by its border (N,).

    Verification takes the threshold that suits the pairs `known` of codes `validation` (M, d).
    """
    return {
        "same_person_top1": same_person_top1(codes, people),
        "mean_average_precision": mean_average_precision(codes, people),
        "verification_auroc": verification_auroc(codes, asked),
        "verification_accuracy": verification_accuracy(codes, asked, fit_threshold(validation, known)),
        "background_top1": float((nearest(codes) == backgrounds).mean()),
    }


def measure_identity(aae: IdentityAAE, data: Images, latents: Latents, seed: int) -> dict[str, Scores | float]:
    """Scores of the whole code, its parts, and whitened principal components; and of the code as the AAE's.

    The components know all training images, as the AAE does. Error and match with the prior are of the first image
    of each held-out person. Of many people, some are measured.
    """
    pca = fit_pca(data.part("train").images, aae.prior.dim, seed)
    few = few_people(data, seed)
    data, latents = data.where(few), latents.where(few)
    rows = {split: data.split == split for split in ("train", "validation", "held_out")}
    pairs = {split: draw_pairs(data.labels[rows[split]], seed, split) for split in ("validation", "held_out")}
    people, images = data.labels[rows["held_out"]], data.images[rows["held_out"]]
    backgrounds = nearest(border_colours(images))
    codes = torch.from_numpy(latents.codes)
    kinds = {
        "code": latents.codes,
        "person": aae.person(codes).numpy(),
        "scene": aae.scene(codes).numpy(),
        "pca": pca_encode(pca, data.images),
    }
    scores = {
        name: recognise(
            rows_of[rows["validation"]],
            pairs["validation"],
            rows_of[rows["held_out"]],
            pairs["held_out"],
            people,
            backgrounds,
        )
        for name, rows_of in kinds.items()
    }
    held_out = choose_images(data.part("held_out"), "one_per_person")
    first = choose_images(latents.part("held_out"), "one_per_person").codes
    samples, _ = aae.prior.sample(len(first), torch.Generator().manual_seed(seed))
    return scores | {
        "held_out_mse": mse(held_out.images, decode(aae, first)),
        "norm_deviation": norm_deviation(first),
        "top_eigenvalue": top_eigenvalue(first),
        "kurtosis": kurtosis(first),
        "two_sample_accuracy": moments_accuracy(first, samples.numpy(), seed),
    }


def main() -> None:
    scores = measure_identity(
        load_weights(IdentityAAE, "data/models/faces/identity.safetensors"),
        Images.read("data/faces/faces.npz"),
        Latents.read("data/latents/faces/identity.npz"),
        load("measure.seed", Seed),
    )
    write_json("metrics/faces/identity.json", scores | {"data": load("data.source", DataSource)})
