import numpy as np
import pytest

from stages.measure.images import mse, pca_mse, psnr


def test_errors_of_a_constant_offset():
    images = np.full((3, 4, 4, 1), 51, np.uint8)  # 0.2
    assert mse(images, np.full(images.shape, 0.3, np.float32)) == pytest.approx(0.01, rel=1e-5)
    assert psnr(images, np.full(images.shape, 0.3, np.float32)) == pytest.approx(20, rel=1e-5)


def test_psnr_is_the_mean_over_images_not_of_their_mean_error():
    images = np.zeros((2, 2, 2, 3), np.uint8)
    reconstructions = np.stack([np.full((2, 2, 3), 0.1), np.full((2, 2, 3), 0.01)])
    assert psnr(images, reconstructions) == pytest.approx((20 + 40) / 2)


def test_errors_count_every_image_of_a_long_array():
    images = np.zeros((2500, 1, 1, 1), np.uint8)
    reconstructions = np.zeros(images.shape, np.float32)
    reconstructions[-1] = 1
    assert mse(images, reconstructions) == pytest.approx(1 / 2500)


def test_shapes_that_differ_are_refused():
    with pytest.raises(ValueError, match="differ in shape"):
        mse(np.zeros((2, 4, 4, 1), np.uint8), np.zeros((2, 4, 4, 3)))


def test_pca_finds_a_plane_of_images_and_loses_what_stands_out_of_it():
    random = np.random.default_rng(0)
    basis = random.normal(size=(2, 27))
    flat = (random.uniform(-1, 1, (60, 2)) @ basis).reshape(60, 3, 3, 3)
    images = np.round(127 + 100 * flat / np.abs(flat).max()).astype(np.uint8)
    train, test = images[:40], images[40:]
    variance = mse(test, np.broadcast_to((train / 255).mean(0), test.shape))
    assert pca_mse(train, test, 2, seed=0) < 1e-5  # rounding to uint8
    assert 0.05 * variance < pca_mse(train, test, 1, seed=0) < variance


def test_pca_takes_no_more_dimensions_than_the_images_span():
    images = np.random.default_rng(0).integers(0, 255, (10, 4, 4, 3), dtype=np.uint8)
    assert pca_mse(images, images, 400, seed=0) == pytest.approx(0, abs=1e-9)
