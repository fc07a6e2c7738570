"""Steps of each training on torch's device `meta`, which computes nothing and refuses what was left on another device.

So all that a GPU would be given lies on it; that a GPU gives the right numbers is not tested where there is none.
"""

from contextlib import nullcontext

import pytest
import torch
from torch.fx.experimental import _config
from torch.optim import SGD, Adam, AdamW

from stages.base.tables import Images
from stages.learning.compute import Machine
from tests import test_train_cnn, test_train_digits, test_train_faces, test_train_identity, test_train_semi
from tests.networks import UMBRELLA
from tests.people import drawn_people
from tests.test_train_cnn import objects  # noqa: F401

META = torch.device("meta")


class MetaGenerator(torch.Generator):
    device = META


class MetaMachine(Machine):
    """A machine whose generator draws on the CPU and says that it draws on `meta`, which has none of its own."""

    def seed(self, seed: int) -> torch.Generator:
        return MetaGenerator()


@pytest.fixture
def meta(monkeypatch) -> Machine:
    """A machine with the device `meta`, in place of all that torch does not have there."""
    monkeypatch.setattr(torch, "autocast", lambda *_, **__: nullcontext())
    for optimizer in (Adam, AdamW, SGD):  # each class by itself, whose method torch wraps
        monkeypatch.setattr(optimizer, "step", lambda _: None)
    monkeypatch.setattr(_config, "meta_nonzero_assume_all_nonzero", True, raising=False)
    monkeypatch.setattr(torch.Tensor, "cpu", lambda tensor: torch.zeros(tensor.shape, dtype=tensor.dtype))
    return MetaMachine(META, bf16=False)


@pytest.fixture
def people() -> Images:
    return drawn_people()


@pytest.mark.parametrize(
    ("make", "data", "values"),
    [
        (test_train_digits.make, "digits", {"mmd_weight": 0.1, "noise": 0.1, "shift": 1}),
        (
            test_train_digits.make,
            "digits",
            {"prior": UMBRELLA, "labelled": 0.5, "labelled_batch": 8, "mmd_weight": 0.1},
        ),
        (test_train_semi.make, "digits", {"noise": 0.1}),
        (test_train_semi.make, "digits", {"labels": 0, "classes": 12, "overclustering": 2}),
        (test_train_faces.make, "faces", {"mmd_weight": 0.1, "pyramid_weight": 0.1}),
        (test_train_identity.make, "people", {}),
        (test_train_cnn.make, "objects", {}),
    ],
    ids=["digits", "labelled digits", "class and style", "clusters", "faces", "identity", "cnn"],
)
def test_a_training_leaves_nothing_on_another_device(make, data, values, meta, request):
    steps = list(make(request.getfixturevalue(data), meta, **values).epoch(0))
    assert {loss.device for losses in steps for loss in losses.values()} == {META}
