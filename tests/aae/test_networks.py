import pytest
import torch

from stages.aae.networks import AAE, AAEArchitecture
from tests.networks import GAUSSIAN, digits_aae, digits_architecture


def convolutional_architecture(normalise_codes: bool = False) -> AAEArchitecture:
    return AAEArchitecture(
        image_shape=(3, 16, 16),
        prior=GAUSSIAN | {"dim": 6},
        autoencoder={"kind": "convolutional", "channels": [4, 8]},
        discriminator=[8],
        normalise_codes=normalise_codes,
        classes=0,
    )


@pytest.mark.parametrize("architecture", [digits_architecture(), convolutional_architecture()])
def test_an_image_goes_through_a_code_to_an_image(architecture):
    aae = AAE(architecture)
    images = torch.rand(5, *architecture.image_shape)
    codes = aae.encoder(images)
    decoded = aae.decoder(codes)
    assert codes.shape == (5, aae.prior.dim)
    assert decoded.shape == images.shape
    assert decoded.min() >= 0
    assert decoded.max() <= 1
    assert aae.tell_apart(codes).shape == (5,)


def test_normalised_codes_have_unit_variance():
    aae = AAE(convolutional_architecture(normalise_codes=True)).train()
    codes = aae.encoder(torch.rand(64, 3, 16, 16))
    assert codes.mean(0).abs().max() < 1e-4
    assert (codes.var(0, unbiased=False) - 1).abs().max() < 0.01


def test_codes_are_not_rounded_where_autocast_is_on():
    aae = digits_aae()
    with torch.autocast("cpu", torch.bfloat16):
        codes = aae.encoder(torch.rand(5, 1, 28, 28))
        assert aae.tell_apart(codes).dtype == torch.float32
    assert codes.dtype == torch.float32
    assert not torch.equal(codes, codes.bfloat16().float())


def test_the_discriminator_hears_labels_only_where_there_are_classes():
    deaf, hearing = digits_aae(), digits_aae(classes=10)
    codes, labels = torch.randn(4, 2), torch.arange(4)
    assert torch.equal(deaf.tell_apart(codes), deaf.tell_apart(codes, labels))
    assert not torch.allclose(hearing.tell_apart(codes), hearing.tell_apart(codes, labels))
    assert torch.equal(hearing.tell_apart(codes), hearing.tell_apart(codes, torch.full((4,), 10)))
