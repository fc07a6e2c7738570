import pytest
import torch
from safetensors.torch import save_file

from stages.aae.networks import AAE
from stages.base.files import DamagedFile
from stages.learning.weights import load_weights, save_weights
from tests.networks import digits_aae, digits_architecture


def test_a_file_is_enough_to_rebuild_the_network():
    aae = digits_aae(classes=10)
    save_weights(aae, "weights.safetensors")
    again = load_weights(AAE, "weights.safetensors")
    images = torch.rand(3, 1, 28, 28)
    assert again.architecture == aae.architecture
    assert torch.equal(again.decoder(again.encoder(images)), aae.decoder(aae.encoder(images)))


def test_the_same_weights_are_the_same_bytes(tmp_path):
    aae = digits_aae()
    for name in "ab":
        save_weights(aae, f"{name}.safetensors")
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()


@pytest.mark.parametrize("damage", ["truncated", "empty", "text", "pickle", "other architecture", "no metadata"])
def test_a_file_that_does_not_fit_is_refused_by_name(tmp_path, damage):
    aae = digits_aae()
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
        save_file(aae.state_dict(), path, {"architecture": digits_architecture(hidden=17).model_dump_json()})
    else:
        save_file(aae.state_dict(), path)
    with pytest.raises(DamagedFile) as fault:
        load_weights(AAE, path)
    assert fault.value.args[0] == path
    assert fault.value.args[1].startswith("it holds no weights of the class AAE: ")
