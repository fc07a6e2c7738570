"""What a user of DVC does every day, on a copy of the pipeline that has run: offline, by the real `dvc`."""

import json
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from stages.commands._dvc import environment
from stages.commands.experiments import side_by_side
from tests.pipelines import change, copy_pipeline, dvc, git, outputs

WEIGHT = "digits.priors.umbrella_labels.training.adversarial_weight"
AFTER = [f"{stage}_digits@umbrella_labels" for stage in ("train", "export", "measure", "draw")]


@pytest.fixture(scope="module")
def lab(small, tmp_path_factory) -> Path:
    """A repository with the results of a run committed. Tests run in this order and build on each other."""
    folder = copy_pipeline(small, tmp_path_factory.mktemp("experiments") / "lab")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "Results")
    return folder


def ran(text: str) -> list[str]:
    return re.findall("Running stage '(.*)'", text)


def name_of(text: str) -> str:
    return re.search(r"Ran experiment\(s\): (\S+)", text)[1]


def wide(text: str) -> int:
    return max(map(len, text.splitlines()))


def test_an_experiment_in_the_workspace_runs_what_depends_on_its_parameter(lab):
    done = dvc(lab, "exp", "run", "-S", f"{WEIGHT}=0.05")
    assert set(ran(done.stdout)) == {"check_params", "list_variants", *AFTER, "draw_priors"}
    assert name_of(done.stdout) in dvc(lab, "exp", "list").stdout


def test_differences_read_well_at_100_columns(lab):
    metrics, params = dvc(lab, "metrics", "diff").stdout, dvc(lab, "params", "diff").stdout
    assert re.search(r"metrics/digits/umbrella_labels.json +test_mse +0\.\d+ +0\.\d+", metrics)
    assert "gaussian" not in metrics
    assert re.search(rf"{WEIGHT} +0.002 +0.05", params)
    diff = dvc(lab, "exp", "diff", "HEAD").stdout
    assert WEIGHT in diff
    shown = dvc(lab, "exp", "show", "--only-changed", "--drop", "^(data|plots|stages)/|^params.yaml$", "--csv").stdout
    table = side_by_side(shown)
    assert {"digits/umbrella_labels test_mse", WEIGHT} <= {re.split("  +", line)[0] for line in table.splitlines()}
    assert max(map(wide, (params, diff, table))) <= 100  # `metrics diff` grows with the digits of what it compares


def test_plots_of_two_revisions_stand_side_by_side(lab):
    """Figures that changed, GIFs and curves; `dvc` says where it could not read one."""
    done = dvc(lab, "plots", "diff", "HEAD", "--out", "page")
    assert "failed to load" not in done.stdout + done.stderr
    page = (lab / "page/index.html").read_text(encoding="utf-8")
    pictures = {path.name for path in (lab / "page/static").iterdir()}
    for revision in ("HEAD", "workspace"):
        assert f"{revision}_plots_digits_umbrella_labels_posterior.png" in pictures
        assert any(
            name.startswith(f"{revision}_plots_interpolation") and name.endswith("grid.gif") for name in pictures
        )
    assert "watched_mse" in page
    assert "validation_accuracy" in page
    shutil.rmtree(lab / "page")


def test_going_back_restores_everything_and_trains_nothing(lab):
    """By git alone, then by parameters alone, where the lock is of the later run."""
    later, weights = outputs(lab), "data/models/digits/umbrella_labels.safetensors"
    git(lab, "commit", "--all", "--quiet", "--message", "A larger weight")
    git(lab, "checkout", "--quiet", "HEAD~1", "--", ".")
    assert not set(ran(dvc(lab, "repro").stdout)) - {"check_params"}
    earlier = outputs(lab)
    assert earlier[weights] != later[weights]
    git(lab, "checkout", "--quiet", "HEAD", "--", ".")
    git(lab, "checkout", "--quiet", "HEAD~1", "--", "params.yaml")
    assert ran(dvc(lab, "repro").stdout) == []
    assert outputs(lab) == earlier
    git(lab, "reset", "--quiet", "--hard", "HEAD~1")
    dvc(lab, "checkout")


def test_an_experiment_in_a_temporary_copy_leaves_the_workspace_alone(lab):
    before, predictions = outputs(lab), "data/predictions/lightgbm_codes_tuned.npz"
    name = name_of(dvc(lab, "exp", "run", "--temp", "-S", "lightgbm.settings.tuned.trees=5").stdout)
    assert outputs(lab) == before
    assert git(lab, "status", "--short") == ""
    changed = json.loads(dvc(lab, "metrics", "diff", "HEAD", name, "--json").stdout)
    assert "lightgbm_codes_tuned.accuracy" in changed["metrics/transfer.json"]
    dvc(lab, "exp", "apply", name)
    assert outputs(lab)[predictions] != before[predictions]
    assert re.search("lightgbm.settings.tuned.trees +20 +5", dvc(lab, "params", "diff").stdout)
    git(lab, "checkout", "--quiet", "HEAD", "--", "params.yaml", "dvc.lock", "metrics", "plots")  # as the README says
    dvc(lab, "checkout")
    assert outputs(lab) == before


def test_a_queued_sweep_runs_in_the_background(lab):
    queued = dvc(lab, "exp", "run", "--queue", "-S", "gifs.frames=3,4").stdout
    names = re.findall(r"Queued experiment '(\S+)'", queued)
    assert len(names) == 2
    dvc(lab, "queue", "start", "-j", "1")
    try:
        deadline = time.monotonic() + 300
        while len(re.findall("Success|Failed", status := dvc(lab, "queue", "status").stdout)) < 2:
            assert time.monotonic() < deadline, status
            time.sleep(1)
    finally:
        dvc(lab, "queue", "stop", "--kill")
    assert "Failed" not in status
    frames = set()
    for name in names:
        changed = json.loads(dvc(lab, "exp", "diff", "HEAD", name, "--json").stdout)["metrics"]
        frames.add(changed["metrics/interpolation.json"]["frames"]["new"])
    assert frames == {4, 6}


def test_a_new_variant_is_an_experiment(lab):
    variant = "{label: wide, prior: {kind: gaussian, dim: 2, std: 2.0}, training: {epochs: 1}}"
    done = dvc(lab, "exp", "run", "-S", f"+digits.priors.wide={variant}", "measure_digits@wide")
    assert "train_digits@wide" in ran(done.stdout)
    assert json.loads((lab / "metrics/digits/wide.json").read_text(encoding="utf-8"))["test_mse"] > 0
    git(lab, "stash", "--include-untracked", "--quiet")


def test_a_training_shows_its_curves_while_it_runs(lab):
    change(lab, **{"digits.common.training.epochs": 400})
    training = subprocess.Popen(
        ["dvc", "exp", "run", "train_digits@gaussian"],
        cwd=lab,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    curves, steps = "plots/digits/gaussian/curves/metrics.json", set()
    try:
        deadline = time.monotonic() + 120
        while len(steps - {None, 1}) < 2:  # 1: the last step of the committed run
            assert time.monotonic() < deadline
            assert training.poll() is None
            workspace = json.loads(dvc(lab, "exp", "show", "--json").stdout)[0]
            # seen once: no data while the other `dvc` works; a user looks again
            shown = (workspace["data"] or {"metrics": {}})["metrics"]
            steps.add(shown.get(curves, {}).get("data", {}).get("step"))
        page = dvc(lab, "plots", "show", "--json").stdout
        assert training.poll() is None
        assert "watched_mse" in page
    finally:
        os.killpg(training.pid, signal.SIGKILL)
        training.wait()
