import pytest

from stages.base.errors import StageError
from stages.base.params import read_params
from stages.commands.demo import DEMO, lay_out, set_values
from tests.pipelines import git


@pytest.mark.parametrize("tree", [{}, {"gifs": None}, {"gifs": 3}, {"gifs": {"pairs": 8}}])
def test_a_key_that_is_gone_is_named(tree):
    with pytest.raises(StageError, match=r"params\.yaml has no key gifs\.frames"):
        set_values(tree, {"gifs.frames": 5})


def test_people_and_pictures_of_the_real_data_are_none_of_the_demo(project):
    params = set_values(read_params(project / "params.yaml"), {"gifs.people": ["Aaron_Eckhart"]})
    assert set_values(params, DEMO)["gifs"]["people"] == []


def test_the_folder_is_a_repository_of_its_own_inside_another_one(project, tmp_path):
    git(tmp_path, "init", "--quiet")
    for _ in range(2):  # a second call keeps the first one's commit
        lay_out(tmp_path / "demo", {"seed": 0}, project)
    assert git(tmp_path / "demo", "log", "--format=%s").split() == ["Demo"]
    assert git(tmp_path / "demo", "status", "--porcelain") == ""
