import ast
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from stages.base.errors import StageError
from stages.base.params import at, load, problems
from stages.check_params import Params, conflicts, main
from stages.commands.demo import DEMO, with_values
from tests.pipelines import change, dvc

# what the messages below tell of, whatever the committed file says now
KNOWN = {
    "data.source": "publishers",
    "data.mnist.validation": 5000,
    "data.cifar10.validation": 5000,
    "faces.image_size": 64,
    "faces.keep": "one_per_person",
    "faces.held_out": 0.1,
    "faces.model.channels": [48, 96, 192, 384],
}


@pytest.fixture
def committed(project):
    return yaml.safe_load((project / "params.yaml").read_text(encoding="utf-8"))


@pytest.fixture
def values(committed):
    return with_values(committed, KNOWN)


def found(values: dict) -> list[str]:
    return [*problems(values, Params), *conflicts(values)]


def test_the_committed_parameters_and_the_demos_are_right(committed):
    assert found(committed) == []
    assert found(with_values(committed, DEMO)) == []


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("data.source", "demos", "data.source: input should be 'publishers' or 'demo' (got 'demos')"),
        ("data.seed", -1, "data.seed: input should be greater than or equal to 0 (got -1)"),
        (
            "data.mnist.validation",
            60_000,
            "data.mnist.validation: of 60000 training images in 10 classes, 10 to 59990 can be set aside (got 60000)",
        ),
        (
            "data.cifar10.validation",
            5,
            "data.cifar10.validation: of 50000 training images in 10 classes, 10 to 49990 can be set aside (got 5)",
        ),
        ("compute.device", "gpu", "compute.device: input should be 'auto', 'cpu', 'cuda' or 'mps' (got 'gpu')"),
        (
            "digits.common.training.batch_size",
            55_001,
            "digits.common.training.batch_size: 55001 is more than the 55000 training images: lower it",
        ),
        (
            "digits.priors.swiss_roll.prior.kind",
            "swissroll",
            "digits.priors.swiss_roll.prior.kind: unknown kind 'swissroll', did you mean swiss_roll? "
            "(there are gaussian, umbrella, swiss_roll)",
        ),
        (
            "digits.priors.umbrella_labels.prior.petals",
            9,
            "digits.priors.umbrella_labels.labelled: labels need a prior of 10 parts, this one has 9",
        ),
        (
            "digits.priors.umbrella_labels.labelled",
            0.0001,
            "digits.priors.umbrella_labels.labelled: 0.0001 leaves a class without a told or an untold label",
        ),
        (
            "digits.priors.gaussian.prior.dim",
            1,
            "digits.priors.gaussian.prior.dim: the pictures need two dimensions (got 1)",
        ),
        (
            "faces.image_size",
            63,
            "faces.image_size: 63 cannot be halved once per entry of faces.model.channels: make it a multiple of 16",
        ),
        (
            "faces.model.channels",
            [8, 8, 8, 8, 8, 8, 8],
            "faces.image_size: 64 cannot be halved once per entry of faces.model.channels: make it a multiple of 128",
        ),
        ("faces.train.batch_size", 5_200, "faces.train.batch_size: 5200 is more than the 5174 faces"),
        ("cnn.train.batch_size", 45001, "cnn.train.batch_size: 45001 is more than the 45000 training images: lower it"),
        (
            "lightgbm.runs.lightgbm_pca.settings",
            "default",
            "lightgbm.runs.lightgbm_pca.settings: no entry 'default' in lightgbm.settings, did you mean defaults?",
        ),
        (
            "lightgbm.runs.pair_lightgbm_pca.classes",
            ["automobile", "truck"],
            "lightgbm.runs: pair_lightgbm_codes and pair_lightgbm_pca need the same classes, "
            "because one picture compares them",
        ),
        (
            "lightgbm.runs.lightgbm_pca.classes",
            ["automobile", "shp"],
            "lightgbm.runs.lightgbm_pca.classes: CIFAR-10 has no class 'shp', did you mean ship?",
        ),
        (
            "lightgbm.runs.lightgbm_pca.classes",
            ["ship", "ship"],
            "lightgbm.runs.lightgbm_pca.classes: ship stands there 2 times",
        ),
        ("cnn.widths", [], "cnn.widths: list should have at least 1 item after validation, not 0 (got [])"),
        ("cnn.train.momentum", 0, "cnn.train.momentum: input should be greater than 0 (got 0)"),
        ("cnn.train.translate", 32, "cnn.train.translate: input should be less than 32 (got 32)"),
        ("measure.samples", 1, "measure.samples: input should be greater than or equal to 100 (got 1)"),
        ("draw.style.density", "Gray5", "draw.style.density: no colour map of matplotlib (got 'Gray5')"),
    ],
)
def test_a_wrong_value_is_one_line_with_its_key(values, key, value, says):
    assert found(with_values(values, {key: value})) == [says]


def test_a_run_that_the_comparison_shows_may_not_be_missing(values):
    del values["lightgbm"]["runs"]["pair_lightgbm_pca"], values["lightgbm"]["runs"]["lightgbm_pixels"]
    assert found(values) == [
        "lightgbm.runs.lightgbm_pixels: missing, and compare_classifiers shows it",
        "lightgbm.runs.pair_lightgbm_pca: missing, and compare_classifiers shows it",
    ]


def test_unknown_keys_name_the_nearest_and_missing_ones_are_missed(values):
    values["gifs"]["frmes"] = values["gifs"].pop("frames")
    values["digits"]["priors"]["umbrella"]["prior"]["petls"] = 10
    values["lightgbn"] = {}
    assert sorted(found(values)) == [
        "digits.priors.umbrella.prior.petls: unknown key, did you mean petals?",
        "gifs.frames: missing",
        "gifs.frmes: unknown key, did you mean frames?",
        "lightgbn: unknown key, did you mean lightgbm?",
    ]


@pytest.mark.parametrize("values", [None, [], "text", {"data": 3}, {"digits": {"priors": 1}, "lightgbm": {"runs": 7}}])
def test_a_file_without_sections_is_refused(values):
    assert found(values)


def test_all_problems_are_said_at_once_and_nothing_is_written(project, values, capsys):
    wrong = with_values(values, {"gifs.frames": 1, "cnn.train.batch_size": 10**6, "digits.common.hidden": ["wide"]})
    Path("params.yaml").write_text(yaml.safe_dump(wrong), encoding="utf-8")
    with pytest.raises(StageError, match="3 problems"):
        main()
    assert not Path("data").exists()
    done = subprocess.run(
        [sys.executable, "-m", "stages.check_params"], env={"PYTHONPATH": str(project)}, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 4


def test_a_file_that_is_no_yaml_is_refused():
    Path("params.yaml").write_text("digits: [", encoding="utf-8")
    with pytest.raises(StageError, match="is not valid YAML"):
        load("digits", dict)


def test_stages_read_keys_that_the_committed_file_has(project, values):
    for module in (project / "stages").glob("*.py"):
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "load" and len(node.args) == 2:
                key = node.args[0]
                assert not isinstance(key, ast.Constant) or at(values, key.value) is not None, (module.name, key.value)


def test_dvc_runs_no_stage_on_wrong_parameters(own_small):
    change(own_small, **{"gifs.frames": 5, "cnn.train.batch_size": 10**6})
    done = dvc(own_small, "repro", check=False)
    assert done.returncode != 0
    assert "cnn.train.batch_size: 1000000 is more than" in done.stderr
    assert "render_gifs" not in done.stdout + done.stderr
