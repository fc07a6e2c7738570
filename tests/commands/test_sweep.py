"""Sweeps as tasks of real Ray clusters on this machine, each point run by the real `dvc`."""

import os
import subprocess
import sys
import time
from contextlib import contextmanager

import psutil
import pytest
from dvc.repo import Repo

from stages.base.errors import StageError
from stages.commands.__main__ import main as call_command
from stages.commands._dvc import environment
from stages.commands.sweep import configure, grid, list_experiments, main, name_of, read_scores, run_point, table
from tests.pipelines import dvc, git
from tests.storage import Storage

ray = pytest.importorskip("ray", reason="sweeps need Ray: make sweeps")
pytestmark = pytest.mark.timeout(1200)  # on busy cores Ray alone takes a minute to start
PARAMS = {
    "gifs": {"frames": 5, "people": []},
    "digits": {"common": {"training": {"seed": 0}}},
    "lightgbm": {"common": {"seed": 0}},
    "cnn": {"label": "CNN", "training": {"seed": 0}},
}


def test_a_grid_has_all_combinations_and_seeds_go_to_all_trainings():
    points = grid(["gifs.frames=1,2", "cnn.label=x,y"], 2, PARAMS)
    seeds = ("digits.common.training.seed", "lightgbm.common.seed", "cnn.training.seed")
    assert len(points) == 8
    assert {tuple(point[key] for key in ("gifs.frames", "cnn.label", *seeds)) for point in points} == {
        (frames, label, seed, seed, seed) for frames in "12" for label in "xy" for seed in "01"
    }
    assert len({name_of(point, ["target"], "revision") for point in points}) == 8
    assert name_of(points[0], ["target"], "revision") != name_of(points[0], ["target"], "another")


def test_values_may_be_lists_and_mappings():
    values = ["[256,64]", "[[1,2],[3]]", "{kind:gaussian,dim:2}", "[]", "plain"]
    assert [point["gifs.people"] for point in grid([f"gifs.people={','.join(values)}"], 0, PARAMS)] == values


def test_a_new_entry_may_be_set():
    assert grid(["+cnn.width=8"], 0, PARAMS) == [{"+cnn.width": "8"}]


@pytest.mark.parametrize(
    ("values", "seeds", "says"),
    [
        (["gifs.frames"], 0, "give a key and its values"),
        (["gifs.frames="], 0, "give a key and its values"),
        (["gifs.frame=1"], 0, "params.yaml has no gifs.frame, did you mean gifs.frames?"),
        (["gifs.frames=[8"], 0, r"-S gifs.frames=\[8: .*: close all brackets"),
        ([], 0, "a sweep needs values"),
        (["gifs.frames=1"], -1, "a sweep needs values"),
        (["gifs.frames=1", "gifs.frames=2"], 0, "gifs.frames has values already"),
        (["cnn.training.seed=5"], 2, "cnn.training.seed has values already"),
    ],
)
def test_a_grid_that_is_none_is_a_fault(values, seeds, says):
    with pytest.raises(StageError, match=says):
        grid(values, seeds, PARAMS)


def test_the_table_has_mean_and_deviation_over_seeds():
    several = grid(["gifs.frames=1"], 2, PARAMS) + grid(["gifs.frames=2"], 1, PARAMS)
    points = dict(zip("abc", several, strict=True))
    scores = {"a": {"error": 1.0}, "b": {"error": 3.0}, "c": {"error": 5.0}}
    assert list(table(points, scores)) == [
        "gifs.frames=1 (2 runs)",
        "    error: 2 ± 1.414",
        "gifs.frames=2 (1 run)",
        "    error: 5",
    ]


