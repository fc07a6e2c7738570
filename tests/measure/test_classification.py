import numpy as np
import pytest

from stages.measure.classification import accuracy, auroc, confusion, roc

LABELS = np.array([0, 1, 2, 2])
PROBABILITIES = np.array([[0.8, 0.1, 0.1], [0.1, 0.7, 0.2], [0.2, 0.2, 0.6], [0.5, 0.3, 0.2]], np.float32)


def test_accuracy_and_confusion_count_the_most_probable_class():
    assert accuracy(PROBABILITIES, LABELS) == 0.75
    assert confusion(PROBABILITIES, LABELS).tolist() == [[1, 0, 0], [0, 1, 0], [1, 0, 1]]


def test_auroc_is_the_mean_over_classes_against_the_rest():
    # class 2: of its two rows one beats both others, the other ties with one and beats one
    assert auroc(PROBABILITIES, LABELS) == pytest.approx((1 + 1 + 3.5 / 4) / 3)


def test_auroc_of_two_classes_is_that_of_the_second():
    second = np.array([0.1, 0.4, 0.35, 0.8])
    assert auroc(np.stack([1 - second, second], 1), np.array([0, 0, 1, 1])) == 0.75


def test_auroc_needs_rows_of_every_class():
    with pytest.raises(ValueError, match="no row has the class 1"):
        auroc(PROBABILITIES, np.array([0, 0, 2, 2]))


def test_the_roc_curve_encloses_the_area():
    random = np.random.default_rng(0)
    labels = random.integers(0, 3, 600)
    probabilities = random.dirichlet([1, 1, 1], 600) + 0.3 * np.eye(3)[labels]
    probabilities /= probabilities.sum(1, keepdims=True)
    false, true = roc(probabilities, labels)
    assert np.trapezoid(true, false) == pytest.approx(auroc(probabilities, labels), abs=0.005)
    assert (false[0], false[-1], true[-1]) == (0, 1, 1)
    assert (np.diff(true) >= 0).all()
