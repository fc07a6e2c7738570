import numpy as np
import pytest

from stages.base.tables import Table
from stages.measure.people import (
    IMAGES,
    NoPairs,
    Pairs,
    border_colours,
    draw_pairs,
    few_people,
    fit_threshold,
    mean_average_precision,
    nearest,
    same_person_top1,
    verification_accuracy,
    verification_auroc,
)

PEOPLE = np.repeat(np.arange(30), [40] + [4] * 9 + [1] * 20)


def test_pairs_are_as_many_of_one_person_as_of_two_and_nobody_fills_them_alone():
    pairs = draw_pairs(PEOPLE, 0, "toy")
    alike = PEOPLE[pairs.first] == PEOPLE[pairs.second]
    assert (alike == pairs.same).all()
    assert (pairs.first != pairs.second).all()
    of_ten = IMAGES * (IMAGES - 1) // 2
    assert pairs.same.sum() == (~pairs.same).sum() == of_ten + 9 * 6
    assert (PEOPLE[pairs.first[pairs.same]] == 0).sum() == of_ten
    again = draw_pairs(PEOPLE, 0, "toy")
    assert (again.first == pairs.first).all()


@pytest.mark.parametrize("people", [np.arange(5), np.zeros(5, int)])
def test_without_two_images_of_somebody_or_without_somebody_else_there_are_no_pairs(people):
    with pytest.raises(NoPairs) as fault:
        draw_pairs(people, 0, "validation")
    assert fault.value.args == ("validation",)


def test_of_many_images_some_people_are_kept_with_all_of_theirs(monkeypatch):
    split = np.repeat(["train", "held_out"], [len(PEOPLE), 12])
    faces = Table(np.concatenate([PEOPLE, np.arange(12) // 3 + 100]), split, np.arange(len(split)))
    assert few_people(faces, 0).tolist() == list(range(len(faces)))
    monkeypatch.setattr("stages.measure.people.ENOUGH", 20)
    rows = few_people(faces, 0)
    few = faces.where(rows)
    assert (np.diff(rows) > 0).all()
    assert (few.part("held_out").index == faces.part("held_out").index).all()
    assert 20 <= len(few.part("train")) < 20 + 40
    assert np.isin(faces.labels, few.labels).sum() == len(few)
    assert set(few_people(faces, 1)) != set(rows)


def test_pairs_of_200_000_images_need_no_list_of_all_pairs():
    pairs = draw_pairs(np.arange(200_000) // 2, 0, "toy")
    assert pairs.same.sum() == (~pairs.same).sum() == 100_000


def test_codes_of_people_verify_and_random_ones_do_not():
    random = np.random.default_rng(0)
    own = random.normal(size=(30, 8))[PEOPLE] + 0.3 * random.normal(size=(len(PEOPLE), 8))
    none = random.normal(size=own.shape)
    pairs = draw_pairs(PEOPLE, 0, "toy")
    assert verification_auroc(own, pairs) > 0.97
    assert verification_auroc(none, pairs) == pytest.approx(0.5, abs=0.1)
    assert verification_accuracy(own, pairs, fit_threshold(own, pairs)) > 0.9
    assert verification_accuracy(none, pairs, 0.0) == pytest.approx(0.5, abs=0.1)


def test_the_threshold_lies_between_the_cosines_of_one_person_and_of_two():
    codes = np.array([[1, 0], [1, 0.1], [0, 1], [0.1, 1]])
    pairs = Pairs(np.array([0, 2, 0, 1]), np.array([1, 3, 2, 3]), np.array([True, True, False, False]))
    cosines = pairs.cosines(codes)
    assert cosines[3] < fit_threshold(codes, pairs) < cosines[0]
    # the length of a code does not count
    assert pairs.cosines(codes * [[1], [2], [3], [4]]) == pytest.approx(cosines)


def test_the_mean_average_precision_ranks_all_other_images():
    # to the first, the other of its person is nearest; to that, it comes second
    codes = np.array([[1, 0], [1, 0.4], [1, 0.7], [-1, 0.5]])
    assert mean_average_precision(codes, np.array([0, 0, 1, 2])) == pytest.approx((1 + 1 / 2) / 2)
    with pytest.raises(ValueError, match="nobody"):
        mean_average_precision(codes, np.arange(4))


def test_borders_are_alike_where_the_surroundings_are_whatever_the_middle():
    random = np.random.default_rng(0)
    scenes = random.integers(0, 255, (5, 16, 16, 3), dtype=np.uint8)
    again = scenes.copy()
    again[:, 2:-2, 2:-2] = random.integers(0, 255, (5, 12, 12, 3))
    found = nearest(border_colours(np.concatenate([scenes, again])))
    assert found.tolist() == [5, 6, 7, 8, 9, 0, 1, 2, 3, 4]


def test_the_nearest_other_code_by_angle_is_of_the_same_person_or_not():
    codes = np.array([[1, 0.1], [9, 0], [0, 1], [0.1, 1], [-1, 0], [-1, 0.5]])
    people = np.array([7, 7, 3, 3, 3, 5])  # the fifth is nearest to the last, who has one code only
    assert same_person_top1(codes, people) == pytest.approx(4 / 5)
    assert same_person_top1(codes[[0, 1, 2, 3]], people[[0, 1, 2, 3]]) == 1


def test_people_with_one_code_are_not_asked_but_stand_in_the_way():
    codes = np.array([[1, 0], [1, 0.3], [1, 0.2], [0, 1], [0.1, 1]])
    assert same_person_top1(codes, np.array([0, 0, 1, 2, 2])) == pytest.approx(1 / 2)


def test_codes_that_say_nothing_of_people_find_them_by_chance():
    people = np.repeat(np.arange(20), 50)
    assert same_person_top1(np.random.default_rng(0).normal(size=(1000, 10)), people) == pytest.approx(
        49 / 999, abs=0.03
    )


def test_without_people_who_have_several_codes_there_is_nothing_to_find():
    with pytest.raises(ValueError, match="nobody has several codes"):
        same_person_top1(np.eye(5), np.arange(5))