def test_points_give_what_dvc_gives_one_by_one_and_a_wrong_one_fails_alone(quick, monkeypatch, capsys):
    monkeypatch.chdir(quick)
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")  # which only `--address` may name
    with pytest.raises(StageError, match="1 of 3 points failed"):
        main("-S", "scale=0.0,2.0,3.0", "score")
    said = capsys.readouterr().out
    assert "3 points, of which 0 ran before" in said
    assert "scale=2.0: done" in said
    assert "scale=0.0: error: params.yaml: scale: should be greater than 0" in said
    assert "scale=3.0 (1 run)\n    error: 3\n" in said
    swept = name_of({"scale": "3.0"}, ["score"], git(quick, "rev-parse", "HEAD").strip())
    dvc(quick, "exp", "run", "--force", "--name", "by-hand", "-S", "scale=3.0", "score")
    assert dvc(quick, "metrics", "diff", swept, "by-hand").stdout == ""
    git(quick, "reset", "--hard", "--quiet")
    assert swept in dvc(quick, "exp", "show", "--csv").stdout
    # what ran is not run again
    main("-S", "scale=2.0,3.0", "score")
    assert "2 points, of which 2 ran before" in capsys.readouterr().out


def test_scores_of_a_group_have_the_names_of_their_files(small, monkeypatch):
    monkeypatch.chdir(small)
    scores = read_scores(Repo(), ["measure_digits", "measure_semi@labels_100"], "HEAD")
    files = {key.split()[0] for key in scores}
    assert files == {"digits/gaussian", "digits/umbrella_labels", "semi/labels_100"}
    assert "test_mse" in read_scores(Repo(), ["measure_digits@gaussian"], "HEAD")
    curves = read_scores(Repo(), ["train_digits@gaussian", "train_cnn"], "HEAD")  # whose metrics stand beside figures
    assert "plots/transfer/curves/metrics validation_accuracy" in curves


def test_targets_without_scores_are_told_apart_from_those_that_failed(quick, monkeypatch, capsys):
    monkeypatch.chdir(quick)
    name = name_of({"scale": "2.0"}, ["fetch"], git(quick, "rev-parse", "HEAD").strip())
    dvc(quick, "exp", "run", "--name", name, "-S", "scale=2.0", "fetch")
    git(quick, "reset", "--hard", "--quiet")
    main("-S", "scale=2.0", "fetch")
    assert (
        "1 points, of which 1 ran before\nscale=2.0 (1 run)\nNo target has scores of its own.\n"
        in capsys.readouterr().out
    )


def test_a_cache_of_ones_own_is_no_cache_of_a_cluster(quick, tmp_path, monkeypatch):
    Storage(str(tmp_path / "remote")).configure(quick)
    dvc(quick, "cache", "dir", "--local", str(tmp_path / "cache"))
    monkeypatch.chdir(quick)
    assert str(tmp_path / "cache") in configure(Repo(), local=True)
    assert str(tmp_path / "cache") not in (for_cluster := configure(Repo(), local=False))
    assert str(tmp_path / "remote") in for_cluster


def test_what_ran_in_another_repository_comes_here_and_a_point_without_its_data_does_not_count(
    quick, tmp_path, monkeypatch, capsys
):
    """As a machine of a cluster runs it: in a clone of a repository that this one is a clone of, too."""
    remote, hub = Storage(str(tmp_path / "remote")), tmp_path / "hub.git"
    git(quick, "clone", "--quiet", "--bare", str(quick), str(hub))
    remote.configure(quick)
    dvc(quick, "push", "--quiet")
    monkeypatch.chdir(quick)
    point, revision = {"scale": "2.0"}, git(quick, "rev-parse", "HEAD").strip()
    name, config = name_of(point, ["score"], revision), configure(Repo(), local=False)
    full = config.replace(str(tmp_path / "remote"), str(tmp_path / "full"))
    (tmp_path / "full").write_text("no folder")
    monkeypatch.setenv("PATH", f"/usr/bin{os.pathsep}/bin")  # where neither `dvc` nor its `python` are
    with pytest.raises(RuntimeError):
        run_point(str(hub), revision, full, None, name, point, ["score"])
    assert list_experiments(str(hub)) == set()
    run_point(str(hub), revision, config, None, name, point, ["score"])
    main("--address", "127.0.0.1:1", "--origin", str(hub), "-S", "scale=2.0", "score")
    said = capsys.readouterr().out
    assert "1 points, of which 1 ran before" in said
    assert "error: 2" in said
    assert name in list_experiments()


