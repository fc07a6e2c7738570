"""Trained decoders as layers and arrays that assets/decoders.js computes with."""

from typing import Any

import numpy as np
from torch import Tensor, nn

from stages.base.errors import StageError
from stages.page.bundles import Quantised, quantise

DENSE_BITS, LINEAR_BITS, CONVOLUTION_BITS = 12, 9, 10  # the fewest at which pictures stay within their bounds

Arrays = dict[str, np.ndarray | Quantised]


def array(tensor: Tensor) -> np.ndarray:
    return tensor.detach().cpu().numpy()


def dense(decoder: nn.Sequential) -> tuple[list[dict[str, Any]], Arrays]:
    """Layers in their order, and their weights, of a decoder of fully connected layers.

    Raises StageError where it has others.
    """
    layers, arrays = [], {}
    for name, layer in decoder.named_children():
        match layer:
            case nn.Linear():
                layers.append({"kind": "linear", "name": name})
                arrays[f"{name}.weight"] = quantise(array(layer.weight), DENSE_BITS)
                arrays[f"{name}.bias"] = array(layer.bias)
            case nn.LayerNorm():
                layers.append({"kind": "norm", "name": name, "epsilon": layer.eps})
                arrays |= {f"{name}.weight": array(layer.weight), f"{name}.bias": array(layer.bias)}
            case nn.ReLU() | nn.Sigmoid():
                layers.append({"kind": type(layer).__name__.lower()})
            case nn.Unflatten():
                pass
            case _:
                raise StageError(f"the page has no kernel for the layer {layer} of a decoder: write one")
    return layers, arrays


def faces(decoder: nn.Module) -> Arrays:
    """The weights of a decoder of faces: the shell, the linear map, and each convolution of the refiner.

    The linear map has a scale per column, because its columns, principal components, differ in size.
    """
    arrays: Arrays = {f"shell.{name}": array(values) for name, values in decoder.shell.named_buffers()}
    arrays["linear.weight"] = quantise(array(decoder.linear.weight), LINEAR_BITS, axis=1)
    arrays["linear.bias"] = array(decoder.linear.bias)
    for name, layer in decoder.refiner.named_modules():
        if isinstance(layer, nn.Conv2d):
            arrays[f"{name}.weight"] = quantise(array(layer.weight), CONVOLUTION_BITS)
            arrays[f"{name}.bias"] = array(layer.bias)
    return arrays


def strongest_directions(weight: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """The `n` unit directions (n, d) of a code that change a linear map's image most, and their shares of its variance.

    `weight` is (pixels, d). The code's last dimension is left out: the shell gives it another meaning. The largest
    entry of each direction is positive.
    """
    inner = weight[:, :-1].astype(np.float64)
    variances, directions = np.linalg.eigh(inner.T @ inner)
    found = directions[:, ::-1][:, :n].T  # the strongest first
    found = found * np.sign(np.take_along_axis(found, np.abs(found).argmax(1)[:, None], 1))
    return np.pad(found, ((0, 0), (0, 1))).astype(np.float32), variances[::-1][:n] / variances.sum()
