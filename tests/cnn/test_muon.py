import pytest
import torch
from torch.nn import functional as F

from stages.cnn.muon import Muon, orthogonalise


@pytest.mark.parametrize("shape", [(16, 144), (64, 16), (24, 24)], ids=str)
def test_singular_values_move_near_one_and_their_vectors_stay(shape, generator):
    left, _ = torch.linalg.qr(torch.randn(shape[0], shape[0], generator=generator))
    right, _ = torch.linalg.qr(torch.randn(shape[1], shape[1], generator=generator))
    rank = min(shape)
    values = torch.linspace(0.5, 5, rank)
    moved = left.T @ orthogonalise(left[:, :rank] * values @ right[:, :rank].T) @ right
    assert torch.allclose(moved, torch.zeros(shape).fill_diagonal_(1) * moved, atol=1e-5)
    assert 0.65 < moved.diag().min() < moved.diag().max() < 1.25


def weight_after(first: torch.Tensor, gradients: list[torch.Tensor], rate: float = 0.1) -> torch.Tensor:
    """Filters after a step on each of the gradients."""
    weight = first.clone().requires_grad_()
    muon = Muon([weight], lr=rate, momentum=0.6)
    for gradient in gradients:
        weight.grad = gradient
        muon.step()
    return weight.detach()


def test_filters_keep_a_norm_of_one_per_output(generator):
    gradient = torch.randn(8, 3, 3, 3, generator=generator)
    assert weight_after(100 * gradient, [gradient], rate=1e-6).norm().item() == pytest.approx(8**0.5, rel=1e-5)
    assert weight_after(gradient, 100 * [gradient]).norm() < 1.1 * 8**0.5


def test_a_step_has_the_size_of_its_rate_whatever_the_gradient(generator):
    first, gradient = torch.randn(2, 8, 3, 3, 3, generator=generator)
    assert torch.allclose(weight_after(first, [gradient]), weight_after(first, [1000 * gradient]), atol=1e-5)


def test_momentum_is_that_of_nesterov(generator):
    first, *gradients = torch.randn(3, 8, 3, 3, 3, generator=generator)
    after_one = weight_after(first, gradients[:1])
    sums = 0.6 * gradients[0] + gradients[1]
    update = orthogonalise((gradients[1] + 0.6 * sums).flatten(1)).view_as(first)
    expected = after_one * 8**0.5 / after_one.norm() - 0.1 * update
    assert torch.allclose(weight_after(first, gradients), expected, atol=1e-5)


def test_filters_learn_a_direction(generator):
    weight, aim = torch.randn(2, 8, 3, 3, 3, generator=generator)
    weight.requires_grad_()
    muon = Muon([weight], lr=0.2, momentum=0.6)
    losses = []
    for step in range(40):
        muon.param_groups[0]["lr"] = 0.2 * (1 - step / 40)
        muon.zero_grad()
        losses.append(1 - F.cosine_similarity(weight.flatten(), aim.flatten(), 0))
        losses[-1].backward()
        muon.step()
    assert losses[0] > 0.8
    assert losses[-1] < 0.05
