"""Codes that tell a class, but not surely, and what classifiers say of them, which tests share."""

import numpy as np

from stages.base.tables import Images, Latents, Predictions
from tests.conftest import blobs


def four_classes() -> Images:
    return blobs(400, (8, 8, 3), 4, {"train": 240, "validation": 80, "test": 80})


def noisy_codes(objects: Images) -> Latents:
    """Codes (400, 6) whose first dimensions tell the class, but not surely."""
    values = np.eye(4, 6)[objects.labels] + 0.5 * np.random.default_rng(0).standard_normal((400, 6))
    return Latents.of(objects, values.astype(np.float32))


def log_loss(predictions: Predictions, split: str) -> float:
    part = predictions.part(split)
    return -np.log(part.probabilities[np.arange(len(part)), part.labels]).mean()


def check_predictions(predictions: Predictions, codes: Latents) -> None:
    """Every row has its probabilities, and most test rows of `noisy_codes` their class."""
    assert predictions.probabilities.shape == (400, 4)
    assert np.allclose(predictions.probabilities.sum(1), 1, atol=1e-6)
    assert np.array_equal(predictions.split, codes.split)
    assert np.array_equal(predictions.index, codes.index)
    test = predictions.part("test")
    assert (test.probabilities.argmax(1) == test.labels).mean() > 0.6
