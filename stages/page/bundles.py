"""Arrays and facts as text that stands in a page: compressed, base64, unpacked by assets/bundles.js."""

import base64
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Quantised:
    """A matrix (rows, columns) as whole numbers times a scale per row, or per column where `axis` is 1."""

    values: np.ndarray  # (rows, columns) int16
    scales: np.ndarray  # (rows,) or (columns,) float32
    bits: int  # 8 to 16
    axis: int

    def data(self) -> bytes:
        """The scales; of each value the highest eight bits, which compress well; and a plane per lower bit."""
        lower = self.bits - 8
        planes = [np.packbits(self.values >> bit & 1) for bit in reversed(range(lower))]
        parts = [self.scales.astype("<f4"), (self.values >> lower).astype(np.int8), *planes]
        return b"".join(part.tobytes() for part in parts)


def quantise(matrix: np.ndarray, bits: int, axis: int = 0) -> Quantised:
    """The matrix (rows, ...), whose further axes are made one, with an error of at most half a scale per value."""
    rows = matrix.reshape(len(matrix), -1).astype(np.float64)
    largest = np.abs(rows).max(1 - axis, keepdims=True)
    scales = np.where(largest > 0, largest, 1) / (2 ** (bits - 1) - 1)
    return Quantised(np.rint(rows / scales).astype(np.int16), scales.ravel().astype(np.float32), bits, axis)


def restore(quantised: Quantised) -> np.ndarray:
    """The matrix (rows, columns) float32 as the page sees it."""
    scales = quantised.scales[:, None] if quantised.axis == 0 else quantised.scales
    return quantised.values.astype(np.float32) * scales


def pack(facts: Mapping[str, Any], arrays: Mapping[str, np.ndarray | Quantised]) -> str:
    """Facts (JSON) and named arrays (uint8, int32, float32 or quantised) as base64; the same ones are the same text.

    What is compressed is the length of a head as uint32, the head in JSON, and the bytes of the arrays, little-endian
    and each from a multiple of 4.
    """
    head, parts, start = {}, [], 0
    for name, array in arrays.items():
        entry: dict[str, Any] = {"start": start}
        if isinstance(array, Quantised):
            entry |= {"type": "quantised", "shape": array.values.shape, "bits": array.bits, "axis": array.axis}
            data = array.data()
        else:
            entry |= {"type": array.dtype.name, "shape": array.shape}
            data = np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes()
        parts.append(data + bytes(-len(data) % 4))
        start += len(parts[-1])
        head[name] = entry
    text = json.dumps({"facts": facts, "arrays": head}, sort_keys=True).encode()
    text += b" " * (-len(text) % 4)
    whole = len(text).to_bytes(4, "little") + text + b"".join(parts)
    return base64.b64encode(zlib.compress(whole, 9)).decode()
