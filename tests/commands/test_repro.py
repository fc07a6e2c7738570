"""Stages that run side by side, through the real `dvc`."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from stages.commands._dvc import environment
from tests.pipelines import commit, dvc, git, read_yaml

# two stages that wait for each other, between one before and one behind them
PIPELINE = """
stages:
  before:
    cmd: echo 1 > before
    outs: [before]
  beside:
    foreach: [a, b]
    do:
      cmd: touch ${item}.here && until test -e a.here -a -e b.here; do sleep 0.1; done && cat before > ${item}
      deps: [before]
      outs: ['${item}']
  behind:
    cmd: cat a b > behind
    deps: [a, b]
    outs: [behind]
"""


@pytest.fixture
def folder(warm, tmp_path) -> Path:
    dvc(tmp_path, "init", "--quiet", "--no-scm")
    (tmp_path / "dvc.yaml").write_text(PIPELINE)
    git(tmp_path, "init", "--quiet")
    return commit(tmp_path)


def repro(folder: Path, jobs: str) -> subprocess.CompletedProcess:
    """What `make repro JOBS=...` calls."""
    return subprocess.run(
        [sys.executable, "-m", "stages.commands", "repro", jobs],
        cwd=folder,
        env=environment(),
        check=False,
        text=True,
        capture_output=True,
        timeout=60,
    )


def test_stages_run_side_by_side_and_in_their_order(folder):
    done = repro(folder, "2")
    assert done.returncode == 0, done.stderr
    assert (folder / "behind").read_text() == "1\n1\n"
    assert set(read_yaml(folder / "dvc.lock")["stages"]) == {"before", "beside@a", "beside@b", "behind"}
    assert "up to date" in dvc(folder, "status").stdout
    assert repro(folder, "2").stdout == "Every stage is up to date.\n"


def test_trainings_start_before_what_is_quick_and_what_is_awaited_before_what_is_not(folder):
    together = "touch {0}.here && until test -e train_a.here -a -e train_b.here; do sleep 0.1; done"
    behind = "for i in $(seq 100); do test -e made && break; sleep 0.1; done"  # but not for ever
    commands = dict.fromkeys(("train_a", "check", "draw", "export", "measure", "trace", "train_b"), behind)
    commands |= {"train_a": together, "train_b": together, "export": "true"}
    stages = {name: {"cmd": f"{command.format(name)} && echo {name} >> order"} for name, command in commands.items()}
    stages["export"] |= {"cmd": f"{stages['export']['cmd']} && touch made", "outs": ["made"]}
    stages |= {f"after_{name}": {"cmd": f"cp made {name}", "deps": ["made"], "outs": [name]} for name in "de"}
    (folder / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages}, sort_keys=False))
    assert repro(folder, "2").returncode == 0
    order = (folder / "order").read_text().split()
    assert len(order) == len(commands)
    assert {*order[:2]} == {"train_a", "train_b"}
    assert order[2] == "export"


def test_a_stage_that_fails_says_why_and_what_ran_beside_it_is_kept(folder):
    pipeline = yaml.safe_load(PIPELINE)
    pipeline["stages"]["beside"]["do"]["cmd"] += " && test ${item} = a || { echo no more cheese; exit 1; }"
    (folder / "dvc.yaml").write_text(yaml.safe_dump(pipeline))
    done = repro(folder, "2")
    assert done.returncode == 1
    assert "no more cheese" in done.stderr
    assert done.stderr.splitlines()[-1] == "error: the stage beside@b failed: what it said stands above"
    assert set(read_yaml(folder / "dvc.lock")["stages"]) == {"before", "beside@a"}


def test_an_interruption_ends_all_stages_and_the_next_call_goes_on(folder, project):
    (folder / "dvc.yaml").write_text(PIPELINE.replace("-a -e b.here", "-a -e b.here -a -e go-on"))
    command = subprocess.Popen(
        [sys.executable, "-m", "stages.commands", "repro", "2"],
        cwd=folder,
        env=environment() | {"PYTHONPATH": str(project)},  # all are processes of their own, which get the signal
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # which a background process ignores
    )
    while not ((folder / "a.here").exists() and (folder / "b.here").exists()):
        assert command.poll() is None
        time.sleep(0.02)
    os.killpg(command.pid, signal.SIGINT)
    _, said = command.communicate(timeout=30)
    assert command.returncode == 130
    assert said.splitlines()[-1].startswith("interrupted: ")
    assert set(read_yaml(folder / "dvc.lock")["stages"]) == {"before"}
    (folder / "go-on").touch()
    assert repro(folder, "2").returncode == 0
    assert (folder / "behind").exists()


@pytest.mark.parametrize("jobs", ["0", "-1", "all"])
def test_what_is_no_number_of_stages_is_named(folder, jobs):
    done = repro(folder, jobs)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"error: JOBS is {jobs}: give the number of stages that may run at a time\n"
