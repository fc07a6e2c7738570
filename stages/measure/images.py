"""How far reconstructions are from images.

Images are uint8 (N, H, W, C), reconstructions float (N, H, W, C) in [0, 1]; errors are per pixel and channel,
of images scaled to [0, 1].
"""

import numpy as np


def squared_errors(images: np.ndarray, reconstructions: np.ndarray) -> np.ndarray:
    """Mean squared error (N,) of each image. Raises ValueError where the shapes differ."""
    if images.shape != reconstructions.shape:
        raise ValueError(f"images {images.shape} and reconstructions {reconstructions.shape} differ in shape")
    errors = np.empty(len(images))
    for start in range(0, len(images), 1000):  # keeps the float copies small
        rows = slice(start, start + 1000)
        difference = reconstructions[rows] - images[rows] / np.float32(255)
        errors[rows] = np.square(difference).mean((1, 2, 3), dtype=np.float64)
    return errors


def mse(images: np.ndarray, reconstructions: np.ndarray) -> float:
    """Mean squared error."""
    return float(squared_errors(images, reconstructions).mean())


def psnr(images: np.ndarray, reconstructions: np.ndarray) -> float:
    """Peak signal-to-noise ratio in decibels, 10 log10(1 / MSE) of each image, averaged over the images."""
    return float((-10 * np.log10(squared_errors(images, reconstructions))).mean())
