"""Seeds as experiments, run by the real `dvc`."""

import json
from pathlib import Path

import pytest

from stages.base.errors import StageError
from stages.commands import spread
from stages.commands._dvc import read_lock
from stages.commands.spread import ROWS, Series, main, read_scores, summarise
from stages.page.results import flatten
from tests.pipelines import change, dvc, git, read_yaml


def test_scores_of_several_seeds_have_a_mean_and_a_deviation():
    assert summarise([{"error": 0.1, "mse": 2.0}, {"error": 0.3, "mse": 2.0}]) == {
        "error": {"mean": 0.2, "std": pytest.approx(0.2 / 2**0.5), "min": 0.1, "max": 0.3, "n": 2},
        "mse": {"mean": 2.0, "std": 0.0, "min": 2.0, "max": 2.0, "n": 2},
    }
    assert summarise([{"error": 0.1}])["error"]["std"] == 0


def test_each_seed_is_an_experiment_and_none_runs_twice(quick, monkeypatch, capfd):
    monkeypatch.chdir(quick)
    monkeypatch.setattr(spread, "ROWS", {"few": Series("score", "metrics/scores.json", "seed", 2, {"scale": 3.0})})
    main("few")
    assert capfd.readouterr().out.count("Running stage 'score'") == 2
    first = Path("metrics/spread.json").read_bytes()
    error = json.loads(first)["few"]["error"]
    assert error == {"mean": 4.5, "std": pytest.approx(4.5**0.5), "min": 3.0, "max": 6.0, "n": 2}
    assert {"spread-few-0", "spread-few-1"} <= set(dvc(quick, "exp", "list", "--name-only").stdout.split())
    main()
    assert "Running stage 'score'" not in capfd.readouterr().out
    assert Path("metrics/spread.json").read_bytes() == first
    monkeypatch.setattr(spread, "ROWS", {"few": Series("score", "metrics/scores.json", "seed", 1, {"scale": 3.0})})
    main()
    assert Path("metrics/spread.json").read_bytes() == first, "of fewer runs, which tell less"


def test_rows_are_of_what_is_committed(quick, monkeypatch):
    monkeypatch.chdir(quick)
    change(quick, scale=2.0)
    with pytest.raises(StageError, match="lacks changes of"):
        main()


def test_a_commit_meanwhile_ends_a_row_because_its_runs_are_to_be_alike(quick, monkeypatch):
    def run_and_commit(*_):
        git(quick, "commit", "--quiet", "--allow-empty", "--message", "Meanwhile")
        return {"error": 1.0}

    monkeypatch.chdir(quick)
    monkeypatch.setattr(spread, "ROWS", {"few": Series("score", "metrics/scores.json", "seed", 2)})
    monkeypatch.setattr(spread, "run", run_and_commit)
    first = git(quick, "rev-parse", "HEAD")
    with pytest.raises(StageError, match=f"rows are of one commit, {first[:7]}: check it out and call again"):
        main()
    assert json.loads(Path("metrics/spread.json").read_text(encoding="utf-8"))["few"]["error"]["n"] == 1


def test_a_row_that_fails_names_its_experiment_and_keeps_the_others(quick, monkeypatch):
    monkeypatch.chdir(quick)
    Path("metrics/spread.json").write_text('{"other": {}}', encoding="utf-8")
    monkeypatch.setattr(spread, "ROWS", {"wrong": Series("score", "metrics/scores.json", "seed", 1, {"scale": 0})})
    with pytest.raises(StageError, match="spread-wrong-0 failed"):
        main()
    assert json.loads(Path("metrics/spread.json").read_text(encoding="utf-8")) == {"other": {}}


def test_every_row_is_of_a_stage_and_of_keys_that_the_project_has(project):
    params, lock = flatten(read_yaml(project / "params.yaml")), read_lock(project / "dvc.lock")
    for row in ROWS.values():
        assert {row.key, *row.changes} <= set(params)
        for key in row.changes:  # an entry's own value would count in place of the row's
            kind, _, part = key.partition(".common.")
            entries = "priors" if kind == "digits" else "variants"
            assert f"{kind}.{entries}.{row.target.partition('@')[2]}.{part}" not in params
        assert row.scores.partition(":")[0] in {out["path"] for out in lock[row.target]["outs"]}


def test_scores_of_predictions_are_those_of_the_metrics(small, monkeypatch):
    monkeypatch.chdir(small)
    metrics = json.loads(Path("metrics/transfer.json").read_text(encoding="utf-8"))
    assert read_scores("data/predictions/cnn.npz", "HEAD") == metrics["cnn"]
    assert read_scores("metrics/transfer.json:cnn", "HEAD") == metrics["cnn"]


def test_an_unknown_row_is_named_with_the_nearest(ending):
    code, said = ending(main, "labels_10")
    assert code == 1
    assert "no row 'labels_10', did you mean labels_100?" in said
