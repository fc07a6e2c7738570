"""Principal components of images: the linear model that an autoencoder of as many dimensions has to beat.

It learns mirror images too, as the autoencoder of faces does, and its reconstructions are clipped to the range of
images.
"""

import numpy as np
from sklearn.decomposition import PCA

BATCH = 1000  # images at a time, which keeps the float copies small
ENOUGH = 12_000  # images that components are learned from at most: all of LFW's that are learned, 1.2 GB of floats


def as_rows(images: np.ndarray) -> np.ndarray:
    """Pixels (N, H * W * C) float32 in [0, 1] of images (N, H, W, C) uint8."""
    return images.reshape(len(images), -1) / np.float32(255)


def fit_pca(images: np.ndarray, dim: int, seed: int) -> PCA:
    """`dim` components of images (N, H, W, C) uint8 and of their mirror images; cut to what these can span.

    Of more than `ENOUGH` images, as many are drawn by `seed`. Singular values come from a randomised solver (Halko et
    al. 2011), which `seed` starts, too. Codes are whitened: each dimension has unit variance over the images.
    """
    if len(images) > ENOUGH:
        images = images[np.random.default_rng(seed).permutation(len(images))[:ENOUGH]]
    rows = as_rows(np.concatenate([images, images[:, :, ::-1]]))
    dim = min(dim, len(rows) - 1, rows.shape[1])
    return PCA(dim, whiten=True, svd_solver="randomized", random_state=seed, copy=False).fit(rows)


def pca_encode(pca: PCA, images: np.ndarray) -> np.ndarray:
    """Whitened codes (N, d) float32 of images (N, H, W, C) uint8."""
    starts = range(0, len(images), BATCH)
    return np.concatenate([pca.transform(as_rows(images[start : start + BATCH])) for start in starts])


def pca_decode(pca: PCA, codes: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Images (N, *shape) float32, clipped to [0, 1], of whitened codes (N, d)."""
    return np.clip(pca.inverse_transform(codes), 0, 1).astype(np.float32).reshape(-1, *shape)
