import numpy as np
import pytest

from stages.aae.inference import decode
from stages.aae.walks import blend, ease, there_and_back, walk
from tests.networks import faces_aae


def test_the_easing_starts_and_ends_slowly_and_exactly():
    weights = ease(9)
    assert (weights[0], weights[-1]) == (0, 1)
    assert weights == pytest.approx(1 - np.cos(np.pi / 2 * np.linspace(0, 1, 9)) ** 2)
    steps = np.diff(weights)
    assert steps[0] == pytest.approx(steps[-1])
    assert steps.argmax() in (3, 4)


def test_the_ends_of_a_walk_are_the_two_reconstructions():
    aae, codes = faces_aae(), np.random.default_rng(0).normal(size=(4, 6)).astype(np.float32)
    images = walk(aae, codes[:2], codes[2:], ease(7))
    assert images.shape == (2, 7, 16, 16, 3)
    assert images[:, 0] == pytest.approx(decode(aae, codes[:2]), abs=1e-6)
    assert images[:, -1] == pytest.approx(decode(aae, codes[2:]), abs=1e-6)


def test_a_blend_of_images_fades_evenly_from_one_to_the_other():
    dark, bright = np.zeros((2, 4, 4, 3)), np.ones((2, 4, 4, 3))
    films = blend(dark, bright, np.array([0, 0.25, 1]))
    assert films.shape == (2, 3, 4, 4, 3)
    assert films.mean((0, 2, 3, 4)).tolist() == [0, 0.25, 1]


def test_the_way_back_repeats_no_frame():
    films = np.arange(4)[None]
    assert there_and_back(films).tolist() == [[0, 1, 2, 3, 2, 1]]
    assert there_and_back(films[:, :2]).tolist() == [[0, 1]]
