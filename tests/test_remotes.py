"""Results shared through real DVC remotes: a folder, and servers of SSH, S3 and HTTP on loopback."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from http import HTTPStatus
from pathlib import Path

import pytest
from dvc.repo import Repo

from stages.__main__ import dispatch
from stages.commands import _remote
from stages.commands.__main__ import NAMES
from stages.commands._dvc import environment
from stages.commands.repro import to_run
from tests import storage
from tests.pipelines import change, dvc, git, outputs, read_yaml, stages_run
from tests.storage import Storage
from tests.test_full_disks import disk

PRIVATE = {"data/raw/mnist.npz", "data/raw/cifar10.npz", "data/raw/lfw.npz", "data/faces/faces.npz"}
LOGIN = {"access_key_id": "key", "secret_access_key": "secret", "region": "us-east-1"}
pytestmark = pytest.mark.usefixtures("warm")


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


def clone(source: Path, folder: Path, remote: Storage) -> Path:
    """Another machine: a clone that shares nothing but git and the remote."""
    git(source, "clone", "--quiet", str(source), str(folder))
    remote.configure(folder)
    return folder


def call(name: str, folder: Path, **variables: str) -> subprocess.CompletedProcess:
    """What `make repro` and `make push` call."""
    path = os.pathsep.join([variables.pop("PYTHONPATH", ""), os.environ["PYTHONPATH"]])
    return subprocess.run(
        [sys.executable, "-m", "stages.commands", name],
        cwd=folder,
        env=environment() | {"PYTHONPATH": path} | variables,
        check=False,
        text=True,
        capture_output=True,
    )


def ran(folder: Path) -> list[str]:
    """The stages that `make repro` starts."""
    done = call("repro", folder)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return stages_run(done.stdout)


def push(folder: Path, remote: Storage) -> None:
    remote.configure(folder)
    done = call("push", folder)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


def refusal(done: subprocess.CompletedProcess) -> str:
    """The sentence with which a command ends that could not start."""
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert "Running stage" not in done.stdout
    (sentence,) = done.stderr.strip().splitlines()
    assert sentence.startswith("error: "), sentence
    return sentence


def digests(folder: Path, paths: set[str]) -> set[str]:
    """The md5 of outputs by which DVC names them."""
    outs = [out for stage in read_yaml(folder / "dvc.lock")["stages"].values() for out in stage.get("outs", [])]
    return {out["md5"] for out in outs if out["path"] in paths}


def objects(folder: Path) -> dict[str, Path]:
    """The files of a remote that is a folder, by md5."""
    return {path.parent.name + path.name: path for path in (folder / "files/md5").glob("*/*")}


def test_a_clone_takes_all_results_and_makes_private_data_only_for_who_reads_them(own_small, tmp_path, monkeypatch):
    lab, remote = own_small, Storage(str(tmp_path / "remote"))
    push(lab, remote)
    outs = [out for out in Repo(str(lab)).index.outs if not out.can_push]
    away, private = {out.def_path for out in outs if out.use_cache}, {out.def_path for out in outs}
    assert PRIVATE | {"data/page/index.html", "plots/interpolation/pairs"} == away
    assert {"plots/interpolation/grid.gif", "plots/faces/one_per_person/held_out.png"} <= private
    assert digests(lab, private).isdisjoint(objects(tmp_path / "remote"))
    other = clone(lab, tmp_path / "other", remote)
    assert ran(other) == []
    kept = {path: digest for path, digest in outputs(lab).items() if not path.startswith(tuple(away))}
    assert outputs(other) == kept
    assert call("why", other).stdout == "every stage is up to date\n"
    change(other, **{"gifs.frames": 4})
    monkeypatch.chdir(other)
    repo = Repo()
    due = ["check_params", "fetch_lfw", "dedupe_lfw", "render_gifs", "build_page"]
    assert to_run(repo.index.graph, repo.status()) == due


def test_what_was_private_stays_so_when_its_stage_is_gone(quick, tmp_path):
    photos = "  photos:\n    cmd: echo photo > photo.png\n    outs:\n      - photo.png: {cache: false, push: false}\n"
    stages = (quick / "dvc.yaml").read_text(encoding="utf-8")
    (quick / "dvc.yaml").write_text(stages + photos, encoding="utf-8")
    dvc(quick, "repro")
    (quick / "dvc.yaml").write_text(stages, encoding="utf-8")
    push(quick, Storage(str(tmp_path / "remote")))
    shared = {path.read_text() for path in objects(tmp_path / "remote").values()}
    assert (quick / "data/images").read_text() in shared
    assert "photo\n" not in shared


def test_a_damaged_note_of_an_earlier_run_is_passed_over(quick, tmp_path):
    for note in (quick / ".dvc/cache/runs").glob("*/*/*"):
        note.chmod(0o644)
        note.write_bytes(note.read_bytes()[:40])
    push(quick, Storage(str(tmp_path / "remote")))


def test_an_experiment_goes_through_a_bare_repository(quick, tmp_path):
    remote, hub = Storage(str(tmp_path / "remote")), tmp_path / "hub.git"
    remote.configure(quick)
    git(quick, "clone", "--quiet", "--bare", str(quick), str(hub))
    dvc(quick, "exp", "run", "--name", "seeded", "--set-param", "seed=1")
    dvc(quick, "exp", "push", str(hub), "seeded")
    other = clone(hub, tmp_path / "other", remote)
    assert dvc(other, "exp", "list", "--name-only", "origin").stdout.split() == ["seeded"]
    dvc(other, "exp", "pull", "origin", "seeded")
    applied = dvc(other, "exp", "apply", "seeded", check=False).stderr
    assert re.findall("^data/.*", applied, re.MULTILINE) == ["data/raw/images"]  # all but what the machine never had
    assert ran(other) == []
    assert (other / "data/images").read_bytes() == (quick / "data/images").read_bytes()
    assert json.loads((other / "metrics/scores.json").read_text(encoding="utf-8")) == {"error": 2.0}


@pytest.mark.parametrize("kind", ["ssh", "s3"])
def test_servers_hold_results_like_a_folder(quick, tmp_path, stack, kind):
    remote = stack.enter_context(storage.ssh(tmp_path / "server") if kind == "ssh" else storage.s3())
    push(quick, remote)
    other = clone(quick, tmp_path / "other", remote)
    assert ran(other) == []
    assert (other / "data/images").read_bytes() == (quick / "data/images").read_bytes()
    assert not (other / "data/raw/images").exists()
    change(other, **{"seed": 1})
    assert ran(other) == ["fetch", "score"]
    push(other, remote)
    change(quick, **{"seed": 1})
    assert ran(quick) == []  # taken from the other's run
    assert json.loads((quick / "metrics/scores.json").read_text(encoding="utf-8")) == {"error": 2.0}


def test_over_http_results_are_read_and_not_written(quick, tmp_path, stack):
    push(quick, Storage(str(tmp_path / "remote")))
    remote = stack.enter_context(storage.http(tmp_path / "remote", delay=0.3))  # and slow
    other = clone(quick, tmp_path / "other", remote)
    assert ran(other) == []
    assert (other / "data/images").read_bytes() == (quick / "data/images").read_bytes()
    assert "can only be read" in refusal(call("push", other))


def test_a_web_server_in_trouble_is_not_taken_for_one_without_files(quick, tmp_path, stack):
    remote = stack.enter_context(storage.http(tmp_path, trouble=HTTPStatus.SERVICE_UNAVAILABLE))
    other = clone(quick, tmp_path / "other", remote)
    assert "503" in refusal(call("repro", other))


def test_without_a_remote_what_lies_in_the_cache_is_taken(quick, tmp_path):
    git(quick, "clone", "--quiet", str(quick), str(tmp_path / "other"))
    shutil.copytree(quick / ".dvc/cache/files", tmp_path / "other/.dvc/cache/files")
    assert ran(tmp_path / "other") == []
    assert (tmp_path / "other/data/raw/images").exists()
    assert "no remote is set up" in refusal(call("push", tmp_path / "other"))


def test_a_first_run_without_a_remote_runs_all_stages_and_says_nothing_else(quick, tmp_path):
    git(quick, "clone", "--quiet", str(quick), str(tmp_path / "other"))
    done = call("repro", tmp_path / "other")
    assert stages_run(done.stdout) == ["fetch", "score"]
    assert "WARNING" not in done.stderr
    assert done.stdout.startswith("Running stage")


def test_a_file_changed_by_hand_is_not_lost(quick, tmp_path):
    other = Path(shutil.copytree(quick, tmp_path / "other"))
    (other / "data/images").unlink()
    (other / "data/images").write_bytes(b"mine")
    done = call("repro", other)
    assert done.returncode != 0
    assert f"unsaved files without confirmation. Use `--force` to force.\n{other / 'data/images'}" in done.stderr
    assert (other / "data/images").read_bytes() == b"mine"


@pytest.mark.parametrize("kind", ["ssh", "s3", "http"])
def test_a_remote_that_is_down(quick, tmp_path, kind):
    address = f"127.0.0.1:{storage.free_port()}"
    if kind == "http":
        remote = Storage(f"http://{address}/remote")
    else:
        storage.need(f"dvc_{kind}")
        options = {"endpointurl": f"http://{address}"} | LOGIN
        remote = Storage("s3://results/remote", options) if kind == "s3" else Storage(f"ssh://user@{address}/remote")
    other = clone(quick, tmp_path / "other", remote)
    for command in ("repro", "push") if kind == "ssh" else ("repro",):
        sentence = refusal(call(command, other, AWS_MAX_ATTEMPTS="1"))  # else with growing pauses
        assert f"the remote storage ({remote.url}) cannot be used: " in sentence
        assert "onnect" in sentence
        assert "`dvc repro` does without it" in sentence


def test_a_remote_that_never_answers(quick, tmp_path, monkeypatch, ending):
    storage.need("dvc_ssh")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        remote = Storage(f"ssh://user@127.0.0.1:{silent.getsockname()[1]}/remote")
        monkeypatch.chdir(clone(quick, tmp_path / "other", remote))
        monkeypatch.setattr(_remote, "PATIENCE", 1)
        status, said = ending(dispatch, "stages.commands", NAMES, "command", ["repro"])
    assert status == 1
    assert "no answer in 1 s" in said


@pytest.mark.parametrize(("kind", "words"), [("ssh", "Permission denied"), ("s3", "Unable to locate credentials")])
def test_a_remote_that_does_not_know_the_user(quick, tmp_path, stack, kind, words):
    remote = stack.enter_context(storage.ssh(tmp_path / "server") if kind == "ssh" else storage.s3())
    if kind == "ssh":
        stranger = {"keyfile": str(tmp_path / "server/keys/host")}
    else:
        stranger = {name: remote.options[name] for name in ("endpointurl", "region")}
    other = clone(quick, tmp_path / "other", Storage(remote.url, stranger))
    done = call("repro", other, HOME=str(tmp_path), AWS_EC2_METADATA_DISABLED="true")
    assert words in refusal(done)


def test_a_package_that_is_missing(quick, tmp_path):
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['dvc_s3'] = None\n", encoding="utf-8")
    other = clone(quick, tmp_path / "other", Storage("s3://results/remote"))
    assert "call make remotes" in refusal(call("repro", other, PYTHONPATH=str(tmp_path)))


def test_a_full_remote_and_a_full_disk_lose_nothing(quick, tmp_path):
    remote = Storage(str(tmp_path / "remote"))
    (tmp_path / "remote").mkdir()
    remote.configure(quick)
    with disk(tmp_path / "remote", "full"):
        done = call("push", quick)
        assert done.returncode != 0
        assert "No space left on device" in done.stderr
        assert "Traceback" not in done.stderr
    push(quick, remote)
    other = clone(quick, tmp_path / "other", remote)
    (other / ".dvc/cache").mkdir()
    with disk(other / ".dvc/cache", "full"):
        done = call("repro", other)
        assert done.returncode != 0
        assert "No space left on device" in done.stderr
        assert "Traceback" not in done.stderr
    assert ran(other) == []


def test_a_damaged_file_on_a_remote_is_not_taken_but_made_anew(quick, tmp_path):
    remote = Storage(str(tmp_path / "remote"))
    push(quick, remote)
    (damaged,) = (objects(tmp_path / "remote")[digest] for digest in digests(quick, {"data/images"}))
    content = bytearray(damaged.read_bytes())
    content[1000] ^= 1
    damaged.chmod(0o644)
    damaged.write_bytes(content)
    damaged.chmod(0o444)  # as DVC leaves files that it need not check
    other = clone(quick, tmp_path / "other", remote)
    done = call("repro", other)
    assert "The remote lacks, or holds damaged, data/images: the stages that make them run." in done.stdout
    assert stages_run(done.stdout) == ["fetch", "score"]
    assert (other / "data/images").read_bytes() == (quick / "data/images").read_bytes()
