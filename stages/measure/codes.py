"""How well latent codes match a prior, and what they tell of the images' classes. Codes are arrays (N, d)."""

import numpy as np
from scipy import stats
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import StratifiedKFold, cross_val_score, train_test_split
from sklearn.neighbors import KNeighborsClassifier

FOLDS = 5  # of the classifier that sees few codes


def knn_accuracy(
    train_codes: np.ndarray,
    train_labels: np.ndarray,
    test_codes: np.ndarray,
    test_labels: np.ndarray,
    k: int,
) -> float:
    """Share of test codes whose class is that of most of their `k` nearest training codes, in [0, 1].

    `k` is cut to the number of training codes.
    """
    classifier = KNeighborsClassifier(min(k, len(train_codes)))
    return float(classifier.fit(train_codes, train_labels).score(test_codes, test_labels))


def sliced_w2(a: np.ndarray, b: np.ndarray, seed: int, n_projections: int) -> float:
    """Sliced Wasserstein-2 distance between two samples of equal size, in the codes' unit.

    The square root of the mean, over random directions, of the squared Wasserstein-2 distance of the projections,
    which sorting gives exactly (Bonneel et al. 2015, Sliced and Radon Wasserstein Barycenters, section 3).
    Two samples of one distribution are not at zero: compare with such a pair, the floor.

    Raises ValueError where the samples' shapes differ.
    """
    if a.shape != b.shape:
        raise ValueError(f"samples of one size are needed, not {a.shape} and {b.shape}")
    directions = np.random.default_rng(seed).normal(size=(n_projections, a.shape[1]))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    squared = [np.square(np.sort(a @ direction) - np.sort(b @ direction)).mean() for direction in directions]
    return float(np.sqrt(np.mean(squared)))


def two_sample_accuracy(codes: np.ndarray, samples: np.ndarray, seed: int) -> float:
    """Accuracy of a fresh classifier that tells codes from samples of the prior, in [0, 1]; 0.5 is a perfect match.

    Boosted trees learn on one half of both and are scored on the other (Lopez-Paz and Oquab 2017, Revisiting
    Classifier Two-Sample Tests, section 3). Trees see holes and ridges that a small network smooths over.
    """
    rows = np.concatenate([codes, samples])
    from_prior = np.repeat([0, 1], [len(codes), len(samples)])
    fit_rows, test_rows, fit_labels, test_labels = train_test_split(
        rows, from_prior, test_size=0.5, stratify=from_prior, random_state=seed
    )
    classifier = HistGradientBoostingClassifier(early_stopping=True, random_state=seed)
    return float(classifier.fit(fit_rows, fit_labels).score(test_rows, test_labels))


def petal_accuracy(component_densities: np.ndarray, labels: np.ndarray) -> float:
    """Share of codes whose densest component (N, components) of the prior is that of their label, in [0, 1]."""
    return float((component_densities.argmax(1) == labels).mean())


def code_norm(codes: np.ndarray) -> float:
    """Mean squared norm over the dimension: 1 for a standard Gaussian."""
    return float(np.square(codes, dtype=np.float64).mean())


def norm_deviation(codes: np.ndarray) -> float:
    """Deviation of the squared norm over the dimension: that of a standard Gaussian is a chi-square's, sqrt(2 / d)."""
    return float(np.square(codes, dtype=np.float64).mean(1).std())


def top_eigenvalue(codes: np.ndarray) -> float:
    """Variance along the direction in which codes (N, d) vary most.

    Of few samples of a standard Gaussian in many dimensions it is far above 1, about (1 + sqrt(d / N))^2 (Geman 1980,
    A Limit Theorem for the Norm of Random Matrices): compare with such samples, the floor.
    """
    return float(np.linalg.eigvalsh(np.cov(codes, rowvar=False))[-1])


def kurtosis(codes: np.ndarray) -> float:
    """Fourth standardised moment of each dimension, averaged: 3 for a Gaussian."""
    return float(stats.kurtosis(codes, fisher=False).mean())


def moments_accuracy(codes: np.ndarray, samples: np.ndarray, seed: int) -> float:
    """Accuracy of a fresh classifier that tells codes (N, d) from samples of the prior by four statistics of each.

    For many dimensions and few codes, where trees on the codes themselves see nothing: mean of x^2, of x^4, of |x|,
    and the largest |x| of each row, classified by boosted trees in `FOLDS` folds. 0.5 is a perfect match.
    """
    rows = np.abs(np.concatenate([codes, samples]).astype(np.float64))
    moments = np.stack([(rows**2).mean(1), (rows**4).mean(1), rows.mean(1), rows.max(1)], 1)
    from_prior = np.repeat([0, 1], [len(codes), len(samples)])
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    classifier = HistGradientBoostingClassifier(random_state=seed)
    return float(cross_val_score(classifier, moments, from_prior, cv=folds).mean())
