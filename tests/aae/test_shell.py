import numpy as np
import pytest
import torch

from stages.aae.shell import Shell, interpolate
from stages.measure.codes import kurtosis, moments_accuracy, norm_deviation, top_eigenvalue

DIM = 50


def heavy_features(n: int, seed: int = 0) -> torch.Tensor:
    """White features (n, DIM) of images of very different contrast, as principal components of faces are."""
    random = np.random.default_rng(seed)
    contrasts = random.lognormal(0, 0.5, n)
    features = random.normal(size=(n, DIM)) * contrasts[:, None] / np.sqrt(np.mean(contrasts**2))
    return torch.from_numpy(features).float()


@pytest.fixture
def shell() -> Shell:
    shell = Shell(DIM)
    shell.fit(heavy_features(5000))
    return shell


def test_codes_of_new_features_have_the_norms_of_a_gaussian(shell):
    features, samples = heavy_features(2000, seed=1), np.random.default_rng(2).normal(size=(2000, DIM))
    codes = shell(features).numpy()
    assert moments_accuracy(features.numpy(), samples, 0) > 0.75
    assert moments_accuracy(codes, samples, 0) < 0.54
    assert norm_deviation(codes) == pytest.approx(np.sqrt(2 / DIM), rel=0.05)
    assert kurtosis(codes) == pytest.approx(3, abs=0.1)
    assert top_eigenvalue(codes) == pytest.approx(top_eigenvalue(samples), rel=0.1)


def test_hardly_anything_is_lost_whatever_the_contrast(shell):
    features = heavy_features(200, seed=1) * torch.logspace(-1, 1, 200)[:, None]
    found = shell.inverse(shell(features))
    torch.testing.assert_close(found[:, :-1], features[:, :-1], rtol=1e-3, atol=1e-3)
    same = torch.isclose(found[:, -1], features[:, -1], rtol=1e-2, atol=1e-3)
    assert same.float().mean() > 0.95  # but where the ratio is one of the few beyond the range


def test_nearly_every_sample_of_the_prior_is_the_code_of_some_features(shell, generator):
    samples = torch.randn(500, DIM, generator=generator)
    same = torch.isclose(shell(shell.inverse(samples)), samples, rtol=1e-3, atol=1e-3).all(1)
    assert same.float().mean() > 0.97


def test_half_way_between_two_codes_the_last_feature_is_one_that_images_have(shell):
    first, second = shell(heavy_features(100, seed=1)), shell(heavy_features(100, seed=2))
    middle = shell.inverse((first + second) / 2)
    known = heavy_features(5000)
    assert (middle[:, -1] / middle[:, :-1].norm(dim=1)).abs().max() < (
        known[:, -1] / known[:, :-1].norm(dim=1)
    ).abs().max()


def test_directions_stay_and_contrast_is_the_last_dimension(shell):
    features = heavy_features(100, seed=1)
    codes, norms = shell(features), features[:, :-1].norm(dim=1)
    cosines = torch.cosine_similarity(features[:, :-1], codes[:, :-1])
    torch.testing.assert_close(cosines, torch.ones(100))
    assert (codes[norms.argsort(), -1].diff() >= 0).all()


def test_gradients_pass_both_ways(shell):
    features = heavy_features(8, seed=1).requires_grad_()
    shell.inverse(shell(features))[:, :-1].square().sum().backward()
    wanted = torch.cat([2 * features.detach()[:, :-1], torch.zeros(8, 1)], 1)
    torch.testing.assert_close(features.grad, wanted, rtol=1e-2, atol=1e-2)


def test_a_broken_line_goes_on_beyond_its_ends():
    xs, ys = torch.tensor([0.0, 1.0, 3.0]), torch.tensor([0.0, 2.0, 3.0])
    found = interpolate(torch.tensor([-1.0, 0.5, 2.0, 5.0]), xs, ys)
    torch.testing.assert_close(found, torch.tensor([-2.0, 1.0, 2.5, 4.0]))
