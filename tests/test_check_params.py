import re
from collections.abc import Iterator
from functools import reduce
from operator import getitem
from pathlib import Path
from typing import Any

import pytest
import yaml

from stages.__main__ import call
from stages.base.errors import StageError
from stages.base.params import NoParams
from stages.check_params import find_problems, main
from stages.commands.demo import DEMO, lay_out, set_values
from tests.pipelines import dvc, loaded_keys, stages_run

PROBE = {"label": "another probe", "features": "data/latents/cifar10/one_per_person.npz"}
# what the messages below tell of, whatever the committed file says now
KNOWN = {
    "data.source": "publishers",
    "data.mnist.validation": 5000,
    "data.cifar10.validation": 5000,
    "faces.image_size": 64,
    "faces.validation": 0.05,
    "faces.held_out": 0.1,
    "faces.common.model.encoder": [32, 64, 128, 256],
    "faces.common.model.refiner": [48, 96, 192],
}
# entries with names of their own, and values in place of common ones
OPTIONAL = re.compile(
    r"digits\.priors\.\w+(\.training\.\w+)?|(faces|semi)\.variants\.\w+(\.(model|training)\.\w+)?"
    r"|features\.\w+|lightgbm\.(settings|classifiers)\.\w+|linear\.classifiers\.\w+"
)


@pytest.fixture
def committed(project):
    return yaml.safe_load((project / "params.yaml").read_text(encoding="utf-8"))


@pytest.fixture
def values(committed):
    return set_values(committed, KNOWN)


def keys(node: Any, above: tuple = ()) -> Iterator[tuple]:
    """The way to each key of nested mappings and lists."""
    for step, inner in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        if isinstance(node, dict):
            yield (*above, step)
        yield from keys(inner, (*above, step))


def dotted(way: tuple) -> str:
    return ".".join(map(str, way))


def problems_without(values: dict, way: tuple) -> list[str]:
    """What is wrong where a key is missing."""
    mapping = reduce(getitem, way[:-1], values)
    kept = dict(mapping)
    del mapping[way[-1]]
    found = find_problems(values)
    mapping.clear()
    mapping.update(kept)
    return found


def test_the_committed_parameters_and_the_demos_are_right(committed):
    assert find_problems(committed) == []
    assert find_problems(set_values(committed, DEMO)) == []


def test_every_key_is_required(values):
    required = [way for way in keys(values) if not OPTIONAL.fullmatch(dotted(way))]
    found = {dotted(way): problems_without(values, way) for way in required}
    assert len(found) > 150
    assert found == {key: [f"{key}: missing"] for key in found}


