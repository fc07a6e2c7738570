"""What predicted probabilities (N, classes) are worth, beyond how often the most probable class is right."""

import numpy as np
from sklearn.metrics import log_loss
from sklearn.neighbors import KNeighborsClassifier


def cross_entropy(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Mean of -ln of the probability of the label (N,), in nats; a probability of 0 counts as float64's smallest."""
    rows = probabilities.astype(np.float64)
    classes = np.arange(probabilities.shape[1])
    return float(log_loss(labels, rows / rows.sum(1, keepdims=True), labels=classes))


def calibration_error(probabilities: np.ndarray, labels: np.ndarray, bins: int = 15) -> float:
    """Expected calibration error, in [0, 1]: how far confidence and accuracy differ, averaged over images.

    Images are grouped by their confidence in `bins` even steps (Guo et al. 2017, On Calibration of Modern Neural
    Networks, section 2).
    """
    confidence, right = probabilities.max(1).astype(np.float64), probabilities.argmax(1) == labels
    group = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    gaps = np.bincount(group, confidence - right, minlength=bins)
    return float(np.abs(gaps).sum() / len(labels))


def class_information(
    train_codes: np.ndarray, train_labels: np.ndarray, codes: np.ndarray, labels: np.ndarray, k: int
) -> float:
    """Bits that codes (N, d) tell of labels (N,), as far as their `k` nearest training codes know: 0 is nothing.

    The entropy of the labels less the cross-entropy of the neighbours' shares, each class counted once more: a lower
    bound of the mutual information (Barber and Agakov 2003, The IM Algorithm). It is below 0 where codes mislead.
    """
    classifier = KNeighborsClassifier(min(k, len(train_codes))).fit(train_codes, train_labels)
    counts = classifier.predict_proba(codes) * classifier.n_neighbors + 1  # (N, classes)
    told = counts[np.arange(len(labels)), np.searchsorted(classifier.classes_, labels)] / counts.sum(1)
    share = np.unique(labels, return_counts=True)[1] / len(labels)
    return float(np.log2(told).mean() - (share * np.log2(share)).sum())
