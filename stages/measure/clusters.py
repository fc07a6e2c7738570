"""How well clusters, or classes told by a few labels, fit labels (N,); clusters are probabilities (N, K)."""

import numpy as np
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score


def name_by_confidence(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The class (K,) of each cluster: that of the image most confidently in it (AAE paper, section 6)."""
    return labels[probabilities.argmax(0)]


def name_by_majority(probabilities: np.ndarray, labels: np.ndarray, classes: int) -> np.ndarray:
    """The class (K,) of each cluster: that of most images in it; of an empty one that of the most confident image."""
    counts = np.zeros((probabilities.shape[1], classes), np.int64)
    np.add.at(counts, (probabilities.argmax(1), labels), 1)
    return np.where(counts.any(1), counts.argmax(1), name_by_confidence(probabilities, labels))


def merge(probabilities: np.ndarray, names: np.ndarray, classes: int) -> np.ndarray:
    """Class probabilities (N, classes): those of the clusters that have each of the `names` (K,), summed."""
    return probabilities @ np.eye(classes, dtype=probabilities.dtype)[names]


def cluster_error(probabilities: np.ndarray, names: np.ndarray, labels: np.ndarray) -> float:
    """Share of images whose most probable cluster has a name (K,) that is not their label, in [0, 1]."""
    return float((names[probabilities.argmax(1)] != labels).mean())


def nmi(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Normalised mutual information of most probable clusters and labels, in [0, 1]; the arithmetic mean normalises."""
    return float(normalized_mutual_info_score(labels, probabilities.argmax(1)))


def ari(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Adjusted Rand index of most probable clusters and labels: 1 where they agree, 0 where by chance."""
    return float(adjusted_rand_score(labels, probabilities.argmax(1)))
