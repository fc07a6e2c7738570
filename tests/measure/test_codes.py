import numpy as np
import pytest
from scipy.stats import norm

from stages.aae.priors import Umbrella
from stages.measure.codes import (
    code_norm,
    knn_accuracy,
    kurtosis,
    moments_accuracy,
    norm_deviation,
    petal_accuracy,
    sliced_w2,
    top_eigenvalue,
    two_sample_accuracy,
)
from tests.networks import UMBRELLA


def gaussian(random, n=10_000, dim=2):
    return random.normal(size=(n, dim)).astype(np.float32)


def gaussian_of_two_scales(random, n, dim):
    """Codes (n, dim) of no mean, unit variance and no correlations, whose squared norms are 0.7 or 1.3 times d."""
    return gaussian(random, n, dim) * np.sqrt(random.choice([0.7, 1.3], (n, 1)))


@pytest.fixture
def random():
    return np.random.default_rng(0)


def test_sliced_w2_of_a_shift_is_its_mean_projection(random):
    codes = gaussian(random, 500, 3)
    # the squared distance along a random direction averages |shift|^2 / d
    assert sliced_w2(codes, codes + np.array([3, 0, 0]), 0, 2000) == pytest.approx(np.sqrt(3), rel=0.05)
    assert sliced_w2(codes, codes[::-1], 0, 200) == 0


def test_sliced_w2_in_one_dimension_is_the_wasserstein_distance(random):
    codes = gaussian(random, 500, 1)
    assert sliced_w2(codes, 3 * codes + 1, 0, 200) == pytest.approx(np.sqrt(np.square(2 * codes + 1).mean()), rel=1e-5)


def test_sliced_w2_stands_at_the_known_floors(random, generator):
    def mean(draw, scale=1.0):
        return np.mean([sliced_w2(scale * draw(), draw(), seed, 200) for seed in range(4)])

    assert mean(lambda: gaussian(random)) == pytest.approx(0.026, abs=0.006)
    assert mean(lambda: gaussian(random), 1.1) == pytest.approx(0.100, abs=0.01)
    assert mean(lambda: Umbrella(**UMBRELLA).sample(10_000, generator)[0].numpy()) == pytest.approx(0.033, abs=0.008)
    assert mean(lambda: gaussian(random, 2000, 400)) == pytest.approx(0.056, abs=0.005)


def test_sliced_w2_refuses_samples_of_different_sizes(random):
    with pytest.raises(ValueError, match="samples of one size"):
        sliced_w2(gaussian(random, 10), gaussian(random, 11), 0, 200)


def test_a_fresh_classifier_finds_nothing_in_a_match_and_all_of_a_shift(random):
    assert two_sample_accuracy(gaussian(random), gaussian(random), 0) == pytest.approx(0.5, abs=0.015)
    bayes = norm.cdf(0.5)  # of two unit Gaussians one unit apart
    assert two_sample_accuracy(gaussian(random) + np.array([1, 0]), gaussian(random), 0) == pytest.approx(
        bayes, abs=0.02
    )


def test_a_fresh_classifier_finds_holes_that_leave_moments_alone(random):
    codes = gaussian(random, 12_000)
    codes = codes[np.sin(4 * codes[:, 0]) * np.sin(4 * codes[:, 1]) > -0.6][:5_000]
    assert two_sample_accuracy(codes, gaussian(random, 5_000), 0) > 0.53


def test_petals_that_overlap_as_published_are_told_apart_as_published(generator):
    for widths, accuracy in (({}, 0.992), ({"std_along": 0.75, "std_across": 0.25}, 0.938)):
        prior = Umbrella(**UMBRELLA | widths)
        codes, component = prior.sample(20_000, generator)
        found = petal_accuracy(prior.component_density(codes.numpy()), component.numpy())
        assert found == pytest.approx(accuracy, abs=0.006)


def test_norms_of_a_standard_gaussian_are_those_of_a_chi_square(random):
    codes = gaussian(random, 5000, 400)
    assert code_norm(codes) == pytest.approx(1, abs=0.01)
    assert code_norm(2 * codes) == pytest.approx(4, abs=0.04)
    assert norm_deviation(codes) == pytest.approx(np.sqrt(2 / 400), rel=0.05)
    assert norm_deviation(gaussian(random, 5000, 8)) == pytest.approx(np.sqrt(2 / 8), rel=0.05)


def test_norms_of_whitened_codes_with_heavy_tails_deviate_more(random):
    codes = gaussian_of_two_scales(random, 2000, 400)
    assert code_norm(codes) == pytest.approx(1, abs=0.03)
    assert norm_deviation(codes) > 4 * np.sqrt(2 / 400)


def test_the_top_eigenvalue_is_the_variance_along_the_widest_direction(random):
    turn, _ = np.linalg.qr(gaussian(random, 20, 20))
    codes = gaussian(random, 20_000, 20) * np.array([3, *[1] * 19]) @ turn
    assert top_eigenvalue(codes) == pytest.approx(9, rel=0.05)
    assert top_eigenvalue(gaussian(random, 574, 400)) == pytest.approx((1 + np.sqrt(400 / 574)) ** 2, rel=0.05)


def test_kurtosis_is_three_for_a_gaussian_whatever_its_width(random):
    assert kurtosis(gaussian(random) * np.array([1, 5])) == pytest.approx(3, abs=0.15)
    assert kurtosis(random.uniform(size=(10_000, 2))) == pytest.approx(1.8, abs=0.05)


def test_moments_tell_codes_of_other_norms_where_projections_see_nothing(random):
    codes = gaussian_of_two_scales(random, 300, 400)
    samples, others = gaussian(random, 300, 400), gaussian(random, 300, 400)
    # another seed than that of the codes, which else lie along the directions of projection
    assert sliced_w2(codes, samples, 1, 200) < 1.1 * sliced_w2(others, samples, 1, 200)
    assert moments_accuracy(others, samples, 0) == pytest.approx(0.5, abs=0.07)
    assert moments_accuracy(codes, samples, 0) > 0.9


def test_neighbours_of_one_class_make_a_sure_vote():
    train = np.array([[0.0, 0], [0, 1], [5, 5], [5, 6]])
    test = np.array([[0, 0.5], [5, 5.5], [0, 0]])
    assert knn_accuracy(train, np.array([0, 0, 1, 1]), test, np.array([0, 1, 1]), k=2) == pytest.approx(2 / 3)
    assert knn_accuracy(train, np.array([1, 1, 1, 1]), test, np.array([1, 1, 1]), k=20) == 1
