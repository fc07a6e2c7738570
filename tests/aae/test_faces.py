import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from stages.aae.faces import FaceAAE, FaceArchitecture
from stages.aae.inference import as_input, decode, encode, planes, reconstruct
from stages.base.params import load
from stages.measure.pca import as_rows, fit_pca, pca_decode
from stages.train_faces import FaceModel
from tests.networks import faces_aae, start_as


@pytest.fixture
def pca(faces):
    return fit_pca(faces.images, 6, seed=0)


@pytest.fixture
def aae(pca) -> FaceAAE:
    """An AAE that has started as principal components."""
    aae = faces_aae()
    start_as(aae, pca)
    return aae


def batches(faces):
    return iter([as_input(planes(faces.images, torch.device("cpu")))])


def features_and_back(aae: FaceAAE, faces) -> tuple[np.ndarray, np.ndarray]:
    """Features (N, d), and the linear reconstructions (N, 16, 16, 3) that they give without the shell between."""
    with torch.inference_mode():
        features = aae.encoder.features(next(batches(faces)))
        images = aae.decoder.linear(features).unflatten(1, (3, 16, 16)).clamp(0, 1)
    return features.numpy(), images.movedim(1, -1).numpy()


def stir(aae: FaceAAE) -> None:
    """Let no layer be zero any more, as after some training."""
    torch.manual_seed(0)
    for weight in aae.parameters():
        if not weight.any():
            torch.nn.init.normal_(weight, std=0.5)


def test_it_starts_as_the_principal_components(faces, pca, aae):
    codes = pca.transform(as_rows(faces.images))
    linear = pca_decode(pca, codes, faces.images.shape[1:])
    features, images = features_and_back(aae, faces)
    np.testing.assert_allclose(features, codes, atol=1e-3)
    np.testing.assert_allclose(images, linear, atol=1e-3)
    aae.whiten(batches(faces))
    apart = np.abs(reconstruct(aae, faces.images) - linear).max((1, 2, 3))
    assert np.quantile(apart, 0.9) < 2e-3  # of a few images, the shell cuts the last feature


def test_whitened_features_are_white_whatever_was_learned_and_reconstructions_stay(faces, aae):
    stir(aae)
    _, before = features_and_back(aae, faces)
    aae.whiten(batches(faces))
    features, images = features_and_back(aae, faces)
    np.testing.assert_allclose(images, before, atol=2e-3)
    np.testing.assert_allclose(np.cov(features.T), np.eye(6), atol=1e-2)
    np.testing.assert_allclose(features.mean(0), 0, atol=1e-3)
    codes = encode(aae, faces.images)
    aae.whiten(batches(faces))
    np.testing.assert_allclose(encode(aae, faces.images), codes, atol=1e-2)  # the whitening that moves least


def test_what_is_learned_changes_reconstructions_and_codes(faces, aae):
    start, codes = reconstruct(aae, faces.images), encode(aae, faces.images)
    stir(aae)
    assert np.abs(reconstruct(aae, faces.images) - start).mean() > 0.01
    assert np.abs(encode(aae, faces.images) - codes).mean() > 0.001


def test_the_linear_maps_are_not_trained(faces, aae):
    images = next(batches(faces))
    aae.train().decoder(aae.encoder(images)).square().mean().backward()
    learning = {name for name, weight in aae.named_parameters() if weight.grad is not None}
    assert not {name for name in learning if ".linear." in name}
    assert any(name.startswith("decoder.refiner") for name in learning)


def test_pooled_maps_have_a_row_per_image_and_see_no_other_image(faces, aae):
    images = next(batches(faces))
    with torch.inference_mode():
        pooled = aae.encoder.pool(images)
        torch.testing.assert_close(aae.encoder.pool(images[3:5]), pooled[3:5])
    assert pooled.shape == (50, 2 * (4 * 16 + 8 * 16))
    parts = next(aae.encoder.maps(images)).unflatten(3, (4, 2)).unflatten(2, (4, 2))  # (50, 4, 4, 2, 4, 2)
    torch.testing.assert_close(pooled[:, :64], parts.mean((3, 5)).flatten(1))
    torch.testing.assert_close(pooled[:, 64:128], parts.std((3, 5), correction=0).flatten(1), atol=1e-4, rtol=1e-3)


def test_samples_of_the_prior_decode_to_images(aae):
    samples, _ = aae.prior.sample(20, torch.Generator().manual_seed(0))
    images = decode(aae, samples.numpy())
    assert images.shape == (20, 16, 16, 3)
    assert 0 <= images.min() < images.max() <= 1


def test_the_networks_of_params_are_compact(project, monkeypatch):
    monkeypatch.chdir(project)
    model, side = load("faces.common.model", FaceModel), load("faces.image_size", int)
    aae = FaceAAE(FaceArchitecture(image_shape=(3, side, side), **dict(model))).eval()
    with FlopCounterMode(display=False) as counter:
        aae.decoder(aae.encoder(torch.rand(1, 3, side, side)))
    assert counter.get_total_flops() / 2 <= 0.3e9
