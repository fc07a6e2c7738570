import numpy as np
import pytest
from torch import nn

from stages.base.errors import StageError
from stages.page.bundles import Quantised
from stages.page.decoders import dense, faces, strongest_directions
from tests.networks import digits_aae, faces_aae


def test_a_dense_decoder_is_told_layer_by_layer():
    layers, arrays = dense(digits_aae().decoder)
    assert [layer["kind"] for layer in layers] == ["linear", "norm", "relu", "linear", "sigmoid"]
    assert all(f"{layer['name']}.weight" in arrays for layer in layers if "name" in layer)
    assert arrays["3.weight"].values.shape == (784, 16)


def test_a_layer_without_a_kernel_is_refused():
    with pytest.raises(StageError, match="no kernel for the layer Tanh"):
        dense(nn.Sequential(nn.Linear(2, 3), nn.Tanh()))


def test_a_decoder_of_faces_brings_shell_linear_map_and_convolutions():
    arrays = faces(faces_aae().decoder)
    assert {"shell.gaussian", "linear.weight", "inner.0.weight", "before.1.second.bias", "outer.weight"} <= set(arrays)
    weight = arrays["linear.weight"]
    assert isinstance(weight, Quantised)
    assert weight.scales.shape == (6,)  # per column


def test_the_strongest_directions_are_those_of_the_largest_columns():
    weight = np.zeros((10, 4))
    weight[3, 0], weight[5, 1], weight[7, 2], weight[1, 3] = 1, -3, 2, 100  # the last dimension is left out
    directions, shares = strongest_directions(weight, 2)
    assert np.abs(directions - np.eye(4)[[1, 2]]).max() < 1e-6
    assert shares == pytest.approx([9 / 14, 4 / 14])
