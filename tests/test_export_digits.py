import numpy as np

from stages.aae.inference import encode
from stages.base.tables import Latents
from stages.export_digits import main
from stages.learning.weights import save_weights
from tests.networks import digits_aae


def test_latents_keep_labels_splits_and_source_rows(digits):
    aae = digits_aae()
    save_weights(aae, "data/models/digits/toy.safetensors")
    digits.write("data/digits/mnist.npz")
    main("toy")
    latents = Latents.read("data/latents/digits/toy.npz")
    assert latents.codes.shape == (120, 2)
    assert np.array_equal(latents.codes, encode(aae, digits.images))
    for name in ("labels", "split", "index"):
        assert np.array_equal(getattr(latents, name), getattr(digits, name))
