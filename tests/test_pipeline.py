"""The declared pipeline, run by the real `dvc` on small data."""

import json
import re
from pathlib import Path
from typing import Any

import imageio.v3 as imageio
import numpy as np
import pandas
import pytest
import yaml
from dvc.dependency import ParamsDependency
from dvc.repo import Repo

from stages.commands.demo import with_values
from stages.commands.readme import reruns
from stages.commands.why import flat, graph
from tests.imports import imported_files
from tests.pipelines import change, dvc


def resolved(project: Path) -> dict[str, dict]:
    """The stages of dvc.yaml by name, one for each template."""
    declared = yaml.safe_load((project / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    return {name: stage.get("do", stage) for name, stage in declared.items()}


def test_every_stage_depends_on_the_code_that_it_imports_and_on_no_other(project):
    for name, stage in resolved(project).items():
        module = project / (stage["cmd"].split()[2].replace(".", "/") + ".py")
        declared = {dep for dep in stage["deps"] if dep.startswith("stages/")}
        assert declared == imported_files(module, project), name


def test_every_stage_says_what_it_does(project):
    assert all(stage.get("desc") for stage in resolved(project).values())


def test_the_committed_lock_fits_the_code_and_the_parameters(project):
    dry = dvc(project, "repro", "--dry", "--allow-missing")
    assert "Running stage" not in dry.stdout, dry.stdout


def test_no_tracked_figure_is_large(project):
    sizes = [path.stat().st_size for path in (project / "plots").rglob("*") if path.is_file()]
    assert max(sizes) <= 2 * 2**20
    assert sum(sizes) <= 12 * 2**20


def test_a_second_run_starts_no_stage(small):
    again = dvc(small, "repro")
    assert "Running stage" not in again.stdout
    assert "up to date" in again.stdout


def test_every_stage_ran_and_left_what_it_declares(small):
    locked = yaml.safe_load((small / "dvc.lock").read_text(encoding="utf-8"))["stages"]
    outputs = [output["path"] for stage in locked.values() for output in stage.get("outs", [])]
    assert {name.split("@")[0] for name in locked} == set(resolved(small))
    assert all((small / path).exists() for path in outputs)


def test_small_data_are_named_in_every_metrics_file(small):
    files = sorted((small / "metrics").rglob("*.json"))
    assert {path.stem for path in files} >= {
        "dataset",
        "gaussian",
        "interpolation",
        "model",
        "transfer",
        "umbrella_labels",
    }
    assert all(json.loads(path.read_text(encoding="utf-8"))["data"] == "demo" for path in files)


def test_metrics_carry_the_promised_names(small):
    def names(path: str) -> set[str]:
        return set(json.loads((small / "metrics" / path).read_text(encoding="utf-8")))

    digits = {"train_mse", "validation_mse", "test_mse", "knn_accuracy", "sliced_w2", "sliced_w2_floor"}
    assert names("digits/gaussian.json") == digits | {"two_sample_accuracy", "data"}
    assert names("digits/umbrella_labels.json") == digits | {"two_sample_accuracy", "petal_accuracy", "data"}
    assert names("faces/model.json") >= {"train_mse", "held_out_mse", "held_out_psnr", "pca_held_out_mse", "code_norm"}
    classifiers = {"cnn", "lightgbm_codes", "lightgbm_codes_tuned", "lightgbm_pca", "lightgbm_untrained"}
    classifiers |= {"lightgbm_pixels", "chance", "pair_lightgbm_codes", "pair_lightgbm_pca"}
    assert names("transfer.json") == classifiers | {"data"}
    transfer = json.loads((small / "metrics/transfer.json").read_text(encoding="utf-8"))
    assert set(transfer["cnn"]) == {"accuracy", "auroc", "train_accuracy", "train_auroc"}


def test_results_open_in_one_line_as_the_readme_shows(small):
    latents = np.load(small / "data/latents/digits/umbrella.npz")
    assert {"codes", "labels", "split", "index"} == set(latents)
    assert latents["codes"].shape == (len(latents["labels"]), 2)
    scores = pandas.read_json(small / "metrics/transfer.json").drop(columns="data").T
    assert 0 < scores.loc["cnn", "accuracy"] <= 1
    assert "data" not in scores.index


def test_pictures_open(small):
    pictures = [path for path in (small / "plots").rglob("*") if path.suffix in {".png", ".gif"}]
    assert len(pictures) > 20
    for path in pictures:
        frames = imageio.imread(path, index=None) if path.suffix == ".gif" else imageio.imread(path)[None]
        assert frames.std() > 0, path


def changed(key: str, value: Any) -> Any:
    """Another value at a leaf of params.yaml; names of files and settings stay names of some."""
    if key.endswith(".features"):
        return "data/latents/faces.npz"
    if key.endswith(".settings"):
        return "tuned" if value == "defaults" else "defaults"
    return [*value, "more"] if isinstance(value, list) else f"{value} changed"


def stages_with_changed_parameters(folder: Path) -> set[str]:
    """The stages that `dvc status` lists for their parameters; asked of its library, which is faster."""
    return {
        stage.addressing
        for stage in Repo(folder).index.stages
        for dependency in stage.deps
        if isinstance(dependency, ParamsDependency) and dependency.status()
    }


def test_each_key_reruns_the_stages_that_the_table_names(small, monkeypatch):
    monkeypatch.chdir(small)
    params = small / "params.yaml"
    before = params.read_text(encoding="utf-8")
    tree = yaml.safe_load(before)
    lock = yaml.safe_load((small / "dvc.lock").read_text(encoding="utf-8"))["stages"]
    table = reruns(tree, lock, graph(dvc(small, "dag", "--dot").stdout))
    assert len(flat(tree)) > 100
    try:
        for key, value in flat(tree).items():
            (row,) = [row for row in table if f"{key}.".startswith(f"{row}.")]
            edited = with_values(yaml.safe_load(before), {key: changed(key, value)})
            params.write_text(yaml.safe_dump(edited, sort_keys=False), encoding="utf-8")
            assert stages_with_changed_parameters(small) == table[row][0], key
    finally:
        params.write_text(before, encoding="utf-8")


@pytest.mark.parametrize(
    ("key", "value", "readers"),
    [
        ("gifs.frames", 3, {"render_gifs"}),
        ("digits.priors.gaussian.adversarial_weight", 0.5, {"train_digits@gaussian", "draw_priors"}),
        ("draw.transfer.rows", 1, {"compare_classifiers"}),
    ],
)
def test_status_lists_the_readers_and_the_check_of_the_whole_file(own_small, key, value, readers):
    change(own_small, **{key: value})
    assert set(json.loads(dvc(own_small, "status", "--json").stdout)) == readers | {"check_params"}


def test_a_changed_gif_reruns_one_stage_and_going_back_restores_it(own_small):
    params = own_small / "params.yaml"
    before, gif = params.read_text(encoding="utf-8"), own_small / "plots/interpolation/grid.gif"
    first = gif.read_bytes()
    change(own_small, **{"gifs.frames": 4})
    assert re.findall("Running stage '(.*)'", dvc(own_small, "repro").stdout) == ["check_params", "render_gifs"]
    assert gif.read_bytes() != first
    params.write_text(before, encoding="utf-8")
    back = dvc(own_small, "repro").stdout
    assert "Running stage" not in back, "the run cache should have restored it"
    assert gif.read_bytes() == first


def test_a_new_variant_of_a_prior_is_an_entry_in_params(own_small):
    params = own_small / "params.yaml"
    tree = yaml.safe_load(params.read_text(encoding="utf-8"))
    tree["digits"]["priors"]["wide"] = {"prior": {"kind": "gaussian", "std": 2.0}, "adversarial_weight": 0.01}
    params.write_text(yaml.safe_dump(tree, sort_keys=False), encoding="utf-8")
    dvc(own_small, "repro", "measure_digits@wide", "draw_digits@wide")
    assert json.loads((own_small / "metrics/digits/wide.json").read_text(encoding="utf-8"))["test_mse"] > 0
    assert (own_small / "plots/digits/wide/posterior.png").is_file()