def test_an_override_and_a_whole_prior_may_go(values):
    overrides = [way for way in keys(values) if re.fullmatch(r"digits\.priors\.\w+(\.training\.\w+)?", dotted(way))]
    assert {dotted(way): problems_without(values, way) for way in overrides} == {dotted(way): [] for way in overrides}


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("data.source", "demos", "data.source: input should be 'publishers' or 'demo' (got 'demos')"),
        ("data.seed", -1, "data.seed: input should be greater than or equal to 0 (got -1)"),
        ("data.seed", 0.5, "data.seed: input should be a valid integer, got a number with a fractional part (got 0.5)"),
        ("compute.device", "gpu", "compute.device: input should be 'auto', 'cpu', 'cuda' or 'mps' (got 'gpu')"),
        (
            "digits.common.hidden",
            [100, "wide"],
            "digits.common.hidden.1: input should be a valid integer, unable to parse string as an integer "
            "(got 'wide')",
        ),
        (
            "digits.common.training.learning_rate",
            float("nan"),
            "digits.common.training.learning_rate: input should be a finite number (got nan)",
        ),
        (
            "digits.priors.swiss_roll.prior.kind",
            "swissroll",
            "digits.priors.swiss_roll.prior.kind: input tag 'swissroll' found using 'kind' does not match any of the "
            "expected tags: 'gaussian', 'umbrella', 'swiss_roll', did you mean swiss_roll? (got 'swissroll')",
        ),
        (
            "digits.priors.a b",
            {"label": "a", "prior": {"kind": "gaussian", "dim": 2, "std": 1.0}, "training": {}},
            r"digits.priors.a b: string should match pattern '^\w+$' (got 'a b')",
        ),
        ("digits.priors", {}, "digits.priors: dictionary should have at least 1 item after validation, not 0 (got {})"),
        (
            "digits.priors.umbrella.training.epochs",
            -1,
            "digits.priors.umbrella.training.epochs: input should be greater than or equal to 1 (got -1)",
        ),
        (
            "digits.priors.umbrella.training.epoch",
            3,
            "digits.priors.umbrella.training.epoch: unknown key, did you mean epochs?",
        ),
        (
            "faces.variants.one_per_person.model.prior",
            {"kind": "gaussian", "std": 1.0},
            "faces.variants.one_per_person.model.prior.dim: missing",
        ),
        (
            "faces.variants.one_per_person.training.flips",
            "often",
            "faces.variants.one_per_person.training.flips: input should be a valid boolean, unable to interpret input "
            "(got 'often')",
        ),
        ("cnn.widths", [], "cnn.widths: list should have at least 1 item after validation, not 0 (got [])"),
        ("cnn.training.momentum", 1, "cnn.training.momentum: input should be less than 1 (got 1)"),
        ("cnn.training.translate", 32, "cnn.training.translate: input should be less than 32 (got 32)"),
        ("measure.samples", 1, "measure.samples: input should be greater than or equal to 100 (got 1)"),
        ("draw.style.density", "Gray5", "draw.style.density: no colour map of matplotlib (got 'Gray5')"),
        ("draw.style.colours", ["red"], "draw.style.colours: ten colours are needed, one per class (got ['red'])"),
        ("gifs", None, "gifs: input should be a valid dictionary or instance of Gifs (got None)"),
    ],
)
def test_a_wrong_value_is_one_line_with_its_key(values, key, value, says):
    *above, name = key.split(".")
    reduce(getitem, above, values)[name] = value
    assert find_problems(values) == [says]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        *(
            (
                {f"data.{name}.validation": wrong},
                f"data.{name}.validation is {wrong}: of {size} training images in 10 classes, "
                f"from 10 to {size - 10} can be set aside",
            )
            for name, size in {"mnist": 60_000, "cifar10": 50_000}.items()
            for wrong in (5, size - 5, 2 * size)
        ),
        (
            {"digits.priors.umbrella.training": {"batch_size": 55_001}},
            "digits.priors.umbrella: of 55000 training images no batch of 55001 can be made: "
            "lower batch_size in params.yaml",
        ),
        (
            {"faces.variants.one_per_person.training": {"batch_size": 4_888}},
            "faces.variants.one_per_person: of 4887 training images no batch of 4888 can be made: "
            "lower batch_size in params.yaml",
        ),
        (
            {"cnn.training.batch_size": 49_501},
            "cnn.training: of 49500 training images no batch of 49501 can be made: lower batch_size in params.yaml",
        ),
        (
            {"digits.priors.umbrella_labels.prior.petals": 9},
            "digits.priors.umbrella_labels: labels need a prior of 10 components, this one has 9",
        ),
        *(
            (
                {"digits.priors.umbrella_labels.training.labelled": share},
                f"digits.priors.umbrella_labels: labelled is {share}, which leaves a class without labelled or "
                "unlabelled images",
            )
            for share in (0.0001, 0.9999)
        ),
        (
            {"digits.priors.gaussian.prior.dim": 1},
            "digits.priors.gaussian.prior.dim: the pictures need two dimensions (got 1)",
        ),
        *(
            (
                {f"{section}.validation": 5001},
                f"{section}.validation: 5001 images cannot be watched of the 5000 of data.{name}.validation",
            )
            for section, name in {"semi": "mnist", "cnn": "cifar10"}.items()
        ),
        *(
            (
                {"linear.classifiers": {name: PROBE}},
                f"linear.classifiers.{name}: the name is taken",
            )
            for name in ("cnn", "chance", "data")
        ),
        (
            {"digits.priors.umbrella.label": "Gaussian"},
            "digits.priors: 2 entries share the label 'Gaussian': figures and tables tell them by it",
        ),
        (
            {"lightgbm.classifiers.lightgbm_pca.label": "CNN on images"},
            "cnn, linear.classifiers and lightgbm.classifiers: 2 entries share the label 'CNN on images': figures "
            "and tables tell them by it",
        ),
        (
            {"lightgbm.classifiers.pair_lightgbm_pca.label": "LightGBM on face codes"},
            "lightgbm.classifiers: 2 entries share the label 'LightGBM on face codes (automobile or ship)': figures "
            "and tables tell them by it",
        ),
        (
            {"semi.variants.labels_100.training": {"batch_size": 55_001}},
            "semi.variants.labels_100: of 55000 training images no batch of 55001 can be made: "
            "lower batch_size in params.yaml",
        ),
        *(
            (
                {"semi.variants.labels_100.labels": labels},
                f"semi.variants.labels_100: labels is {labels}: of 10 classes, of which the rarest has 5500 training "
                "images, give as many of each, all or 0",
            )
            for labels in (105, 60_000)
        ),
        *(
            (
                {f"semi.variants.{name}.classes": classes},
                f"semi.variants.{name}: classes is {classes}: 10 digits need that many with labels, and at least as "
                "many without",
            )
            for name, classes in {"labels_all": 12, "clusters_16": 9}.items()
        ),
        (
            {"faces.variants.one_per_person.model": {"refiner": [8] * 7}},
            "faces.variants.one_per_person: images of 64 pixels cannot be halved once per entry of encoder and of "
            "refiner: make faces.image_size a multiple of 128",
        ),
        (
            {"faces.variants.one_per_person.model": {"prior": {"kind": "gaussian", "dim": 5000, "std": 1.0}}},
            "faces.variants.one_per_person: a code of 5000 dimensions needs as many training images, there are 4887: "
            "lower prior.dim",
        ),
        (
            {"faces.variants.no_prior.model": {"prior": {"kind": "gaussian", "dim": 400, "std": 2.0}}},
            "faces.variants.no_prior: prior: should be a Gaussian of deviation 1, whose norms all codes of faces get",
        ),
        (
            {"faces.variants.one_per_person.model": {"prior": {"kind": "gaussian", "dim": 1, "std": 1.0}}},
            "faces.variants.one_per_person: prior.dim: the scores need two dimensions (got 1)",
        ),
        (
            {"digits.priors.gaussian.training": {"shift": 28}},
            "digits.priors.gaussian: training.shift: should be less than the images' 28 pixels (got 28)",
        ),
        (
            {"faces.variants.one_per_person.training": {"shift": 64}},
            "faces.variants.one_per_person: training.shift: should be less than the images' 64 pixels (got 64)",
        ),
        (
            {
                "faces.image_size": 20,
                "faces.common.model.encoder": [4, 8],
                "faces.common.model.refiner": [8, 8],
                "faces.variants.no_prior.training": {"adversarial_weight": 0.0, "pyramid_weight": 0.1},
            },
            "faces.variants.no_prior: training.pyramid_weight: faces.image_size must be a multiple of 8 (got 20)",
        ),
        ({"faces.held_out": 7e-4}, "faces.held_out: scores need at least 5 held-out people (got 4)"),
        (
            {"faces.held_out": 1e-5},
            "faces.validation is 0.05 and faces.held_out 1e-05: of 5749 people they leave a split empty",
        ),
        (
            {"gifs.model": "one_per_persn"},
            "gifs.model: unknown name 'one_per_persn', did you mean one_per_person? (there are one_per_person, "
            "all_images, no_prior)",
        ),
        (
            {"page.semi": ["labels_10"]},
            "page.semi: unknown name 'labels_10', did you mean labels_100? (there are labels_100, ",
        ),
        ({"page.faces": "nobody"}, "page.faces: unknown name 'nobody' (there are one_per_person, all_images, "),
        (
            {"features.pca.model": "nobody"},
            "features.pca.model: unknown name 'nobody' (there are one_per_person, all_images, no_prior)",
        ),
        (
            {"lightgbm.classifiers.lightgbm_pca.settings": "default"},
            "lightgbm.classifiers.lightgbm_pca.settings: unknown name 'default', did you mean defaults? "
            "(there are defaults, tuned)",
        ),
        (
            {"lightgbm.classifiers.lightgbm_pca.features": "data/latents/features/pca.npy"},
            "lightgbm.classifiers.lightgbm_pca.features: unknown name 'data/latents/features/pca.npy', did you mean "
            "data/latents/features/pca.npz? (there are data/objects/cifar10.npz, "
            "data/latents/cifar10/one_per_person.npz, data/latents/cifar10/all_images.npz, "
            "data/latents/cifar10/no_prior.npz, data/latents/features/pooled.npz, "
            "data/latents/features/untrained.npz, data/latents/features/pca.npz)",
        ),
        (
            {"linear.classifiers.linear_codes.features": "data/objects/cifar10.npz"},
            "linear.classifiers.linear_codes.features: unknown name 'data/objects/cifar10.npz', did you mean "
            "data/latents/cifar10/no_prior.npz? (there are data/latents/cifar10/one_per_person.npz, ",
        ),
        (
            {"lightgbm.classifiers.pair_lightgbm_pca.classes": ["automobile", "shp"]},
            "lightgbm.classifiers.pair_lightgbm_pca.classes: unknown name 'shp', did you mean ship? (there are "
            "airplane, automobile, bird, cat, deer, dog, frog, horse, ship, truck)",
        ),
        (
            {"lightgbm.classifiers.pair_lightgbm_pca.classes": ["ship", "ship"]},
            "lightgbm.classifiers.pair_lightgbm_pca.classes: ship stands there 2 times",
        ),
        (
            {"draw.transfer.compared": ["cnn", "pair_lightgbm_pca"]},
            "draw.transfer.compared: unknown name 'pair_lightgbm_pca', did you mean lightgbm_pca? (there are cnn, ",
        ),
    ],
)
def test_sections_that_do_not_fit_each_other_are_one_line(values, changes, says):
    (found,) = find_problems(set_values(values, changes))
    assert found.startswith(says)
    assert found == says or says.endswith(", ")


