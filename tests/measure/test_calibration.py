import numpy as np
import pytest

from stages.measure.calibration import calibration_error, class_information, cross_entropy


def sure(confidence: float, n: int) -> np.ndarray:
    """`n` predictions of class 0 with that confidence."""
    return np.tile([confidence, 1 - confidence], (n, 1))


def test_a_forecast_that_is_right_as_often_as_it_is_sure_is_calibrated():
    labels = np.repeat([0, 1], [80, 20])
    assert calibration_error(sure(0.8, 100), labels) == pytest.approx(0)
    assert calibration_error(sure(0.9, 100), labels) == pytest.approx(0.1)
    assert calibration_error(sure(1.0, 100), labels) == pytest.approx(0.2)


def test_gaps_of_different_confidence_do_not_make_up_for_each_other():
    probabilities = np.concatenate([sure(0.9, 50), sure(0.6, 50)])
    labels = np.repeat([0, 1, 0, 1], [40, 10, 35, 15])  # right in 80% and 70%, so wrong by 10% up and down
    assert calibration_error(probabilities, labels) == pytest.approx(0.1)


def test_cross_entropy_is_the_mean_of_minus_ln_of_the_labels_probability():
    assert cross_entropy(sure(0.8, 2), np.array([0, 1])) == pytest.approx(-(np.log(0.8) + np.log(0.2)) / 2)


def test_codes_tell_all_or_nothing_of_classes():
    random = np.random.default_rng(0)
    labels = np.arange(2000) % 4
    noise = random.normal(size=(2000, 3))
    apart = noise + 100 * np.eye(4, 3)[labels]
    train, test = slice(0, 1000), slice(1000, None)
    known = class_information(apart[train], labels[train], apart[test], labels[test], 50)
    unknown = class_information(noise[train], labels[train], noise[test], labels[test], 50)
    assert known == pytest.approx(2, abs=0.15)  # bits, less what counting each class once more takes away
    assert unknown == pytest.approx(0, abs=0.15)
