import numpy as np
import pytest
from sklearn.decomposition import PCA

from stages.measure.images import mse
from stages.measure.pca import as_rows, fit_pca, pca_reconstruct


@pytest.fixture
def images() -> np.ndarray:
    """Noise (60, 3, 3, 3) whose first half of pixels varies most."""
    random = np.random.default_rng(0)
    return (
        np.clip(127 + random.normal(size=(60, 27)) * np.linspace(60, 5, 27), 0, 255)
        .astype(np.uint8)
        .reshape(60, 3, 3, 3)
    )


def test_components_of_a_plane_of_images_lose_only_what_stands_out_of_it():
    random = np.random.default_rng(0)
    basis = random.normal(size=(2, 27))
    flat = (random.uniform(-1, 1, (60, 2)) @ basis).reshape(60, 3, 3, 3)
    images = np.round(127 + 100 * flat / np.abs(flat).max()).astype(np.uint8)
    train, test = images[:40], images[40:]
    errors = [mse(test, pca_reconstruct(fit_pca(train, dim, seed=0), test)) for dim in (1, 2)]
    variance = mse(test, np.broadcast_to((train / 255).mean(0), test.shape))
    assert errors[1] < 1e-5  # rounding to uint8
    assert 0.05 * variance < errors[0] < variance


def test_no_more_components_are_taken_than_the_images_span():
    images = np.random.default_rng(0).integers(0, 255, (10, 4, 4, 3), dtype=np.uint8)
    pca = fit_pca(images, 400, seed=0)
    assert pca.n_components_ == 9
    assert mse(images, pca_reconstruct(pca, images)) == pytest.approx(0, abs=1e-9)


def test_the_randomised_solver_finds_the_components_and_the_same_again(images):
    exact = PCA(5, svd_solver="full").fit(as_rows(images))
    found = [fit_pca(images, 5, seed=0) for _ in range(2)]
    assert np.abs(np.sum(found[0].components_ * exact.components_, 1)) == pytest.approx(np.ones(5), abs=1e-3)
    assert np.array_equal(found[0].components_, found[1].components_)


def test_reconstructions_are_images_clipped_to_their_range(images):
    extreme = np.where(images > 127, 255, 0).astype(np.uint8)
    reconstructions = pca_reconstruct(fit_pca(images, 20, seed=0), extreme)
    assert reconstructions.shape == images.shape
    assert reconstructions.dtype == np.float32
    assert (reconstructions.min(), reconstructions.max()) == (0, 1)
