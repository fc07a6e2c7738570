"""Walks through latent space from one code to another and back, decoded into images."""

import numpy as np

from stages.aae.inference import decode
from stages.aae.networks import AAE


def ease(frames: int) -> np.ndarray:
    """Weights (frames,) of the walk's end: sin^2(pi t / 2) = 1 - cos^2(pi t / 2) for t from 0 to 1.

    Cosine-squared easing: the walk starts and ends slowly, exactly at 0 and at 1.
    """
    return np.sin(np.pi / 2 * np.linspace(0, 1, frames)) ** 2


def blend(start: np.ndarray, end: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Points (pairs, frames, ...) on the segments from start to end (pairs, ...), at the end's weights (frames,)."""
    share = weights.reshape(-1, *[1] * (start.ndim - 1))
    return (1 - share) * start[:, None] + share * end[:, None]


def walk(aae: AAE, start: np.ndarray, end: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Images (pairs, frames, H, W, C) in [0, 1] decoded on the segments between codes (pairs, d)."""
    codes = blend(start, end, weights)  # (pairs, frames, d)
    images = decode(aae, codes.reshape(-1, codes.shape[-1]))
    return images.reshape(*codes.shape[:2], *images.shape[1:])


def there_and_back(films: np.ndarray) -> np.ndarray:
    """Films (pairs, frames, ...) that also return, so that a repeated one has no jump and shows no frame twice."""
    return np.concatenate([films, films[:, -2:0:-1]], 1)
