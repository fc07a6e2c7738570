"""How well predicted probabilities (N, classes) fit labels (N,) in [0, classes)."""

import numpy as np
from sklearn.metrics import accuracy_score, confusion_matrix, roc_auc_score, roc_curve


def accuracy(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Share of rows whose most probable class is their label, in [0, 1]."""
    return float(accuracy_score(labels, probabilities.argmax(1)))


def auroc(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Area under the ROC curve in [0, 1]: of class 1 where there are two, else the mean of each against the rest.

    Raises ValueError where a class has no row.
    """
    counts = np.bincount(labels, minlength=probabilities.shape[1])
    if not counts.all():
        raise ValueError(f"no row has the class {counts.argmin()}, so its area under the curve is undefined")
    scores = np.asarray(probabilities, np.float64)
    return float(np.mean([roc_auc_score(labels == k, scores[:, k]) for k in scored(scores)]))


def scored(probabilities: np.ndarray) -> range:
    """The classes that are told from the rest: of two only the second, because the first is its mirror image."""
    classes = probabilities.shape[1]
    return range(1, 2) if classes == 2 else range(classes)


def roc(probabilities: np.ndarray, labels: np.ndarray, points: int = 201) -> tuple[np.ndarray, np.ndarray]:
    """False and true positive rates (points,) in [0, 1], the true ones averaged over the classes that are scored.

    The false positive rates are closer together near zero, where good classifiers differ.
    """
    false = np.linspace(0, 1, points) ** 3
    true = [np.interp(false, *roc_curve(labels == k, probabilities[:, k])[:2]) for k in scored(probabilities)]
    return false, np.mean(true, 0)


def confusion(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Counts (classes, classes): rows are the labels, columns the most probable classes."""
    return confusion_matrix(labels, probabilities.argmax(1), labels=np.arange(probabilities.shape[1]))
