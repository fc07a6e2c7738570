"""Stages whose outputs lie on a disk that is full, or that nobody may write to: real ones, in memory."""

import gc
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from stages.__main__ import STAGES, dispatch
from tests.pipelines import copy_pipeline

CURVES = "plots/faces/one_per_person/curves"
# a stage of each kind, where it writes, and what it writes first
CASES = {
    "check": ("check_params", "data", "data/checked.txt"),
    "fetch": ("fetch_mnist", "data/raw", "data/raw/mnist.npz"),
    "prepare": ("split_images mnist", "data/digits", "data/digits/mnist.npz"),
    "deduplicate": ("dedupe_lfw", "data/faces", "data/faces/faces.npz"),
    "train": ("train_digits gaussian", "data/models/digits", "data/models/digits/gaussian.safetensors"),
    "checkpoint": ("train_faces one_per_person", ".checkpoints/faces", ".checkpoints/faces/one_per_person.pt"),
    "curves": ("train_faces one_per_person", CURVES, CURVES),
    "export": ("export_faces one_per_person", "data/latents/faces", "data/latents/faces/one_per_person.npz"),
    "measure": ("measure_digits gaussian", "metrics/digits", "metrics/digits/gaussian.json"),
    "draw": ("draw_priors", "plots/digits", "plots/digits/priors.png"),
    "gif": ("render_gifs", "plots/interpolation", "plots/interpolation"),
    "page": ("build_page", "data/page", "data/page/index.html"),
    "boost": ("train_lightgbm pair_lightgbm_codes", "data/predictions", "data/predictions/pair_lightgbm_codes.npz"),
}


@pytest.fixture(scope="module")
def copy(small, tmp_path_factory) -> Path:
    return copy_pipeline(small, tmp_path_factory.mktemp("disks") / "copy")


@contextmanager
def disk(folder: Path, kind: str) -> Iterator[None]:
    """A disk in memory over a folder, `full` or `read-only`."""
    command = ["mount", "-t", "tmpfs", "-o", "size=16k" if kind == "full" else "ro", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("only a privileged user of Linux can mount a disk in memory")
    try:
        if kind == "full":
            with suppress(OSError), (folder / "filler").open("wb", buffering=0) as filler:
                while True:
                    filler.write(bytes(4096))
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")  # of writers that are thrown away
@pytest.mark.parametrize("kind", ["full", "read-only"])
@pytest.mark.parametrize(("stage", "folder", "output"), CASES.values(), ids=CASES)
def test_one_sentence_and_nothing_half_written(copy, kind, stage, folder, output, ending, monkeypatch):
    monkeypatch.chdir(copy)
    with disk(copy / folder, kind):
        status, said = ending(dispatch, "stages", STAGES, "stage", stage.split())
        gc.collect()
        left = {path.name for path in (copy / folder).rglob("*") if path.is_file()}
    assert status == 1
    (sentence,) = [line for line in said.splitlines() if line.startswith("error: ")]
    assert ("no space left on the disk" if kind == "full" else "no permission") in sentence
    assert output in sentence
    assert "Traceback" not in said
    if output == CURVES:  # dvclive leaves what it wrote, and DVC deletes it before the stage runs again
        left = {name for name in left if ".part" in name}
    assert left <= {"filler"}


def test_weights_that_found_no_room_need_no_second_training(copy):
    """The last checkpoint stays until the weights are written."""

    def train() -> subprocess.CompletedProcess:
        command = [sys.executable, "-m", "stages", "train_digits", "umbrella_labels"]
        return subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False)

    weights = copy / "data/models/digits/umbrella_labels.safetensors"
    before = weights.read_bytes()
    with disk(weights.parent, "full"):
        assert train().returncode == 1
    weights.unlink()
    again = train()
    assert " 0/" not in again.stderr
    assert weights.read_bytes() == before
