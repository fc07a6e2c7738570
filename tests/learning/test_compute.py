import pytest
import torch

from stages.learning.compute import ComputeParams, MissingDevice, prepare


def test_a_device_that_the_machine_lacks_is_named(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(MissingDevice) as fault:
        prepare(ComputeParams(device="cuda", precision="auto"))
    assert fault.value.args == ("cuda",)


@pytest.mark.parametrize(("precision", "kind"), [("float32", torch.float32), ("bf16", torch.bfloat16)], ids=str)
def test_matrix_products_have_the_precision_asked_for(precision, kind):
    with prepare(ComputeParams(device="cpu", precision=precision)).autocast():
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == kind


def test_a_seed_draws_the_same_weights_and_the_same_numbers(machine):
    drawn = []
    for seed in (0, 0, 1):
        generator = machine.seed(seed)
        drawn.append((torch.rand(3).tolist(), torch.rand(3, generator=generator).tolist()))
    assert drawn[0] == drawn[1]
    assert drawn[0][0] != drawn[2][0]
    assert drawn[0][1] != drawn[2][1]
