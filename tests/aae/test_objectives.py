import math

import pytest
import torch

from stages.aae.objectives import imbalance, joint_mmd, pyramid_error, uncertainty, virtual_adversarial_loss


def test_predictions_that_change_in_one_direction_alone_are_tried_in_that_one(generator):
    slope = torch.zeros(20)
    slope[3] = 2.0
    images = torch.randn(50, 20, generator=generator)

    def classify(rows):
        score = rows @ slope
        return torch.stack([score, -score], 1)

    asked = []
    loss = virtual_adversarial_loss(
        lambda rows: asked.append(rows) or classify(rows), images, classify(images), 0.5, generator
    )
    moved = asked[-1] - images
    assert moved.norm(dim=1) == pytest.approx(torch.full((50,), 0.5).numpy(), abs=1e-5)
    assert moved[:, 3].abs() == pytest.approx(torch.full((50,), 0.5).numpy(), abs=1e-3)
    assert loss > 0


def test_the_prediction_at_the_image_itself_is_a_given(generator):
    weight = torch.randn(20, 3, generator=generator, requires_grad=True)
    images = torch.randn(50, 20, generator=generator)
    logits = images @ weight
    logits.retain_grad()
    virtual_adversarial_loss(lambda rows: rows @ weight, images, logits, 0.5, generator).backward()
    assert logits.grad is None
    assert weight.grad.abs().sum() > 0


def test_the_uncertainty_of_certain_predictions_has_a_finite_gradient():
    logits = torch.tensor([[0.0, -120.0]], requires_grad=True)  # whose probabilities are 1 and 0 in float32
    uncertainty(logits).backward()
    assert logits.grad.isfinite().all()


def test_certain_and_even_predictions_cost_nothing():
    certain = torch.eye(4)
    assert uncertainty(200 * certain) == pytest.approx(0)
    assert imbalance(certain) == pytest.approx(0, abs=1e-6)
    assert uncertainty(torch.zeros(5, 4)) == pytest.approx(math.log(4))
    assert imbalance(torch.eye(4)[[2, 2, 2]]) == pytest.approx(math.log(4), abs=1e-6)


@pytest.mark.parametrize("shift", [0.0, 1.5])
def test_styles_that_follow_their_prior_as_a_whole_are_told_by_class(generator, shift):
    """Two classes that are shifted against each other make up the prior together, and none of them by itself."""
    classes = torch.eye(2)[torch.arange(1000) % 2]
    mixed = torch.randn(1000, 2, generator=generator)
    mixed[:, 0] = mixed[:, 0] / math.sqrt(1 + shift**2) + (classes[:, 0] * 2 - 1) * shift / math.sqrt(1 + shift**2)
    told = joint_mmd(mixed, torch.randn(1000, 2, generator=generator), classes)
    untold = joint_mmd(mixed, torch.randn(1000, 2, generator=generator), torch.full((1000, 2), 0.5))
    assert untold < 0.03
    assert told < 0.03 if shift == 0 else told > 0.1


def test_an_error_counts_in_the_bands_that_hold_it():
    images = torch.rand(4, 3, 16, 16)
    checks = torch.tensor([1.0, -1.0]).repeat(8) * torch.tensor([1.0, -1.0]).repeat(8)[:, None]
    assert pyramid_error(images, images) == 0
    assert pyramid_error(images + 0.1, images).item() == pytest.approx(0.1), "the coarsest alone"
    assert pyramid_error(images + 0.1 * checks, images).item() == pytest.approx(0.1), "the finest alone"
    assert pyramid_error(images + 0.1 + 0.1 * checks, images).item() == pytest.approx(0.2)