def test_an_entry_that_others_name_may_not_go(values):
    del values["features"]["pca"], values["lightgbm"]["classifiers"]["lightgbm_features_tuned"]
    found = find_problems(values)
    assert {line.split(":")[0] for line in found} == {
        "draw.transfer.compared",
        *(
            f"lightgbm.classifiers.{name}.features"
            for name in ("lightgbm_pca_tuned", "lightgbm_pca", "pair_lightgbm_pca")
        ),
    }


def test_unknown_keys_name_the_nearest_and_missing_ones_are_missed(values):
    values["gifs"]["frmes"] = values["gifs"].pop("frames")
    values["digits"]["priors"]["umbrella"]["prior"]["petls"] = 10
    values["lightgbn"] = {}
    assert sorted(find_problems(values)) == [
        "digits.priors.umbrella.prior.petls: unknown key, did you mean petals?",
        "gifs.frames: missing",
        "gifs.frmes: unknown key, did you mean frames?",
        "lightgbn: unknown key, did you mean lightgbm?",
    ]


@pytest.mark.parametrize(
    ("values", "says"),
    [
        (None, "the file is empty"),
        ([], "input should be a valid dictionary or instance of Params (got [])"),
        ("text", "input should be a valid dictionary or instance of Params (got 'text')"),
        ({"data": 3}, "data: input should be a valid dictionary or instance of Data (got 3)"),
        ({"digits": {"priors": 1}}, "digits.priors: input should be a valid dictionary (got 1)"),
    ],
)
def test_a_file_without_sections_is_refused(values, says):
    assert says in find_problems(values)


