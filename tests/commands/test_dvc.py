"""How commands call `dvc`."""

import os
import signal
import subprocess
import sys
import time

import pytest

from stages.base.errors import StageError
from stages.commands import _dvc
from stages.commands._dvc import last_commit, start_dvc
from tests.pipelines import git

# a `dvc` that takes a second to end when it is interrupted
SLOW = """#!/bin/sh
trap 'sleep 1; touch ended; exit 1' INT
touch started
while :; do sleep 0.05; done
"""
CALL = """
import os
from stages.__main__ import call
from stages.commands import _dvc
_dvc.environment = lambda: os.environ
call(lambda: _dvc.call("repro"), [], "usage")
"""


def test_an_interrupted_command_waits_for_dvc_to_end(project, tmp_path):
    (tmp_path / "dvc").write_text(SLOW)
    (tmp_path / "dvc").chmod(0o755)
    path = {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(project)}
    command = subprocess.Popen(
        [sys.executable, "-c", CALL],
        env=os.environ | path,
        stderr=subprocess.PIPE,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # which a background process ignores
    )
    while not (tmp_path / "started").exists():
        assert command.poll() is None
        time.sleep(0.02)
    os.killpg(command.pid, signal.SIGINT)
    _, said = command.communicate(timeout=30)
    assert (tmp_path / "ended").exists()
    assert command.returncode == 130
    assert said.startswith(b"interrupted: ")


def test_an_environment_without_dvc_is_named(monkeypatch):
    monkeypatch.setattr(_dvc, "environment", lambda: {"PATH": "/nowhere"})
    with pytest.raises(StageError, match="`dvc` is missing: activate the environment"):
        start_dvc("status")


def test_what_is_not_committed_is_named_but_for_what_changes_anyway(quick, monkeypatch):
    monkeypatch.chdir(quick)
    commit = git(quick, "rev-parse", "HEAD").strip()
    (quick / "metrics/scores.json").write_text("{}")
    assert last_commit("metrics/scores.json") == commit
    (quick / "params.yaml").write_text("scale: 2.0\nseed: 0\n")
    with pytest.raises(StageError, match=r"lacks changes of params.yaml: commit"):
        last_commit("metrics/scores.json")


def test_a_machine_without_git_is_told_so(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(StageError, match="`git` is missing: install it"):
        last_commit()


def test_a_folder_that_is_no_repository_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StageError, match="git: fatal: not a git repository"):
        last_commit()
