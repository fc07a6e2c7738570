"""Score one variant of the AAE of faces beside codes of the same dimension that need no training."""

import numpy as np
import torch

from stages.aae.inference import decode
from stages.aae.networks import AAE
from stages.base.files import write_json
from stages.base.params import Count, DataSource, Seed, load
from stages.base.tables import Images, Latents
from stages.learning.weights import load_weights
from stages.measure.codes import code_norm, kurtosis, moments_accuracy, norm_deviation, sliced_w2, top_eigenvalue
from stages.measure.images import mse, psnr
from stages.measure.pca import ClosedForm, as_rows, fit_pca, pca_decode


def compare_with_prior(codes: np.ndarray, samples: np.ndarray, seed: int, projections: int) -> dict[str, float]:
    """How codes (N, d) differ from as many samples of their prior; two sets of samples give each number's floor."""
    return {
        "code_norm": code_norm(codes),
        "norm_deviation": norm_deviation(codes),
        "top_eigenvalue": top_eigenvalue(codes),
        "kurtosis": kurtosis(codes),
        "sliced_w2": sliced_w2(codes, samples, seed, projections),
        "two_sample_accuracy": moments_accuracy(codes, samples, seed),
    }


def measure_pca(train: np.ndarray, held_out: np.ndarray, dim: int, seed: int, projections: int) -> dict[str, float]:
    """The same of whitened principal components, prefix `pca`, and of their `closed_form`, for a standard Gaussian."""
    pca = fit_pca(train, dim, seed)
    codes = pca.transform(as_rows(held_out))
    closed_form = ClosedForm.of(pca.transform(as_rows(train)))
    closed = closed_form.encode(codes, seed)
    samples = np.random.default_rng([seed, 1]).normal(size=codes.shape)  # what both are to follow
    scores = {}
    for prefix, rows, decoded in (("pca", codes, codes), ("closed_form", closed, closed_form.decode(closed))):
        scores[f"{prefix}_held_out_mse"] = mse(held_out, pca_decode(pca, decoded, held_out.shape[1:]))
        match = compare_with_prior(rows, samples, seed, projections)
        scores |= {f"{prefix}_{name}": value for name, value in match.items()}
    return scores


def measure_faces(aae: AAE, data: Images, latents: Latents, seed: int, projections: int) -> dict[str, float]:
    """Errors on people that were trained on and on people that were not; how well held-out codes fit the prior."""
    train, held_out = data.part("train").images, data.part("held_out").images
    codes = latents.part("held_out").codes
    reconstructions = decode(aae, codes)
    generator = torch.Generator().manual_seed(seed)
    samples, others = (aae.prior.sample(len(codes), generator)[0].numpy() for _ in range(2))
    floor = compare_with_prior(others, samples, seed, projections)
    return {
        "train_mse": mse(train, decode(aae, latents.part("train").codes)),
        "held_out_mse": mse(held_out, reconstructions),
        "held_out_psnr": psnr(held_out, reconstructions),
        **compare_with_prior(codes, samples, seed, projections),
        **{f"{name}_floor": value for name, value in floor.items()},
        **measure_pca(train, held_out, aae.prior.dim, seed, projections),
    }


def main(variant: str) -> None:
    scores = measure_faces(
        load_weights(AAE, f"data/models/faces/{variant}.safetensors"),
        Images.read("data/faces/faces.npz"),
        Latents.read(f"data/latents/faces/{variant}.npz"),
        load("measure.seed", Seed),
        load("measure.projections", Count),
    )
    write_json(f"metrics/faces/{variant}.json", scores | {"data": load("data.source", DataSource)})
