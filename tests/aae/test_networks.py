import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from stages.aae.networks import AAE, AAEArchitecture
from stages.base.params import load
from stages.train_faces import FaceModel
from tests.networks import digits_aae, digits_architecture, faces_architecture


@pytest.mark.parametrize("architecture", [digits_architecture(), faces_architecture()], ids=["dense", "convolutional"])
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
    aae = AAE(faces_architecture(normalise_codes=True)).train()
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


def test_the_default_face_network_is_compact(project, monkeypatch):
    monkeypatch.chdir(project)
    model, side = load("faces.common.model", FaceModel), load("faces.image_size", int)
    architecture = AAEArchitecture(
        image_shape=(3, side, side),
        autoencoder={"kind": "convolutional", "channels": model.channels},
        classes=0,
        **model.model_dump(exclude={"channels"}),
    )
    aae = AAE(architecture).eval()
    with FlopCounterMode(display=False) as counter:
        aae.decoder(aae.encoder(torch.rand(1, 3, side, side)))
    assert counter.get_total_flops() / 2 <= 0.3e9
