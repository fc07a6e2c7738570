"""Principal components of images: the linear model that an autoencoder of as many dimensions has to beat."""

import numpy as np
from sklearn.decomposition import PCA

BATCH = 1000  # images at a time, which keeps the float copies small


def as_rows(images: np.ndarray) -> np.ndarray:
    """Pixels (N, H * W * C) float32 in [0, 1] of images (N, H, W, C) uint8."""
    return images.reshape(len(images), -1) / np.float32(255)


def fit_pca(images: np.ndarray, dim: int, seed: int) -> PCA:
    """`dim` components of images (N, H, W, C) uint8; cut to what the images can span, one less than their number.

    Singular values come from a randomised solver (Halko et al. 2011), seeded by `seed`.
    """
    rows = as_rows(images)
    return PCA(min(dim, len(rows) - 1, rows.shape[1]), svd_solver="randomized", random_state=seed, copy=False).fit(rows)


def pca_reconstruct(pca: PCA, images: np.ndarray) -> np.ndarray:
    """Images (N, H, W, C) float32, clipped to [0, 1], that the components make of images (N, H, W, C) uint8."""
    rows = pca.inverse_transform(pca.transform(as_rows(images)))
    return np.clip(rows, 0, 1).astype(np.float32).reshape(images.shape)
