"""Principal components of images: the linear model that an autoencoder of as many dimensions has to beat.

It learns mirror images too, as the autoencoder of faces does, and its reconstructions are clipped to the range of
images.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy.special import ndtr, ndtri
from sklearn.decomposition import PCA

BATCH = 1000  # images at a time, which keeps the float copies small


def as_rows(images: np.ndarray) -> np.ndarray:
    """Pixels (N, H * W * C) float32 in [0, 1] of images (N, H, W, C) uint8."""
    return images.reshape(len(images), -1) / np.float32(255)


def fit_pca(images: np.ndarray, dim: int, seed: int) -> PCA:
    """`dim` components of images (N, H, W, C) uint8 and of their mirror images; cut to what these can span.

    Singular values come from a randomised solver (Halko et al. 2011), seeded by `seed`. Codes are whitened: each
    dimension has unit variance over the images.
    """
    rows = as_rows(np.concatenate([images, images[:, :, ::-1]]))
    dim = min(dim, len(rows) - 1, rows.shape[1])
    return PCA(dim, whiten=True, svd_solver="randomized", random_state=seed, copy=False).fit(rows)


def pca_decode(pca: PCA, codes: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Images (N, *shape) float32, clipped to [0, 1], of whitened codes (N, d)."""
    return np.clip(pca.inverse_transform(codes), 0, 1).astype(np.float32).reshape(-1, *shape)


@dataclass(frozen=True)
class ClosedForm:
    """Whitened codes brought to the norms of a standard Gaussian of d dimensions, with nothing trained.

    The first d - 1 dimensions keep their direction; their norm is drawn as a Gaussian's, and says nothing. What this
    takes away, how many deviations the image is from the mean, is the last dimension: the rank among the training
    images, as the value of that rank of a Gaussian.
    """

    norms: np.ndarray  # (N,) of the training images' whitened codes, in d - 1 dimensions, sorted

    @classmethod
    def of(cls, codes: np.ndarray) -> Self:
        """Learned from whitened codes (N, d) of training images, of which d - 1 dimensions count."""
        return cls(np.sort(np.linalg.norm(codes[:, :-1], axis=1)))

    @property
    def ranks(self) -> np.ndarray:
        """Share (N,) of the training images with a smaller norm, half of each image itself counted."""
        return (np.arange(len(self.norms)) + 0.5) / len(self.norms)

    def encode(self, codes: np.ndarray, seed: int) -> np.ndarray:
        """Codes (N, d) of whitened codes (N, d); norms beyond those of the training images are cut."""
        norms = np.linalg.norm(codes[:, :-1], axis=1)
        drawn = np.sqrt(np.random.default_rng([seed, 0]).chisquare(codes.shape[1] - 1, len(codes)))
        last = ndtri(np.interp(norms, self.norms, self.ranks))
        return np.column_stack([codes[:, :-1] * (drawn / norms)[:, None], last])

    def decode(self, codes: np.ndarray) -> np.ndarray:
        """Whitened codes (N, d) of such codes; the last dimension, which these lack, is 0."""
        norms = np.interp(ndtr(codes[:, -1]), self.ranks, self.norms)
        scale = norms / np.linalg.norm(codes[:, :-1], axis=1)
        return np.column_stack([codes[:, :-1] * scale[:, None], np.zeros(len(codes))])
