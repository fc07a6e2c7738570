from contextlib import nullcontext

import numpy as np
import pytest
import torch
from torch import nn

from stages.cnn.network import CNN, Architecture
from stages.cnn.training import Average, Training, optimizer, predict, triangle

SMALL = Architecture(image_shape=(3, 12, 12), classes=4, widths=[16, 24])


def test_the_learning_rate_is_a_triangle():
    assert triangle(0) == 0.2
    assert triangle(0.23) == 1
    assert triangle(1) == pytest.approx(0.07)
    assert triangle(0.1) < triangle(0.2) > triangle(0.9)


def test_weights_decay_by_the_same_share_whatever_their_learning_rate():
    network = CNN(SMALL)
    groups = optimizer(network, Training()).param_groups
    others, shifts = groups
    assert shifts["lr"] == 64 * others["lr"]
    assert shifts["lr"] * shifts["weight_decay"] == pytest.approx(others["lr"] * others["weight_decay"])
    learned = sum(value.requires_grad for value in network.parameters())
    assert len(others["params"]) + len(shifts["params"]) == learned


def test_the_network_jumps_to_its_average_at_every_fifth_and_at_the_last_step():
    network = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(network.weight)
    average = Average(network, total=12)
    seen = []
    for _ in range(12):
        nn.init.ones_(network.weight)
        average.step()
        seen.append(network.weight.item())
    assert [i for i, value in enumerate(seen, 1) if value != 1] == [5, 10, 12]
    decay = 0.95**5 * (5 / 12) ** 3
    assert seen[4] == pytest.approx(1 - decay)
    assert seen[11] == seen[9]


@pytest.mark.parametrize("views", ["plain", "flips", "flips_and_shifts"])
def test_probabilities_do_not_depend_on_the_batch(views):
    images = np.random.default_rng(0).integers(0, 256, (7, 12, 12, 3), dtype=np.uint8)
    network = CNN(SMALL)
    whole = predict(network, images, views, nullcontext)
    assert whole.shape == (7, 4)
    assert np.allclose(whole.sum(1), 1, atol=1e-6)
    assert np.allclose(whole, predict(network, images, views, nullcontext, size=2), atol=1e-6)


def test_a_mirrored_image_gets_the_same_prediction_from_both_flips():
    images = np.random.default_rng(0).integers(0, 256, (7, 12, 12, 3), dtype=np.uint8)
    network = CNN(SMALL)
    network.calibrate(torch.from_numpy(images).permute(0, 3, 1, 2))
    mirrored = np.ascontiguousarray(images[:, :, ::-1])
    assert np.allclose(predict(network, images, "flips", nullcontext), predict(network, mirrored, "flips", nullcontext))
    plain = predict(network, images, "plain", nullcontext)
    assert not np.allclose(plain, predict(network, mirrored, "plain", nullcontext))
