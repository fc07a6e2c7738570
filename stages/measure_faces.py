"""Score the AAE of faces against a PCA of the same dimension."""

import torch

from stages.aae.inference import decode
from stages.aae.networks import AAE
from stages.base.files import write_json
from stages.base.params import Count, DataSource, Seed, load
from stages.base.tables import Images, Latents
from stages.learning.weights import load_weights
from stages.measure.codes import code_norm, sliced_w2
from stages.measure.images import mse, pca_mse, psnr


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
        "pca_held_out_mse": pca_mse(train, held_out, aae.prior.dim, seed),
        "code_norm": code_norm(codes),
        "sliced_w2": sliced_w2(codes, samples, seed, projections),
        "sliced_w2_floor": sliced_w2(others, samples, seed, projections),
    }


def main() -> None:
    scores = measure_faces(
        load_weights(AAE, "data/models/faces.safetensors"),
        Images.read("data/faces/faces.npz"),
        Latents.read("data/latents/faces.npz"),
        load("measure.seed", Seed),
        load("measure.projections", Count),
    )
    write_json("metrics/faces/model.json", scores | {"data": load("data.source", DataSource)})
