"""Pipelines that are killed, interrupted, or started twice."""

import os
import re
import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from stages.commands._dvc import environment
from tests.pipelines import dvc, lay_out_small, outputs, stages_run

# in the order in which data flow, one of each kind: a stage, a call in the middle of its work, and the signal it gets
MIDDLE = {
    "split_images@cifar10": ("split_images os.replace 1", "SIGKILL"),  # a table
    "train_digits@gaussian": ("train_digits tqdm.tqdm.update 30", "SIGKILL"),  # in the second of two epochs
    "train_faces@one_per_person": ("train_faces tqdm.tqdm.update 3", "SIGINT"),  # in the first
    "export_faces@one_per_person": ("export_faces os.replace 2", "SIGKILL"),  # two tables
    "draw_digits@gaussian": ("draw_digits os.replace 4", "SIGINT"),  # figures, one by one
    "render_gifs": ("render_gifs os.replace 3", "SIGKILL"),  # a folder
    "train_lightgbm@lightgbm_pca": ("train_lightgbm tqdm.tqdm.update 5", "SIGINT"),  # another library's threads
}


def start(folder: Path, target: str, disturbance: str) -> subprocess.Popen:
    """`dvc repro` in a process group of its own, one of whose stages will be disturbed."""
    return subprocess.Popen(
        ["dvc", "repro", target],
        cwd=folder,
        env=environment() | {"DISTURB": disturbance},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # which a background process ignores
    )


def break_off(folder: Path, target: str, middle: str, what: str) -> str:
    """Run a stage until the middle of its work, where it gets the signal `what`; gives what `dvc` said."""
    (folder / "disturbed").unlink(missing_ok=True)
    earlier = set(folder.rglob(".*.part*"))  # what a kill left, and the killed stage's next run replaces
    broken = start(folder, target, f"{middle} {what}")
    try:
        said, _ = broken.communicate(timeout=300)
    except subprocess.TimeoutExpired:
        os.killpg(broken.pid, signal.SIGKILL)
        raise
    assert (folder / "disturbed").exists(), f"{target} was never in the middle of its work: {said}"
    assert broken.returncode == (-signal.SIGKILL if what == "SIGKILL" else 255), f"{target}, {what}: {said}"
    if what == "SIGINT":
        assert "Traceback" not in said, f"{target}: {said}"
        half = set(folder.rglob(".*.part*")) - earlier
        assert not half, f"{target} left {half}"
    return said


@pytest.fixture(scope="module")
def folder(project, warm, tmp_path_factory) -> Path:
    """A pipeline before any run, which the tests take on from each other."""
    return lay_out_small(tmp_path_factory.mktemp("interrupted"), project)


def test_a_second_repro_at_the_same_time_says_why_it_cannot_start(folder):
    first = start(folder, "split_images@mnist", "fetch_mnist os.replace 1 wait")
    try:
        while not (folder / "disturbed").exists():
            assert first.poll() is None, first.communicate()
            time.sleep(0.1)
        second = dvc(folder, "repro", "split_images@mnist", check=False)
        assert second.returncode != 0
        assert "is busy" in second.stderr
        named = re.search(r"PID (\d+)", second.stderr)
        assert psutil.Process(int(named[1])).cwd() == str(folder), second.stderr
    finally:
        (folder / "go-on").touch()
        said, _ = first.communicate(timeout=120)
    assert first.returncode == 0, said
    assert "up to date" in dvc(folder, "repro", "split_images@mnist").stdout
    assert (folder / "data/digits/mnist.npz").exists()


@pytest.mark.timeout(1800)  # on slow cores that make the small pipeline beside it
def test_killed_and_interrupted_stages_end_in_the_same_bytes(folder, request):
    """Also: two whole runs in two folders make the same bytes, and a training goes on from its last epoch."""
    for target, (middle, what) in MIDDLE.items():
        said = break_off(folder, target, middle, what)
        if target == "train_digits@gaussian":
            assert (folder / ".checkpoints/digits/gaussian.pt").is_file()
        if target == "draw_digits@gaussian":  # for which that training goes on
            done, steps = map(int, re.search(r"digits/gaussian:.*?\b(\d+)/(\d+) \[", said).groups())
            assert done == steps // 2, "one of two epochs is left"
    done = dvc(folder, "repro")
    assert set(stages_run(done.stdout)) > {"compare_classifiers"}
    assert outputs(folder) == outputs(request.getfixturevalue("small"))  # which another worker makes meanwhile
    assert not list((folder / ".checkpoints").rglob("*.pt"))
    assert not list(folder.rglob(".*.part*"))
