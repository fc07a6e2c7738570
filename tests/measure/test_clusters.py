import numpy as np
import pytest

from stages.measure.clusters import ari, cluster_error, merge, name_by_confidence, name_by_majority, nmi

# five images in three clusters: two sevens and a one in the first, a one in the second, nothing in the third
PROBABILITIES = np.array([[0.6, 0.3, 0.1], [0.7, 0.2, 0.1], [0.9, 0.1, 0.0], [0.3, 0.5, 0.2], [0.4, 0.6, 0.0]])
LABELS = np.array([7, 7, 1, 1, 3])


def test_a_cluster_has_the_label_of_its_most_confident_image():
    assert name_by_confidence(PROBABILITIES, LABELS).tolist() == [1, 3, 1]


def test_or_that_of_most_of_its_images_and_an_empty_one_that_of_the_nearest():
    assert name_by_majority(PROBABILITIES, LABELS, 10).tolist() == [7, 1, 1]


def test_errors_count_images_whose_cluster_has_another_name():
    assert cluster_error(PROBABILITIES, np.array([7, 1, 1]), LABELS) == pytest.approx(2 / 5)
    assert cluster_error(PROBABILITIES, np.array([1, 3, 1]), LABELS) == pytest.approx(3 / 5)


def test_clusters_of_one_name_share_their_probability():
    merged = merge(PROBABILITIES, np.array([7, 1, 1]), 10)
    assert merged[:, 7].tolist() == PROBABILITIES[:, 0].tolist()
    assert merged[:, 1] == pytest.approx(1 - PROBABILITIES[:, 0])


def test_agreement_is_one_for_the_same_partition_and_none_for_a_single_cluster():
    labels = np.repeat([4, 2, 9], 10)
    same = np.eye(3)[np.repeat([2, 0, 1], 10)]
    assert nmi(same, labels) == pytest.approx(1)
    assert ari(same, labels) == pytest.approx(1)
    single = np.eye(3)[np.zeros(30, int)]
    assert nmi(single, labels) == pytest.approx(0)
    assert ari(single, labels) == pytest.approx(0)
