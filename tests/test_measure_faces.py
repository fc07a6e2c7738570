import numpy as np
import pytest
import torch

from stages.aae.inference import reconstruct
from stages.aae.networks import AAE, Architecture
from stages.export_latents import export_latents
from stages.measure_faces import measure_faces


@pytest.fixture
def aae() -> AAE:
    prior, autoencoder = {"kind": "gaussian", "dim": 6}, {"kind": "convolutional", "channels": [4, 8]}
    return AAE(Architecture(image_shape=(3, 16, 16), prior=prior, autoencoder=autoencoder, discriminator=[8])).eval()


def test_errors_are_those_of_each_splits_reconstructions(aae, faces):
    scores = measure_faces(aae, faces, export_latents(aae, faces), seed=0, projections=50)
    for split in ("train", "held_out"):
        images = faces.part(split).images
        error = np.square(reconstruct(aae, images) - images / 255).mean()
        assert scores[f"{split}_mse"] == pytest.approx(error, rel=1e-4)
    assert scores["pca_held_out_mse"] < scores["held_out_mse"]  # nothing was trained
    assert 0 < scores["held_out_psnr"] < 40
    assert set(scores) - {"train_mse", "held_out_mse", "pca_held_out_mse", "held_out_psnr"} == {
        "code_norm",
        "sliced_w2",
        "sliced_w2_floor",
    }


def test_codes_twice_as_wide_as_the_prior_show(aae, faces):
    latents = export_latents(aae, faces)
    codes, _ = aae.prior.sample(len(latents), torch.Generator().manual_seed(5))
    wide = type(latents)(latents.labels, latents.split, latents.index, 2 * codes.numpy())
    scores = measure_faces(aae, faces, wide, seed=0, projections=200)
    assert 2.5 < scores["code_norm"] < 5.5
    assert scores["sliced_w2"] > scores["sliced_w2_floor"]
