import numpy as np
import pytest
from sklearn.decomposition import PCA

from stages.measure.images import mse
from stages.measure.pca import BATCH, as_rows, fit_pca, pca_decode, pca_encode


@pytest.fixture
def images() -> np.ndarray:
    """Noise (60, 3, 3, 3) whose first half of pixels varies most."""
    random = np.random.default_rng(0)
    return (
        np.clip(127 + random.normal(size=(60, 27)) * np.linspace(60, 5, 27), 0, 255)
        .astype(np.uint8)
        .reshape(60, 3, 3, 3)
    )


def reconstruct(pca: PCA, images: np.ndarray) -> np.ndarray:
    return pca_decode(pca, pca_encode(pca, images), images.shape[1:])


def test_components_of_a_plane_of_images_lose_only_what_stands_out_of_it():
    random = np.random.default_rng(0)
    basis = random.normal(size=(2, 3, 3, 3))
    basis = basis + np.array([1, -1])[:, None, None, None] * basis[:, :, ::-1]  # mirroring stays in the plane
    flat = (random.uniform(-1, 1, (60, 2)) @ basis.reshape(2, 27)).reshape(60, 3, 3, 3)
    images = np.round(127 + 100 * flat / np.abs(flat).max()).astype(np.uint8)
    train, test = images[:40], images[40:]
    errors = [mse(test, reconstruct(fit_pca(train, dim, seed=0), test)) for dim in (1, 2)]
    variance = mse(test, np.broadcast_to((train / 255).mean(0), test.shape))
    assert errors[1] < 1e-5  # rounding to uint8
    assert 0.05 * variance < errors[0] < variance


def test_mirror_images_are_learned_too(images):
    pca = fit_pca(images[:30], 8, seed=0)
    mirrored = images[30:, :, ::-1]
    assert mse(mirrored, reconstruct(pca, mirrored)) == pytest.approx(
        mse(images[30:], reconstruct(pca, images[30:])), rel=1e-3
    )


def test_of_very_many_images_some_are_enough(images, monkeypatch):
    monkeypatch.setattr("stages.measure.pca.ENOUGH", 30)
    few, other = fit_pca(images, 3, seed=0), fit_pca(images, 3, seed=1)
    assert few.n_samples_ == 60  # with their mirror images
    assert not np.allclose(few.mean_, other.mean_)
    monkeypatch.undo()
    every = fit_pca(images, 3, seed=0)
    assert mse(images, reconstruct(few, images)) < 1.2 * mse(images, reconstruct(every, images))


def test_codes_are_white(images):
    both = np.concatenate([images, images[:, :, ::-1]])
    codes = pca_encode(fit_pca(images, 5, seed=0), both)
    assert np.cov(codes, rowvar=False) == pytest.approx(np.eye(5), abs=1e-2)


def test_no_more_components_are_taken_than_the_images_span():
    images = np.random.default_rng(0).integers(0, 255, (4, 4, 4, 3), dtype=np.uint8)
    pca = fit_pca(images, 400, seed=0)
    assert pca.n_components_ == 7
    assert mse(images, reconstruct(pca, images)) == pytest.approx(0, abs=1e-9)


def test_the_randomised_solver_finds_the_components_and_the_same_again(images):
    exact = PCA(5, svd_solver="full").fit(as_rows(np.concatenate([images, images[:, :, ::-1]])))
    found = [fit_pca(images, 5, seed=0) for _ in range(2)]
    assert np.abs(np.sum(found[0].components_ * exact.components_, 1)) == pytest.approx(np.ones(5), abs=1e-3)
    assert np.array_equal(found[0].components_, found[1].components_)


def test_reconstructions_are_images_clipped_to_their_range(images):
    extreme = np.where(images > 127, 255, 0).astype(np.uint8)
    reconstructions = reconstruct(fit_pca(images, 20, seed=0), extreme)
    assert reconstructions.shape == images.shape
    assert reconstructions.dtype == np.float32
    assert (reconstructions.min(), reconstructions.max()) == (0, 1)


def test_every_image_of_a_long_array_is_encoded_in_its_place(images):
    pca = fit_pca(images, 5, seed=0)
    many = np.resize(images, (BATCH + 30, *images.shape[1:]))
    codes = pca_encode(pca, many)
    assert codes.shape == (BATCH + 30, 5)
    assert codes.dtype == np.float32
    assert codes == pytest.approx(pca.transform(as_rows(many)), abs=1e-4)
