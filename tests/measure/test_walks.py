import numpy as np
import pytest

from stages.measure.walks import smoothness


def path(*places: float, direction: tuple[float, ...] = (3.0, 4.0)) -> np.ndarray:
    """A path (1, frames, d) along one direction."""
    return np.outer(places, direction)[None]


def ratios(paths: np.ndarray) -> tuple[float, float]:
    numbers = smoothness(paths)
    return numbers["path_length_ratio"], numbers["largest_step_ratio"]


def test_a_straight_and_even_path_has_ratios_of_one_in_any_unit():
    assert ratios(path(1, 2, 3, 4)) == pytest.approx((1, 1))
    assert ratios(1000 * path(1, 2, 3, 4).astype(np.float32)) == pytest.approx((1, 1))


def test_a_detour_lengthens_the_path_and_a_jump_is_its_largest_step():
    around = np.array([[[0, 0], [0, 3], [4, 3]]])
    assert ratios(around) == pytest.approx((7 / 5, 4 / 3.5))
    assert ratios(path(0, 1, 0, 1)) == pytest.approx((3, 1))
    assert ratios(path(0, 0, 1, 1, 1)) == pytest.approx((1, 4))


def test_the_ratios_of_paths_are_averaged_whatever_their_lengths():
    both = np.concatenate([path(0, 1, 2, 3), 100 * path(0, 1, 0, 1), path(0, 0, 0, 1)])
    assert ratios(both) == pytest.approx(((1 + 3 + 1) / 3, (1 + 1 + 3) / 3))


def test_a_path_that_stands_still_counts_as_smooth_and_one_that_returns_does_not():
    assert ratios(path(2, 2, 2)) == (1, 1)
    assert ratios(path(0, 1, 0)) == (np.inf, 1)
