"""Seeds as experiments, run by the real `dvc`."""

import json
from pathlib import Path

import pytest

from stages.base.errors import StageError
from stages.commands import spread
from stages.commands.spread import Row, main, summarise
from tests.pipelines import dvc


def test_scores_of_several_seeds_have_a_mean_and_a_deviation():
    assert summarise([{"error": 0.1, "mse": 2.0}, {"error": 0.3, "mse": 2.0}]) == {
        "error": {"mean": 0.2, "std": pytest.approx(0.2 / 2**0.5), "min": 0.1, "max": 0.3, "n": 2},
        "mse": {"mean": 2.0, "std": 0.0, "min": 2.0, "max": 2.0, "n": 2},
    }
    assert summarise([{"error": 0.1}])["error"]["std"] == 0


def test_each_seed_is_an_experiment_and_none_trains_twice(lab, monkeypatch, capfd):
    monkeypatch.chdir(lab)
    values = {"semi.common.training.epochs": 1}
    row = Row("measure_semi@labels_100", "semi/labels_100", "semi.labels_seed", 2, values)
    monkeypatch.setattr(spread, "ROWS", {"few": row})
    main("few")
    assert capfd.readouterr().out.count("Running stage 'train_semi@labels_100'") == 2
    first = Path("metrics/spread.json").read_bytes()
    error = json.loads(first)["few"]["test_error"]
    assert error["n"] == 2
    assert error["min"] <= error["mean"] <= error["max"]
    assert {"spread-few-0", "spread-few-1"} <= set(dvc(lab, "exp", "list", "--name-only").stdout.split())
    main()
    assert "Running stage 'train_semi@labels_100'" not in capfd.readouterr().out
    assert Path("metrics/spread.json").read_bytes() == first


def test_a_row_that_fails_names_its_experiment_and_keeps_the_others(lab, monkeypatch):
    monkeypatch.chdir(lab)
    row = Row("measure_semi@labels_100", "semi/labels_100", "semi.labels_seed", 1, {"semi.common.training.epochs": 0})
    monkeypatch.setattr(spread, "ROWS", {"wrong": row})
    before = Path("metrics/spread.json").read_bytes() if Path("metrics/spread.json").is_file() else None
    with pytest.raises(StageError, match="spread-wrong-0 failed"):
        main()
    after = Path("metrics/spread.json").read_bytes() if Path("metrics/spread.json").is_file() else None
    assert after == before


def test_an_unknown_row_is_named_with_the_nearest(ending):
    code, said = ending(main, "labels_10")
    assert code == 1
    assert "no row 'labels_10', did you mean labels_100?" in said
