import pytest

from stages.base.errors import StageError
from stages.sources.git import clone
from stages.sources.lfw import read_folder
from tests.pipelines import git
from tests.publishers import FACES, small_lfw


@pytest.fixture
def source(tmp_path):
    return small_lfw(tmp_path / "home")


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "clone").mkdir()
    return tmp_path / "clone"


def test_a_clone_brings_one_folder_at_one_commit_and_nothing_else(source, folder):
    assert clone(source, folder) == folder / source.path
    assert read_folder(folder / source.path) == FACES
    assert {path.name for path in folder.iterdir()} == {".git", source.path}
    assert git(folder, "rev-list", "HEAD").split() == [source.commit]
    objects = git(folder, "rev-list", "--objects", "--missing=print", "HEAD")
    assert objects.count("?") == 2  # the files of other folders were never sent


def test_a_repository_around_the_clone_stays_out_of_it(source, folder, monkeypatch):
    git(folder.parent, "init", "--quiet")
    monkeypatch.setenv("GIT_DIR", str(folder.parent / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(folder.parent))
    assert read_folder(clone(source, folder)) == FACES


@pytest.mark.parametrize(
    "change",
    [{"url": "http://127.0.0.1:9/closed"}, {"commit": "1" * 40}],
    ids=["no server", "no such commit"],
)
def test_what_git_cannot_get_is_one_sentence_with_the_ways_out(source, folder, change):
    source = source._replace(**change)
    with pytest.raises(StageError) as caught:
        clone(source, folder)
    message = str(caught.value)
    assert "\n" not in message
    for part in (f"{source.path} is missing", source.url, source.commit, "fatal: ", "AAE_DATA_MIRROR", "make demo"):
        assert part in message


def test_a_machine_without_git_is_told(source, folder, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(StageError, match="git is not installed"):
        clone(source, folder)
