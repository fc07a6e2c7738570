import pytest

from stages.base.errors import StageError
from stages.commands.readme import README, fill


def test_the_readme_shows_the_committed_metrics_and_the_declared_graph(project, monkeypatch):
    monkeypatch.chdir(project)
    text = README.read_text(encoding="utf-8")
    assert fill(text) == text, "fill the tables anew with `make readme`"
    assert len(text.splitlines()) <= 180


def test_every_variant_and_classifier_of_params_has_a_row(small, monkeypatch):
    monkeypatch.chdir(small)
    tables = fill("<!-- digits -->\n<!-- end -->\n<!-- faces -->\n<!-- end -->\n<!-- transfer -->\n<!-- end -->")
    for label in ("umbrella with labels", "one image per person", "CNN on images", "automobile or ship: LightGBM"):
        assert f"| {label}" in tables


def test_missing_metrics_are_named(small, monkeypatch, tmp_path):
    (tmp_path / "params.yaml").write_bytes((small / "params.yaml").read_bytes())
    with pytest.raises(StageError, match="dvc repro"):
        fill("<!-- faces -->\n<!-- end -->")


def test_text_outside_the_marks_stays():
    assert fill("# Title\n\n<!-- unmarked") == "# Title\n\n<!-- unmarked"
