"""Experiments that run beside the workspace, and what can be seen of a training while it runs."""

import json
import os
import re
import signal
import subprocess
import time

from stages.commands._dvc import environment
from tests.pipelines import change, dvc, git, name_of, outputs


def test_an_experiment_in_a_temporary_copy_leaves_the_workspace_alone(lab):
    before, predictions = outputs(lab), "data/predictions/lightgbm_features_tuned.npz"
    done = dvc(lab, "exp", "run", "--temp", "-S", "lightgbm.settings.tuned.trees=5", "compare_classifiers")
    name = name_of(done.stdout)
    assert outputs(lab) == before
    assert git(lab, "status", "--short") == ""
    changed = json.loads(dvc(lab, "metrics", "diff", "HEAD", name, "--json").stdout)
    assert "lightgbm_features_tuned.accuracy" in changed["metrics/transfer.json"]
    dvc(lab, "exp", "apply", name)
    assert outputs(lab)[predictions] != before[predictions]
    assert re.search("lightgbm.settings.tuned.trees +20 +5", dvc(lab, "params", "diff").stdout)
    (lab / "metrics/digits/new.json").write_text("{}")  # of an entry that the experiment added
    git(lab, "checkout", "--quiet", "HEAD", "--", "params.yaml", "dvc.lock", "metrics", "plots")  # as the README says
    git(lab, "clean", "-fdq", "metrics", "plots")
    dvc(lab, "checkout")
    assert outputs(lab) == before
    assert git(lab, "status", "--short") == ""


def test_a_queued_sweep_runs_in_the_background(quick):
    queued = dvc(quick, "exp", "run", "--queue", "-S", "scale=2.0,3.0", "score").stdout
    names = re.findall(r"Queued experiment '(\S+)'", queued)
    assert len(names) == 2
    dvc(quick, "queue", "start", "-j", "1")
    try:
        deadline = time.monotonic() + 300
        while len(re.findall("Success|Failed", status := dvc(quick, "queue", "status").stdout)) < 2:
            assert time.monotonic() < deadline, status
            time.sleep(1)
    finally:
        dvc(quick, "queue", "stop", "--kill")
    assert "Failed" not in status
    differences = [json.loads(dvc(quick, "exp", "diff", "HEAD", name, "--json").stdout)["metrics"] for name in names]
    assert {each["metrics/scores.json"]["error"]["new"] for each in differences} == {2.0, 3.0}


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
