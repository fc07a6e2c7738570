import numpy as np
import pytest
import torch

from stages.aae.inference import decode, discriminate, encode, resize
from tests.networks import faces_aae


def test_flat_images_keep_their_values_when_they_are_resized():
    images = (50 * torch.arange(5, dtype=torch.uint8)).view(5, 1, 1, 1).expand(5, 3, 8, 8)
    resized = resize(images, 16)
    assert resized.dtype == torch.uint8
    assert torch.equal(resized, images[:, :, :1, :1].expand(5, 3, 16, 16))


def test_images_of_the_size_asked_for_stay_as_they_are(generator):
    images = torch.randint(256, (3, 3, 8, 8), generator=generator, dtype=torch.uint8)
    assert torch.equal(resize(images, 8), images)


def test_bright_edges_stay_in_range_when_they_are_resized():
    image = torch.zeros(1, 1, 8, 8, dtype=torch.uint8)
    image[..., 4:] = 255
    row = resize(image, 32)[0, 0, 0].int()
    assert (row[0], row[-1]) == (0, 255)
    assert (row[8:24].diff() >= 0).sum() >= 14


@pytest.mark.parametrize("side", [8, 16, 40])
def test_codes_are_those_of_images_at_the_encoders_size_whatever_the_batch(side):
    images = np.random.default_rng(0).integers(0, 256, (501, side, side, 3), dtype=np.uint8)
    aae = faces_aae()
    codes = encode(aae, images)
    assert codes.shape == (501, 6)
    planes = resize(torch.from_numpy(images[-3:]).permute(0, 3, 1, 2), 16)
    assert codes[-3:] == pytest.approx(aae.encoder(planes / 255).detach().numpy(), abs=1e-5)


def test_images_and_probabilities_of_codes_lie_between_zero_and_one():
    aae, codes = faces_aae(), np.random.default_rng(0).normal(size=(501, 6))
    assert decode(aae, codes).shape == (501, 16, 16, 3)
    assert discriminate(aae, codes).shape == (501,)
    for values in (decode(aae, codes), discriminate(aae, codes)):
        assert 0 <= values.min() < values.max() <= 1
