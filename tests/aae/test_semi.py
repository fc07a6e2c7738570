import numpy as np
import pytest
import torch

from stages.aae.semi import decode, encode, frozen_statistics, group_values
from tests.networks import semi_aae


@pytest.mark.parametrize("overclustering", [1, 3])
def test_images_become_probabilities_and_styles_and_images_again(digits, overclustering):
    aae = semi_aae(12, overclustering)
    probabilities, styles = encode(aae, digits.images)
    assert (probabilities.shape, styles.shape) == ((120, 12), (120, 3))
    assert probabilities.sum(1) == pytest.approx(np.ones(120), abs=1e-5)
    images = decode(aae, probabilities, styles)
    assert images.shape == digits.images.shape
    assert images.min() >= 0
    assert images.max() <= 1


def test_noise_leaves_styles_of_the_priors_size(generator):
    aae = semi_aae()
    blurred = aae.blur(torch.randn(20_000, 3, generator=generator), generator)
    assert blurred.std(0).numpy() == pytest.approx(np.ones(3), abs=0.03)
    same = aae.blur(torch.full((20_000, 3), 2.0), generator)
    assert same.std(0).numpy() == pytest.approx(np.full(3, 0.5), abs=0.02)
    assert same.mean(0).numpy() == pytest.approx(np.full(3, 2 * 0.75**0.5), abs=0.02)


def test_the_style_may_use_the_class_but_not_change_it(digits):
    aae = semi_aae().train()
    _, styles = aae.encode(torch.rand(8, 1, 28, 28))
    styles.sum().backward()
    assert all(parameter.grad is None for parameter in aae.class_head.parameters())
    assert aae.features[1].weight.grad is not None


def test_a_look_at_moved_images_is_not_remembered():
    aae = semi_aae().train()
    before = {name: value.clone() for name, value in aae.named_buffers()}
    with frozen_statistics(aae):
        aae.classify(torch.rand(8, 1, 28, 28))
    assert all(torch.equal(value, before[name]) for name, value in aae.named_buffers())
    aae.classify(torch.rand(8, 1, 28, 28))
    assert not torch.equal(aae.features[2].running_mean, before["features.2.running_mean"])


def test_values_that_are_taken_for_each_other_become_one_class():
    rows = torch.tensor([[0.6, 0.0, 0.4, 0.0], [0.0, 0.9, 0.0, 0.1], [0.3, 0.0, 0.7, 0.0], [0.0, 0.2, 0.0, 0.8]])
    members = group_values(rows.T @ rows, 2)
    assert sorted((rows @ members)[0].tolist()) == pytest.approx([0, 1])
    assert torch.equal(members[0], members[2])
    assert torch.equal(members[1], members[3])
    assert not torch.equal(members[0], members[1])


def test_a_value_that_no_image_has_is_a_class_of_its_own():
    rows = torch.tensor([[0.6, 0.4, 0.0], [0.3, 0.7, 0.0]])
    members = group_values(rows.T @ rows, 2)
    assert torch.equal(members[0], members[1])
    assert not torch.equal(members[0], members[2])