@pytest.mark.parametrize(
    "wrong",
    [
        {"gifs.frames": 1, "cnn.training.batch_size": 1, "digits.common.hidden": ["wide"]},
        {"gifs.model": "nobody", "cnn.training.batch_size": 10**6, "faces.held_out": 7e-4},
    ],
    ids=["values", "sections"],
)
def test_all_problems_are_said_at_once_and_nothing_is_written(values, wrong):
    Path("params.yaml").write_text(yaml.safe_dump(set_values(values, wrong)), encoding="utf-8")
    with pytest.raises(SystemExit) as ended:
        call(main, [], "usage")
    first, *others = ended.value.code.splitlines()
    assert first == "error: params.yaml: 3 problems"
    assert len(others) == 3
    assert all(re.match(r"  [a-z]\w*(\.\w+)+: ", line) for line in others)
    assert not Path("data").exists()


def test_right_parameters_leave_the_same_file_whatever_they_are(values):
    for seed in (0, 1):
        Path("params.yaml").write_text(yaml.safe_dump(set_values(values, {"data.seed": seed})), encoding="utf-8")
        main()
        assert Path("data/checked.txt").read_text() == "params.yaml fits the stages\n"


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"digits: [", NoParams),
        ("label: Gauß".encode("latin-1"), NoParams),
        (b"", StageError),
        (b"- digits\n- faces\n", StageError),
    ],
    ids=["no YAML", "Latin-1", "empty", "list"],
)
def test_a_file_that_is_no_mapping_in_utf_8_is_refused(content, fault):
    Path("params.yaml").write_bytes(content)
    with pytest.raises(fault):
        main()
    assert not Path("data").exists()


def test_stages_read_keys_that_the_committed_file_has(project, values):
    known = [dotted(way) for way in keys(values)]
    read = set()
    for module in (project / "stages").glob("*.py"):
        for key in loaded_keys(module.read_text(encoding="utf-8")):
            pattern = re.escape(key).replace(r"\*", r"\w+")
            assert any(re.fullmatch(pattern, name) for name in known), (module.name, key)
            read.add(key)
    assert len(read) > 30


def test_dvc_runs_no_stage_on_wrong_parameters(project, tmp_path, committed):
    lay_out(tmp_path, set_values(committed, DEMO | {"cnn.training.batch_size": 10**6}), project)
    done = dvc(tmp_path, "repro", check=False)
    assert done.returncode != 0
    assert "cnn.training: of 550 training images no batch of 1000000 can be made" in done.stderr
    assert stages_run(done.stdout) == ["check_params"]
