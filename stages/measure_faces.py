"""Score one variant of the AAE of faces against a PCA of the same dimension."""

import torch

from stages.aae.inference import decode
from stages.aae.networks import AAE
from stages.base.files import write_json
from stages.base.params import Count, DataSource, Seed, load
from stages.base.tables import Images, Latents
from stages.learning.weights import load_weights
from stages.measure.codes import code_norm, moments_accuracy, norm_deviation, sliced_w2
from stages.measure.images import mse, psnr
from stages.measure.pca import fit_pca, pca_reconstruct


def measure_faces(aae: AAE, data: Images, latents: Latents, seed: int, projections: int) -> dict[str, float]:
    """Errors on people that were trained on and on people that were not; how well held-out codes fit the prior."""
    train, held_out = data.part("train").images, data.part("held_out").images
    codes = latents.part("held_out").codes
    reconstructions = decode(aae, codes)
    generator = torch.Generator().manual_seed(seed)
    samples, others = (aae.prior.sample(len(codes), generator)[0].numpy() for _ in range(2))
    return {
        "train_mse": mse(train, decode(aae, latents.part("train").codes)),
        "held_out_mse": mse(held_out, reconstructions),
        "held_out_psnr": psnr(held_out, reconstructions),
        "pca_held_out_mse": mse(held_out, pca_reconstruct(fit_pca(train, aae.prior.dim, seed), held_out)),
        "code_norm": code_norm(codes),
        "norm_deviation": norm_deviation(codes),
        "norm_deviation_floor": norm_deviation(samples),
        "sliced_w2": sliced_w2(codes, samples, seed, projections),
        "sliced_w2_floor": sliced_w2(others, samples, seed, projections),
        "two_sample_accuracy": moments_accuracy(codes, samples, seed),
        "two_sample_accuracy_floor": moments_accuracy(others, samples, seed),
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
