"""The declared pipeline, run by the real `dvc` on small data."""

import json
import re
import subprocess
from pathlib import Path

import imageio.v3 as imageio
import numpy as np
import pytest
import yaml

from stages.demo import DEMO, environment, lay_out, with_values
from tests.imports import imported_files

# as short as each stage allows, so that the whole pipeline runs in a minute or two
SHORT = DEMO | {"digits.common.training.epochs": 1, "faces.train.epochs": 1, "cnn.train.epochs": 1}


def dvc(folder: Path, *arguments: str, check: bool = True) -> subprocess.CompletedProcess:
    """Run the real `dvc` in a folder."""
    return subprocess.run(
        ["dvc", *arguments], cwd=folder, env=environment(), check=check, text=True, capture_output=True
    )


@pytest.fixture(scope="module")
def project(request) -> Path:
    return request.config.rootpath


@pytest.fixture(scope="module")
def small(project, tmp_path_factory) -> Path:
    """A copy of the pipeline in which every stage has run once on small data."""
    folder = tmp_path_factory.mktemp("small")
    lay_out(folder, SHORT, project)
    finished = dvc(folder, "repro", check=False)
    assert finished.returncode == 0, finished.stdout[-3000:] + finished.stderr[-3000:]
    return folder


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


def test_latents_open_in_one_line(small):
    latents = np.load(small / "data/latents/digits/umbrella.npz")
    assert {"codes", "labels", "split", "index"} == set(latents)
    assert latents["codes"].shape == (len(latents["labels"]), 2)


def test_pictures_open(small):
    pictures = [path for path in (small / "plots").rglob("*") if path.suffix in {".png", ".gif"}]
    assert len(pictures) > 20
    for path in pictures:
        frames = imageio.imread(path, index=None) if path.suffix == ".gif" else imageio.imread(path)[None]
        assert frames.std() > 0, path


@pytest.mark.parametrize(
    ("key", "value", "readers"),
    [
        ("gifs.frames", 3, {"render_gifs"}),
        ("cnn.train.epochs", 2, {"train_cnn"}),
        ("lightgbm.settings.tuned.trees", 3, {"train_lightgbm@lightgbm_codes_tuned"}),
        ("digits.priors.gaussian.adversarial_weight", 0.5, {"train_digits@gaussian", "draw_priors"}),
        ("draw.transfer.rows", 1, {"compare_classifiers"}),
        ("faces.train.learning_rate", 0.1, {"train_faces"}),
    ],
)
def test_a_parameter_touches_only_the_stages_that_read_it(small, key, value, readers):
    params = small / "params.yaml"
    before = params.read_text(encoding="utf-8")
    try:
        changed = with_values(yaml.safe_load(before), {key: value})
        params.write_text(yaml.safe_dump(changed, sort_keys=False), encoding="utf-8")
        assert set(json.loads(dvc(small, "status", "--json").stdout)) == readers
    finally:
        params.write_text(before, encoding="utf-8")


def test_a_changed_gif_reruns_one_stage_and_going_back_restores_it(small):
    params = small / "params.yaml"
    before, gif = params.read_text(encoding="utf-8"), small / "plots/interpolation/grid.gif"
    first = gif.read_bytes()
    changed = with_values(yaml.safe_load(before), {"gifs.frames": 4})
    params.write_text(yaml.safe_dump(changed, sort_keys=False), encoding="utf-8")
    assert re.findall("Running stage '(.*)'", dvc(small, "repro").stdout) == ["render_gifs"]
    assert gif.read_bytes() != first
    params.write_text(before, encoding="utf-8")
    back = dvc(small, "repro").stdout
    assert "Running stage" not in back, "the run cache should have restored it"
    assert gif.read_bytes() == first


def test_a_new_variant_of_a_prior_is_an_entry_in_params(small):
    params = small / "params.yaml"
    before = params.read_text(encoding="utf-8")
    try:
        tree = yaml.safe_load(before)
        tree["digits"]["priors"]["wide"] = {"prior": {"kind": "gaussian", "std": 2.0}, "adversarial_weight": 0.01}
        params.write_text(yaml.safe_dump(tree, sort_keys=False), encoding="utf-8")
        dvc(small, "repro", "measure_digits@wide", "draw_digits@wide")
        assert json.loads((small / "metrics/digits/wide.json").read_text(encoding="utf-8"))["test_mse"] > 0
        assert (small / "plots/digits/wide/posterior.png").is_file()
    finally:
        params.write_text(before, encoding="utf-8")