@contextmanager
def two_nodes(**second: int):
    """A Ray cluster of two nodes with a core each on this machine; gives it and the second node."""
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    try:
        yield cluster, cluster.add_node(num_cpus=1, **second)
    finally:
        cluster.shutdown()


def test_a_node_that_dies_loses_no_point(quick, tmp_path, monkeypatch):
    Storage(str(tmp_path / "remote")).configure(quick)
    dvc(quick, "push", "--quiet")
    marks = tmp_path / "marks"
    marks.mkdir()
    monkeypatch.setenv("MARKS", str(marks))  # each point waits in the middle of its work
    with two_nodes() as (cluster, second):
        command = [sys.executable, "-m", "stages.commands", "sweep", "--address", cluster.address]
        sweep = subprocess.Popen(
            [*command, "--origin", str(quick), "-S", "scale=2.0,3.0", "score"],
            cwd=quick, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        while len(list(marks.iterdir())) < 2:
            assert sweep.poll() is None, sweep.communicate()
            time.sleep(0.1)
        nodes = [psutil.Process(each.process.pid) for several in second.all_processes.values() for each in several]
        for process in [child for node in nodes for child in node.children(recursive=True)] + nodes:
            process.kill()
        (marks / "go-on").touch()
        said, _ = sweep.communicate(timeout=400)
    assert sweep.returncode == 0, said
    assert len(list(marks.iterdir())) == 4, "the point of the second node ran again"
    for value in ("2.0", "3.0"):
        assert f"scale={value}: done" in said, said


def test_points_that_ask_for_a_part_of_a_gpu_get_it(quick, tmp_path, monkeypatch):
    """Of one that Ray only believes in."""
    Storage(str(tmp_path / "remote")).configure(quick)
    dvc(quick, "push", "--quiet")
    marks = tmp_path / "marks"
    marks.mkdir()
    (marks / "go-on").touch()
    monkeypatch.setenv("MARKS", str(marks))
    monkeypatch.chdir(quick)
    with two_nodes(num_gpus=1) as (cluster, _):
        main("--address", cluster.address, "--gpus", "0.5", "-S", "scale=2.0,3.0", "score")
    assert [path.read_text() for path in marks.iterdir() if path.name != "go-on"] == ["0", "0"]


def test_more_than_this_machine_has_is_a_fault(quick, monkeypatch):
    monkeypatch.chdir(quick)
    with pytest.raises(StageError, match="a point asks for 1 cores and 999 GPUs: this machine has "):
        main("--gpus", "999", "-S", "scale=2.0", "score")


def test_a_cluster_needs_a_remote(quick, monkeypatch):
    monkeypatch.chdir(quick)
    with pytest.raises(StageError, match="share results through a DVC remote"):
        main("--address", "127.0.0.1:1", "-S", "scale=2.0", "score")


@pytest.mark.parametrize("address", ["127.0.0.1:1", "127.0.0.1"])
def test_a_cluster_that_is_not_there_is_named(quick, tmp_path, monkeypatch, address):
    Storage(str(tmp_path / "remote")).configure(quick)
    monkeypatch.chdir(quick)
    with pytest.raises(StageError, match=f"no Ray cluster answers at {address} "):
        main("--address", address, "-S", "scale=2.0", "score")


def test_a_target_that_is_none_is_named_before_anything_starts(quick, ending, monkeypatch):
    monkeypatch.chdir(quick)
    status, said = ending(call_command, ["sweep", "-S", "scale=2.0", "scores"])
    assert status == 1
    assert said == "error: Stage 'scores' not found inside 'dvc.yaml' file\n"


def test_a_task_of_less_than_nothing_is_a_fault(ending):
    assert "no less than 0" in ending(main, "--cpus", "-1", "-S", "scale=2.0", "score")[1]
