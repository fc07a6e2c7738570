import base64
import json
import zlib

import numpy as np
import pytest

from stages.page.bundles import pack, quantise, restore


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("bits", [8, 9, 12, 16])
def test_a_quantised_matrix_is_off_by_half_a_scale_at_most(bits, axis):
    matrix = np.random.default_rng(0).normal(size=(7, 5)) * (np.arange(7)[:, None] if axis == 0 else np.arange(5))
    quantised = quantise(matrix, bits, axis)
    scales = quantised.scales[:, None] if axis == 0 else quantised.scales
    assert np.abs(quantised.values).max() == 2 ** (bits - 1) - 1
    assert (np.abs(restore(quantised) - matrix) <= 0.5001 * scales + 1e-6).all()


def test_further_axes_become_columns():
    assert quantise(np.ones((4, 3, 2, 2)), 8).values.shape == (4, 12)


def test_a_bundle_holds_facts_and_arrays_and_is_the_same_text_again():
    arrays = {"a": np.arange(5, dtype=np.uint8), "b": np.arange(3, dtype=np.float32), "c": quantise(np.eye(3), 10)}
    text = pack({"dim": 2}, arrays)
    assert text == pack({"dim": 2}, arrays)
    data = zlib.decompress(base64.b64decode(text))
    length = int.from_bytes(data[:4], "little")
    head = json.loads(data[4 : 4 + length])
    assert head["facts"] == {"dim": 2}
    starts = {name: entry["start"] for name, entry in head["arrays"].items()}
    assert starts == {"a": 0, "b": 8, "c": 20}
    body = data[4 + length :]
    assert np.frombuffer(body, "<f4", 3, 8).tolist() == [0, 1, 2]
    assert len(body) == 20 + 12 + 9 + 2 * 2 + 3  # scales, high bits, two planes of nine bits, up to a multiple of 4
