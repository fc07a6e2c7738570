"""How well generated images match real ones. Both are rows of features (N, d), of one space."""

import numpy as np
from scipy.spatial.distance import cdist


def frechet_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Fréchet distance between the Gaussians of the means and covariances of two sets, in the features' unit.

    The root of |mean_a - mean_b|^2 + tr(A + B - 2 (A B)^(1/2)) for covariances A and B (Dowson and Landau 1982, The
    Fréchet Distance between Multivariate Normal Distributions, equation 4). Covariances may be singular: the trace of
    (A B)^(1/2) is the sum of the singular values of A^(1/2) B^(1/2), and the roots come from eigenvalues.
    It grows as samples get fewer: compare with as many that are known to match, the floor.
    """
    covariances = [np.cov(rows.astype(np.float64), rowvar=False) for rows in (a, b)]
    shift = a.mean(0, dtype=np.float64) - b.mean(0, dtype=np.float64)
    overlap = np.linalg.svd(root(covariances[0]) @ root(covariances[1]), compute_uv=False).sum()
    squared = shift @ shift + sum(map(np.trace, covariances)) - 2 * overlap
    return float(np.sqrt(max(squared, 0)))  # rounding may take equal sets below 0


def root(covariance: np.ndarray) -> np.ndarray:
    """The symmetric square root of a positive semi-definite matrix (d, d)."""
    values, directions = np.linalg.eigh(covariance)
    return directions * np.sqrt(values.clip(min=0)) @ directions.T


def density_coverage(real: np.ndarray, samples: np.ndarray, k: int = 5) -> tuple[float, float]:
    """How far samples lie where real rows are dense, and the share of real rows that have a sample near.

    Each real row has a ball that reaches to its `k`-th nearest other one; `k` is cut to how many these are. Density,
    at least 0 and about 1 for a match, is the mean number of balls that a sample lies in, over `k`; coverage, in
    [0, 1], is the share of balls with a sample in them, and is 1 - 1 / 2^k for as many samples that match (Naeem et
    al. 2020, Reliable Fidelity and Diversity Metrics for Generative Models, section 3).
    """
    k = min(k, len(real) - 1)
    radii = np.sort(cdist(real, real), axis=1)[:, k]  # (real,); the nearest is the row itself
    inside = cdist(real, samples) < radii[:, None]  # (real, samples)
    return float(inside.sum(0).mean() / k), float(inside.any(1).mean())
