import pytest
import torch
from safetensors.torch import save_file

from stages.aae.networks import AAE, Architecture
from stages.base.errors import StageError
from stages.learning.weights import load_weights, save_weights

SPEC = {"image_shape": (1, 8, 8), "prior": {"kind": "umbrella"}, "autoencoder": {"kind": "dense", "hidden": [16]}}


def test_a_file_is_enough_to_rebuild_the_network():
    aae = AAE(Architecture(**SPEC, classes=10)).eval()
    save_weights(aae, "weights.safetensors")
    again = load_weights(AAE, "weights.safetensors")
    images = torch.rand(3, 1, 8, 8)
    assert again.architecture == aae.architecture
    assert torch.equal(again.decoder(again.encoder(images)), aae.decoder(aae.encoder(images)))


def test_the_same_weights_are_the_same_bytes(tmp_path):
    aae = AAE(Architecture(**SPEC))
    for name in "ab":
        save_weights(aae, f"{name}.safetensors")
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()


@pytest.mark.parametrize("damage", ["truncated", "empty", "text", "pickle", "other architecture", "no metadata"])
def test_a_file_that_does_not_fit_is_refused_by_name(tmp_path, damage):
    aae = AAE(Architecture(**SPEC))
    path = tmp_path / "weights.safetensors"
    save_weights(aae, path)
    if damage == "truncated":
        path.write_bytes(path.read_bytes()[:-100])
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "text":
        path.write_text("<html>not found</html>")
    elif damage == "pickle":
        torch.save(aae.state_dict(), path)
    elif damage == "other architecture":
        wider = Architecture(**SPEC | {"autoencoder": {"kind": "dense", "hidden": [17]}})
        save_file(aae.state_dict(), path, {"architecture": wider.model_dump_json()})
    else:
        save_file(aae.state_dict(), path)
    with pytest.raises(StageError, match=r"weights\.safetensors holds no weights of the class AAE"):
        load_weights(AAE, path)
