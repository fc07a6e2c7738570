import numpy as np
import pytest

from stages.measure.images import error_by_frequency, mse, psnr, ssim


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


@pytest.mark.parametrize("measure", [mse, psnr, ssim, error_by_frequency])
def test_shapes_that_differ_are_refused(measure):
    with pytest.raises(ValueError, match="differ in shape"):
        measure(np.zeros((2, 16, 16, 1), np.uint8), np.zeros((2, 16, 16, 3)))


@pytest.fixture
def noise() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (3, 16, 16, 3), dtype=np.uint8)


def test_structural_similarity_is_one_for_equal_images_and_follows_its_definition_for_flat_ones(noise):
    assert ssim(noise, noise / 255) == pytest.approx(1)
    flat, brighter = np.full((2, 16, 16, 3), 51, np.uint8), np.full((2, 16, 16, 3), 0.6)  # 0.2 and 0.6
    assert ssim(flat, brighter) == pytest.approx((2 * 0.2 * 0.6 + 1e-4) / (0.2**2 + 0.6**2 + 1e-4), rel=1e-3)


def test_structural_similarity_prefers_a_little_noise_to_a_blur_of_the_same_error():
    stripes = np.zeros((1, 32, 32, 3), np.uint8) + np.where(np.arange(32) % 4 < 2, 60, 190).astype(np.uint8)[:, None]
    true = stripes / 255
    blurred = true.mean() + 0.7 * (true - true.mean())
    lifted = true + np.sqrt(np.square(blurred - true).mean())
    assert mse(stripes, blurred) == pytest.approx(mse(stripes, lifted))
    assert ssim(stripes, blurred) < ssim(stripes, lifted) - 0.02
    assert ssim(stripes, blurred) > ssim(stripes, np.full(stripes.shape, true.mean())) + 0.5


def waves(side: int, *counts: int) -> np.ndarray:
    """The sum (side, side) of waves, each with as many half periods from top to bottom, between -1 and 1."""
    down = (np.arange(side) + 0.5) / side
    return np.cos(np.pi * np.outer(down, counts)).mean(1)[:, None] + np.zeros(side)


@pytest.mark.parametrize(("side", "lost"), [(16, (2, 4, 8, 15)), (64, (8, 16, 32, 63)), (64, (1, 9, 17, 33))])
def test_a_lost_wave_is_lost_in_its_own_octave(side, lost):
    def images(*counts: int) -> np.ndarray:
        return np.tile(0.5 + 0.4 * waves(side, *counts)[None, :, :, None], (2, 1, 1, 3))

    true = np.round(255 * images(*lost)).astype(np.uint8)
    for octave, count in enumerate(lost):
        without = true / 255 - (images(count) - 0.5) / len(lost)
        expected = np.zeros(4)
        expected[octave] = 1
        assert error_by_frequency(true, without) == pytest.approx(expected, abs=0.02)  # rounding to uint8


def test_errors_by_frequency_are_shares_of_the_images_power_whatever_their_mean(noise):
    true = noise / 255
    means = true.mean((1, 2), keepdims=True)
    assert error_by_frequency(noise, true + 0.1) == pytest.approx(np.zeros(4), abs=1e-6)
    assert error_by_frequency(noise, means + np.zeros(true.shape)) == pytest.approx(np.ones(4), rel=1e-5)
    assert error_by_frequency(noise, means + 0.5 * (true - means), bands=3) == pytest.approx([0.25] * 3, rel=1e-5)


def test_a_jump_from_one_edge_to_the_opposite_one_is_no_fine_detail():
    # a lamp at the left, whose light a reconstruction shows, and grain, which it lacks
    random = np.random.default_rng(0)
    light = 0.5 + 0.3 * waves(64, 1).T
    shown = np.tile(light[None, :, :, None], (2, 1, 1, 3))
    images = np.round(255 * shown + random.normal(size=shown.shape) * 3).astype(np.uint8)
    errors = error_by_frequency(images, shown)
    assert errors[0] < 0.001
    assert errors[1:] == pytest.approx(np.ones(3), abs=0.01)
