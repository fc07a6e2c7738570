"""What a user of DVC does every day, on a copy of the pipeline that has run: offline, by the real `dvc`."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from stages.commands.experiments import read_table, side_by_side
from tests.browsers import browser, errors, requests, run
from tests.pipelines import dvc, git, name_of, outputs, stages_run

DEVIATION = "digits.priors.gaussian.prior.std"
AFTER = [f"{stage}_digits@gaussian" for stage in ("train", "export", "measure", "draw")]


def width_of(text: str) -> int:
    return max(map(len, text.splitlines()))


def test_an_experiment_in_the_workspace_runs_what_depends_on_its_parameter(lab):
    done = dvc(lab, "exp", "run", "-S", f"{DEVIATION}=1.5")
    assert set(stages_run(done.stdout)) == {"check_params", "list_variants", *AFTER, "draw_priors", "build_page"}
    assert name_of(done.stdout) in dvc(lab, "exp", "list").stdout


def test_differences_read_well_at_100_columns(lab):
    metrics, params = dvc(lab, "metrics", "diff").stdout, dvc(lab, "params", "diff").stdout
    assert re.search(r"metrics/digits/gaussian.json +test_mse +0\.\d+ +0\.\d+", metrics)
    assert "umbrella" not in metrics
    assert re.search(rf"{DEVIATION} +1.0 +1.5", params)
    diff = dvc(lab, "exp", "diff", "HEAD").stdout
    assert DEVIATION in diff
    table = side_by_side(read_table(dvc(lab, "exp", "show", "--json").stdout))
    assert {"digits/gaussian test_mse", DEVIATION} <= {re.split("  +", line)[0] for line in table.splitlines()}
    assert max(map(width_of, (metrics, params, diff, table))) <= 100


@pytest.fixture(scope="module")
def diff(lab) -> Iterator[Path]:
    """The page of plots of the last commit and the workspace; `dvc` says where it could not read one."""
    done = dvc(lab, "plots", "diff", "HEAD", "--out", "page")
    assert "failed to load" not in done.stdout + done.stderr
    yield lab / "page/index.html"
    shutil.rmtree(lab / "page")


def test_plots_of_two_revisions_stand_side_by_side(diff):
    """Figures that changed, GIFs and curves."""
    page = diff.read_text(encoding="utf-8")
    pictures = {path.name for path in (diff.parent / "static").iterdir()}
    for revision in ("HEAD", "workspace"):
        assert f"{revision}_plots_digits_gaussian_posterior.png" in pictures
        assert any(
            name.startswith(f"{revision}_plots_interpolation") and name.endswith("grid.gif") for name in pictures
        )
    assert "watched_mse" in page
    assert "validation_accuracy" in page


def test_curves_of_two_revisions_are_drawn_without_a_network(diff):
    with browser() as driver:
        driver.get(diff.as_uri())
        script = "while (!document.querySelector('.vega-embed canvas')) await new Promise((go) => setTimeout(go, 50));"
        assert run(driver, f"{script} return document.querySelectorAll('.vega-embed canvas').length") >= 1
        assert errors(driver) == []
        assert {address.split(":")[0] for address in requests(driver)} <= {"file", "data"}


def test_going_back_restores_everything_and_trains_nothing(lab):
    """By git alone, then by parameters alone, where the lock is of the later run."""
    later, weights = outputs(lab), "data/models/digits/gaussian.safetensors"
    git(lab, "commit", "--all", "--quiet", "--message", "A wider prior")
    git(lab, "checkout", "--quiet", "HEAD~1", "--", ".")
    assert not set(stages_run(dvc(lab, "repro").stdout)) - {"check_params"}
    earlier = outputs(lab)
    assert earlier[weights] != later[weights]
    git(lab, "checkout", "--quiet", "HEAD", "--", ".")
    git(lab, "checkout", "--quiet", "HEAD~1", "--", "params.yaml")
    assert stages_run(dvc(lab, "repro").stdout) == []
    assert outputs(lab) == earlier
    git(lab, "reset", "--quiet", "--hard", "HEAD~1")
    dvc(lab, "checkout")
