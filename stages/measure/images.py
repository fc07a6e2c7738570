"""How far reconstructions are from images.

Images are uint8 (N, H, W, C), reconstructions float (N, H, W, C) in [0, 1]; errors are per pixel and channel,
of images scaled to [0, 1].
"""

from collections.abc import Iterator
from functools import partial

import numpy as np
from scipy.fft import dctn
from skimage.metrics import structural_similarity

BATCH = 500  # images at a time, which keeps the float copies small


def squared_errors(images: np.ndarray, reconstructions: np.ndarray) -> np.ndarray:
    """Mean squared error (N,) of each image. Raises ValueError where the shapes differ."""
    batches = in_batches(images, reconstructions)
    return np.concatenate([np.square(decoded - true).mean((1, 2, 3), dtype=np.float64) for true, decoded in batches])


def in_batches(images: np.ndarray, reconstructions: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Images, scaled to [0, 1], and their reconstructions, both float32, a batch at a time."""
    if images.shape != reconstructions.shape:
        raise ValueError(f"images {images.shape} and reconstructions {reconstructions.shape} differ in shape")
    for start in range(0, len(images), BATCH):
        rows = slice(start, start + BATCH)
        yield images[rows] / np.float32(255), reconstructions[rows].astype(np.float32)


def mse(images: np.ndarray, reconstructions: np.ndarray) -> float:
    """Mean squared error."""
    return float(squared_errors(images, reconstructions).mean())


def psnr(images: np.ndarray, reconstructions: np.ndarray) -> float:
    """Peak signal-to-noise ratio in decibels, 10 log10(1 / MSE) of each image, averaged over the images."""
    return float((-10 * np.log10(squared_errors(images, reconstructions))).mean())


def ssim(images: np.ndarray, reconstructions: np.ndarray) -> float:
    """Structural similarity, at most 1, which equal images have; averaged over pixels, channels and images.

    With the Gaussian window of the paper, whose deviation is 1.5 pixels (Wang et al. 2004, Image Quality Assessment:
    From Error Visibility to Structural Similarity, section III): 11 pixels wide, so that smaller images are refused.
    """
    similarity = partial(
        structural_similarity,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        data_range=1,
        channel_axis=-1,
    )
    batches = in_batches(images, reconstructions)
    return float(np.mean([similarity(*pair) for batch in batches for pair in zip(*batch, strict=True)]))


def error_by_frequency(images: np.ndarray, reconstructions: np.ndarray, bands: int = 4) -> np.ndarray:
    """Power (bands,) of the error relative to that of the images, by octave of spatial frequency, from coarse to fine.

    0 where the reconstructions are exact, about 1 where they show nothing of the images. Frequencies are radii in the
    plane of the Fourier transform of images that their mirror images continue, the discrete cosine transform: without
    these, the jumps from each edge to the opposite one would pass for fine detail. Of the Nyquist frequency, the last
    band has those above a half, the one before those above a quarter, and so on; the first has all that are left but
    the mean. Powers are summed over images and channels. Each side is to have 2^bands pixels or more, and the images
    some power in each band.
    """
    height, width = images.shape[1:3]
    radii = np.hypot(np.arange(height)[:, None] / height, np.arange(width) / width)  # (H, W), of the Nyquist frequency
    band = np.searchsorted(0.5 ** np.arange(bands - 1, 0, -1), radii)  # (H, W) in [0, bands)
    power = np.zeros((2, bands))  # of the errors, of the images
    for true, decoded in in_batches(images, reconstructions):
        for total, signal in zip(power, (decoded - true, true), strict=True):
            spectrum = np.square(dctn(signal, axes=(1, 2), norm="ortho")).sum((0, 3), dtype=np.float64)  # (H, W)
            spectrum[0, 0] = 0  # the mean
            total += np.bincount(band.ravel(), spectrum.ravel(), bands)
    return power[0] / power[1]
