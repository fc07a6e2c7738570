import numpy as np
import pytest

from stages.base.errors import StageError
from stages.measure.neighbours import find_nearest


def test_the_neighbour_is_the_nearest_other_person():
    codes = np.array([[0.0], [0.1], [0.2], [1.0], [5.0]])
    found = find_nearest(codes, np.array([0, 0, 0, 1, 2]), np.array([0, 4]))
    assert found.neighbours.tolist() == [3, 3]
    assert found.distances == pytest.approx([1, 4])


def test_the_same_code_of_another_person_still_counts_as_a_neighbour():
    found = find_nearest(np.zeros((3, 1)), np.arange(3), np.arange(3))
    assert (found.neighbours != found.faces).all()


def test_one_person_has_no_neighbour():
    with pytest.raises(StageError, match="one person only"):
        find_nearest(np.zeros((3, 1)), np.zeros(3, int), np.array([0]))
