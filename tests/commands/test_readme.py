import networkx
import pytest

from stages.base.errors import StageError
from stages.commands.readme import README, filled, grouped, reruns


def test_the_readme_shows_the_committed_metrics_and_the_declared_graph(request, monkeypatch):
    monkeypatch.chdir(request.config.rootpath)
    text = README.read_text(encoding="utf-8")
    assert filled(text) == text, "fill the tables anew with `python -m stages.report`"


def test_missing_metrics_are_named():
    with pytest.raises(StageError, match="dvc repro"):
        filled("<!-- faces -->\n<!-- end -->")


def test_text_outside_the_marks_stays():
    assert filled("# Title\n\n<!-- unmarked") == "# Title\n\n<!-- unmarked"


def test_a_key_stands_for_those_below_it_where_they_have_the_same_readers():
    params = {"a": {"x": 1, "y": {"z": 2}}, "b": {"p": 1, "q": 2}}
    lock = {
        "one": {"params": {"params.yaml": {"a": params["a"], "b.p": 1}}},
        "two@k": {"params": {"params.yaml": {"b.q": 2}}},
        "three": {},
    }
    stages = networkx.DiGraph([("one", "three"), ("two@k", "three")])
    assert reruns(params, lock, stages) == {
        "a": [{"one"}, {"three"}],
        "b.p": [{"one"}, {"three"}],
        "b.q": [{"two@k"}, {"three"}],
    }
    assert grouped({"two@k"}, ["one", "two@k", "two@l"]) == "`two@k`"
    assert grouped({"two@k", "two@l"}, ["one", "two@k", "two@l"]) == "`two`"
