import numpy as np
import pytest

from stages.measure.images import mse, psnr


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
