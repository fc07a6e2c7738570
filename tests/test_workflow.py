"""The workflow of continuous integration, as far as it can be tried without its service."""

import os
import shutil
import subprocess
import sys

import pytest

from stages.commands._dvc import environment
from tests.pipelines import dvc, git, read_yaml


@pytest.fixture(scope="module")
def jobs(project) -> dict:
    return read_yaml(project / ".github/workflows/check.yml")["jobs"]


def test_it_runs_what_the_project_has(project, jobs):
    targets = (project / "Makefile").read_text(encoding="utf-8")
    commands = [step["run"] for job in jobs.values() for step in job["steps"] if "run" in step]
    assert {".ci/run", "make demo", "make environment"} <= set(commands)
    for command in commands:
        if command.startswith("make "):
            assert f"\n{command.removeprefix('make ')}:" in targets
    assert os.access(project / ".ci/run", os.X_OK)


def test_what_is_no_git_checkout_is_told_before_anything_is_installed(project, tmp_path):
    shutil.copy(project / "Makefile", tmp_path)
    done = subprocess.run(["make", "repro"], cwd=tmp_path, check=False, text=True, capture_output=True)
    assert done.returncode != 0
    assert done.stderr.startswith("error: this is no git checkout: clone the repository with git")
    assert not (tmp_path / ".venv").exists()


def test_the_summary_of_a_change_shows_what_it_does_to_parameters_and_metrics(jobs, tmp_path):
    """Its script, run by a shell as the service runs it, in a repository with a change."""
    folder, summary = tmp_path / "repository", tmp_path / "summary"
    folder.mkdir()
    git(folder, "init", "--quiet")
    dvc(folder, "init", "--quiet")
    (folder / ".gitignore").write_text(".venv\n", encoding="utf-8")
    (folder / ".venv").symlink_to(sys.prefix)
    (folder / "dvc.yaml").write_text("metrics: [scores.json]\nparams: [params.yaml]\n", encoding="utf-8")
    for commit, (seed, score) in {"base": (0, 0.5), "change": (1, 0.75)}.items():
        (folder / "params.yaml").write_text(f"seed: {seed}\n", encoding="utf-8")
        (folder / "scores.json").write_text(f'{{"accuracy": {score}}}', encoding="utf-8")
        git(folder, "add", "--all")
        git(folder, "commit", "--quiet", "--message", commit)
    variables = {"BASE": git(folder, "rev-parse", "HEAD~1").strip(), "GITHUB_STEP_SUMMARY": str(summary)}
    script = jobs["results"]["steps"][-1]["run"]
    subprocess.run(["bash", "-e", "-c", script], cwd=folder, env=environment() | variables, check=True)
    text = " ".join(summary.read_text(encoding="utf-8").split())
    assert "### Changed params" in text
    assert "| params.yaml | seed | 0 | 1 |" in text
    assert "| scores.json | accuracy | 0.5 | 0.75 | 0.25 |" in text
