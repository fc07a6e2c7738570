"""Pipelines that are killed, interrupted, or started twice."""

import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from stages.commands.demo import environment, lay_out
from tests.pipelines import SHORT, dvc, outputs

# in the order in which data flow: a stage, and a call in the middle of its work
MIDDLE = {
    "fetch_mnist": "stages.fetch_mnist pathlib.Path.rename 1",
    "dedupe_lfw": "stages.dedupe_lfw tqdm.tqdm.update 1",
    "split_cifar10": "stages.split_images os.replace 1",
    "train_digits@gaussian": "stages.train_digits tqdm.tqdm.update 15",
    "train_faces": "stages.train_faces os.replace 2",
    "train_cnn": "stages.train_cnn tqdm.tqdm.update 4",
    "export_faces@cifar10": "stages.export_latents os.replace 1",
    "measure_digits@gaussian": "stages.measure_digits os.replace 1",
    "draw_digits@gaussian": "stages.draw_digits os.replace 4",
    "render_gifs": "stages.render_gifs os.replace 3",
    "train_lightgbm@lightgbm_codes": "stages.train_lightgbm tqdm.tqdm.update 5",
    "compare_classifiers": "stages.compare_classifiers os.replace 2",
}


def start(folder: Path, target: str, disturbance: str) -> subprocess.Popen:
    """`dvc repro` in a process group of its own, one of whose stages will be disturbed."""
    signals = Path(__file__).parent / "signals"
    return subprocess.Popen(
        ["dvc", "repro", target],
        cwd=folder,
        env=environment() | {"PYTHONPATH": str(signals), "DISTURB": disturbance},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # which a background process ignores
    )


@pytest.mark.timeout(900)
def test_killed_and_interrupted_stages_end_in_the_same_bytes(small, project, tmp_path):
    """Also: two whole runs in two folders make the same bytes."""
    lay_out(tmp_path, SHORT, project)
    for target, middle in MIDDLE.items():
        for what, status in (("SIGKILL", -signal.SIGKILL), ("SIGINT", 255)):
            (tmp_path / "disturbed").unlink(missing_ok=True)
            broken = start(tmp_path, target, f"{middle} {what}")
            said, _ = broken.communicate(timeout=120)
            assert (tmp_path / "disturbed").exists(), f"{target} was never in the middle of its work: {said}"
            assert broken.returncode == status, f"{target}, {what}: {said}"
            assert what == "SIGKILL" or "Traceback" not in said, f"{target}: {said}"
            half = [path.name for path in tmp_path.rglob(".*.part*")]
            assert what == "SIGKILL" or not half, f"{target} left {half}"
    done = dvc(tmp_path, "repro")
    assert set(re.findall("Running stage '(.*)'", done.stdout)) > {"compare_classifiers"}
    assert outputs(tmp_path) == outputs(small)
    assert not [path for path in (tmp_path / ".checkpoints").rglob("*") if path.is_file()]
    assert not list(tmp_path.rglob(".*.part*"))


def test_training_goes_on_from_the_last_epoch(small, project, tmp_path):
    """Killed in the second of two epochs, the next run has one epoch left to do."""
    lay_out(tmp_path, SHORT, project)
    start(tmp_path, "train_digits@umbrella", "stages.train_digits tqdm.tqdm.update 30 SIGKILL").communicate()
    assert (tmp_path / ".checkpoints/digits/umbrella.pt").is_file()
    resumed = dvc(tmp_path, "repro", "train_digits@umbrella")
    steps = [tuple(map(int, pair)) for pair in re.findall(r"\b(\d+)/(\d+) \[", resumed.stderr)]
    first, total = steps[0]
    assert first == total // 2
    weights = "data/models/digits/umbrella.safetensors"
    assert (tmp_path / weights).read_bytes() == (small / weights).read_bytes()


def test_a_second_repro_at_the_same_time_says_why_it_cannot_start(small, project, tmp_path):
    lay_out(tmp_path, SHORT, project)
    first = start(tmp_path, "split_mnist", "stages.fetch_mnist pathlib.Path.rename 1 wait")
    try:
        while not (tmp_path / "disturbed").exists():
            assert first.poll() is None, first.communicate()
            time.sleep(0.1)
        second = dvc(tmp_path, "repro", "split_mnist", check=False)
        assert second.returncode != 0
        assert "is busy" in second.stderr
        assert str(first.pid) in second.stderr or "dvc repro" in second.stderr
    finally:
        (tmp_path / "go-on").touch()
        said, _ = first.communicate(timeout=120)
    assert first.returncode == 0, said
    assert "up to date" in dvc(tmp_path, "repro", "split_mnist").stdout
    assert os.path.exists(tmp_path / "data/digits/mnist.npz")
