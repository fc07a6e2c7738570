import numpy as np
import pytest
from scipy.linalg import sqrtm

from stages.measure.samples import density_coverage, frechet_distance


@pytest.fixture
def random():
    return np.random.default_rng(0)


def test_the_frechet_distance_of_gaussians_is_that_of_means_and_widths(random):
    a = random.normal(size=(50_000, 3))
    b = random.normal(size=(50_000, 3)) * np.array([3, 1, 1]) + np.array([0, 2, 0])
    assert frechet_distance(a, b) == pytest.approx(np.sqrt(2**2 + (3 - 1) ** 2), rel=0.02)
    assert frechet_distance(a, b) == pytest.approx(frechet_distance(b, a))
    assert frechet_distance(10 * a, 10 * b) == pytest.approx(10 * frechet_distance(a, b))


def test_the_frechet_distance_is_that_of_the_published_formula(random):
    a, b = (random.normal(size=(200, 6)) @ random.normal(size=(6, 6)) for _ in range(2))
    first, second = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    squared = np.square(a.mean(0) - b.mean(0)).sum() + np.trace(first + second - 2 * sqrtm(first @ second).real)
    assert frechet_distance(a, b) == pytest.approx(np.sqrt(squared))


def test_covariances_may_be_singular(random):
    few = random.normal(size=(20, 64)).astype(np.float32)  # of 64 dimensions these span 19
    shift = np.zeros(64, np.float32)
    shift[5] = 3
    assert frechet_distance(few, few) == pytest.approx(0, abs=1e-5)
    assert frechet_distance(few, few + shift) == pytest.approx(3, rel=1e-5)
    line, across = np.zeros((2, 9, 4))
    line[:, 0] = across[:, 1] = np.linspace(-1, 1, 9)
    assert frechet_distance(line, across) == pytest.approx(np.sqrt(2 * line[:, 0].var(ddof=1)))


def test_the_frechet_distance_is_blind_to_all_but_moments_where_coverage_sees_that_samples_miss_half(random):
    ends = np.repeat([-1, 1], 500)[:, None]
    real = np.concatenate([ends + 0.1 * random.normal(size=(1000, 1)), random.normal(size=(1000, 1))], 1)
    samples = random.normal(size=real.shape) * real.std(0)
    assert frechet_distance(real, samples) < 0.15
    halved = real[real[:, 0] > 0]
    assert density_coverage(real, halved)[1] == pytest.approx(0.5, abs=0.02)


def test_density_and_coverage_count_balls():
    real = np.array([[0.0], [1], [2], [10]])  # with k = 1 the radii are 1, 1, 1, 8
    assert density_coverage(real, np.array([[0.5]]), k=1) == (2, 0.5)
    assert density_coverage(real, np.array([[0.5], [30]]), k=1) == (1, 0.5)
    assert density_coverage(real, np.array([[9.0], [0.5], [0.5]]), k=1) == (pytest.approx(5 / 3), 0.75)
    assert density_coverage(real, np.array([[0.5]]), k=2) == (pytest.approx(3 / 2), 0.75)  # 2, 1, 2 and 9
    assert density_coverage(real, np.array([[100.0]])) == (0, 0)


def test_a_match_has_the_published_density_and_coverage(random):
    scores = [density_coverage(*random.normal(size=(2, 1000, 8))) for _ in range(3)]
    density, coverage = np.mean(scores, 0)
    assert density == pytest.approx(1, abs=0.06)
    assert coverage == pytest.approx(1 - 1 / 2**5, abs=0.01)


def test_samples_of_small_variety_are_dense_or_cover_little_and_wide_ones_lie_outside(random):
    real, samples = random.normal(size=(2, 500, 8))
    assert density_coverage(real, 0.2 * samples)[0] > 2
    assert density_coverage(real, np.repeat(samples[:20], 25, 0))[1] < 0.4
    assert density_coverage(real, 3 * samples)[0] < 0.1


def test_few_real_rows_have_fewer_neighbours_than_asked_for():
    assert density_coverage(np.array([[0.0], [1], [2]]), np.array([[1.0]]), k=5) == density_coverage(
        np.array([[0.0], [1], [2]]), np.array([[1.0]]), k=2
    )
