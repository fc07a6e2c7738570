import torch

from tests.networks import digits_aae


def test_an_image_goes_through_a_code_to_an_image():
    aae = digits_aae()
    images = torch.rand(5, *aae.architecture.image_shape)
    codes = aae.encoder(images)
    decoded = aae.decoder(codes)
    assert codes.shape == (5, aae.prior.dim)
    assert decoded.shape == images.shape
    assert decoded.min() >= 0
    assert decoded.max() <= 1
    assert aae.tell_apart(codes).shape == (5,)


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
