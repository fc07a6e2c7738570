"""Small data and machines that the tests share."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from filelock import FileLock

from stages.base.tables import Images
from stages.learning.compute import ComputeParams, Machine, prepare
from tests.pipelines import HOOKS, commit, copy_pipeline, dvc, lay_out_quick, lay_out_small


@pytest.fixture(autouse=True)
def in_folder_of_its_own(tmp_path, monkeypatch):
    """Stages use paths relative to the working directory: each test has one to itself."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def machine() -> Machine:
    return prepare(ComputeParams(device="cpu", precision="float32"))


def blobs(n: int, shape: tuple[int, int, int], classes: int, splits: dict[str, int]) -> Images:
    """`n` noisy images (H, W, C), each with a bright stripe whose place tells the class."""
    random = np.random.default_rng(0)
    labels = np.arange(n) % classes
    images = random.integers(0, 60, (n, *shape), dtype=np.uint8)
    for image, label in zip(images, labels, strict=True):
        start = label * shape[0] // classes
        image[start : start + max(1, shape[0] // classes)] = 220
    split = np.repeat(list(splits), list(splits.values()))
    assert len(split) == n
    return Images(
        labels=labels,
        split=split,
        index=np.arange(n),
        images=images,
        names=np.array([f"class {i}" for i in range(classes)]),
    )


@pytest.fixture
def digits() -> Images:
    return blobs(120, (28, 28, 1), 10, {"train": 80, "validation": 20, "test": 20})


@pytest.fixture
def faces() -> Images:
    """Some people of each split have two images, as in the real data one after the other."""
    data = blobs(50, (16, 16, 3), 8, {"train": 32, "validation": 6, "held_out": 12})
    people = np.repeat(np.arange(42), [2] * 4 + [1] * 34 + [2] * 4)
    return Images(**(vars(data) | {"labels": people, "names": np.array([f"Person {i}" for i in range(42)])}))


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@pytest.fixture
def ending(capsys):
    """Call a function that ends the process; gives the exit status and what stands on stderr."""

    def end(function, *arguments):
        with pytest.raises(SystemExit) as ended:
            function(*arguments)
        code, said = ended.value.code, capsys.readouterr().err
        return (1, f"{said}{code}\n") if isinstance(code, str) else (code, said)  # as Python ends with a text

    return end


@pytest.fixture(scope="session")
def project(request) -> Path:
    return request.config.rootpath


@pytest.fixture(scope="session")
def shared(tmp_path_factory, worker_id) -> Path:
    """A folder that the workers of a run share."""
    base = tmp_path_factory.getbasetemp()
    return base if worker_id == "master" else base.parent


@pytest.fixture(scope="session")
def warm(project, shared, worker_id) -> Iterator[None]:
    """Let stages, commands and `dvc` start as forks of a process that has loaded the libraries already."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", f"{HOOKS}{os.pathsep}{project}")  # commands work in folders without their code, too
        if sys.platform != "linux":  # elsewhere libraries do not stand a fork
            yield
            return
        address, master = shared / "warm", os.getpid() if worker_id == "master" else os.getppid()
        with FileLock(f"{address}.lock"):
            if not address.exists():
                command = [sys.executable, HOOKS / "warm.py", address, str(master)]
                server = subprocess.Popen(command, cwd=project, stdout=subprocess.PIPE, start_new_session=True)
                assert server.stdout.readline() == b"ready\n"
        patch.setenv("WARM", str(address))
        yield


@pytest.fixture(scope="session")
def small(project, warm, shared) -> Path:
    """A copy of the pipeline in which every stage has run once on small data, committed; nobody changes it.

    Beside it, the folder `opened` lists the files that each stage opened.
    """
    folder, done = shared / "small", shared / "small.done"
    with FileLock(f"{folder}.lock"):
        if not done.is_file():
            assert not folder.exists(), "another test tried to make the small pipeline and failed"
            opened = shared / "opened"
            opened.mkdir()
            lay_out_small(folder, project)
            dvc(folder, "repro", WATCH=str(opened))
            commit(folder)
            done.touch()
    return folder


@pytest.fixture
def own_small(small, tmp_path) -> Path:
    """A copy of `small` for a test that changes it."""
    return copy_pipeline(small, tmp_path / "small")


@pytest.fixture(scope="session")
def quick_ran(project, warm, tmp_path_factory) -> Path:
    """A pipeline of two quick stages with its results committed; nobody changes it."""
    return lay_out_quick(tmp_path_factory.mktemp("quick") / "quick", project)


@pytest.fixture
def quick(quick_ran, tmp_path) -> Path:
    """A copy of `quick_ran` for a test that changes it."""
    return copy_pipeline(quick_ran, tmp_path / "quick")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One worker makes the small pipeline first, while the other one makes the same under interruptions.

    Then come the slow files, so that both end at the same time.
    """
    first = ("test_pipeline", "test_interruptions", "test_experiments", "test_background", "test_sweep")
    first += ("test_remotes", "test_build_page", "test_full_disks")
    items.sort(key=lambda item: first.index(item.path.stem) if item.path.stem in first else len(first))
