import pytest
import torch
from torch.nn import functional as F

from stages.cnn.network import CNN, CNNArchitecture, block

SMALL = CNNArchitecture(image_shape=(3, 12, 12), classes=4, widths=[16, 24])


@pytest.fixture
def images(generator):
    """Smooth noise (N, 3, 12, 12) uint8, so that neighbouring pixels and channels are correlated."""
    coarse = torch.rand(300, 3, 5, 5, generator=generator) + torch.rand(300, 1, 5, 5, generator=generator)
    fine = F.interpolate(coarse, (12, 12), mode="bilinear") + 0.1 * torch.rand(300, 3, 12, 12, generator=generator)
    return (fine / fine.max() * 255).byte()


def test_the_calibrated_first_layer_whitens(images):
    network = CNN(SMALL)
    network.calibrate(images)
    responses = network.whiten((images.float() / 255 - network.mean) / network.std)  # (N, 24, 11, 11)
    rows = responses.transpose(0, 1).flatten(1)[:12]
    moments = rows @ rows.T / rows.shape[1]
    assert torch.allclose(moments, torch.diag(moments.diag()), atol=1e-3)
    assert (moments.diag() > 0.9).all()
    assert (moments.diag() <= 1.001).all()


def test_each_whitening_filter_has_its_negative(images):
    network = CNN(SMALL)
    network.calibrate(images)
    assert torch.equal(network.whiten.weight[:12], -network.whiten.weight[12:])
    assert not network.whiten.weight.requires_grad


def test_logits_have_a_column_per_class(images):
    assert CNN(SMALL)(images).shape == (300, 4)


def test_a_new_block_passes_its_inputs_on():
    features = torch.rand(2, 8, 6, 6)
    first = block(8, 16)[0](features)
    assert torch.allclose(first[:, :8], features)


def test_normalisations_learn_a_shift_and_no_scale():
    learned = {name for name, value in CNN(SMALL).named_parameters() if value.requires_grad}
    assert {"blocks.0.2.bias", "blocks.0.5.bias"} <= learned
    assert not {"blocks.0.2.weight", "blocks.0.5.weight"} & learned
