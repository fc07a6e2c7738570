"""The declared pipeline, run by the real `dvc` on small data."""

import json
import re
from typing import Any

import imageio.v3 as imageio
import numpy as np
import pandas
import pytest
from dvc.repo import Repo

from stages.aae.faces import FaceAAE
from stages.aae.inference import decode, encode
from stages.commands import parameters, why
from stages.commands._dvc import read_lock, stage_graph
from stages.commands.deps import code_deps, imports, module_of, shown
from stages.commands.parameters import declared_keys, find_readers
from stages.learning.weights import load_weights
from stages.page.results import flatten
from stages.sources.pictures import read_pictures
from tests.pipelines import CLASSIFIERS, change, dvc, git, loaded_keys, read_yaml, stages_run


@pytest.fixture(scope="module")
def templates(project) -> dict[str, dict[str, Any]]:
    """The stages of dvc.yaml by name, one for each template."""
    return {name: stage.get("do", stage) for name, stage in read_yaml(project / "dvc.yaml")["stages"].items()}


def test_every_module_of_stages_is_a_stage_and_every_stage_is_such_a_module(project, templates):
    modules = {path.stem for path in (project / "stages").glob("*.py")} - {"__init__", "__main__"}
    assert modules == set(templates)
    assert {module_of(template).stem for template in templates.values()} == modules
    assert all(template["cmd"].split()[3] == name for name, template in templates.items())


def test_every_stage_depends_on_the_code_that_it_imports_and_on_no_other(project, templates):
    for name, template in templates.items():
        code = [dep for dep in template["deps"] if dep.startswith("stages/")]
        assert code == code_deps(module_of(template), project), f"{name}: call `make deps`"


def test_words_for_faults_are_no_dependency_of_a_training(templates):
    for name in ("train_digits", "train_semi", "train_faces", "train_cnn", "train_lightgbm", "dedupe_lfw"):
        assert not {"stages/__main__.py", "stages/base/sentences.py"} & set(templates[name]["deps"])


def test_packages_do_not_import_each_other_and_nothing_imports_commands(project):
    for path in (project / "stages").glob("*/*.py"):
        package = path.parent.name
        imported = {module.parts[1] for module in imports(path.read_text(encoding="utf-8")) if len(module.parts) > 2}
        if package != "commands":
            assert imported <= {package, "base"}, path
    for path in (project / "stages").glob("*.py"):
        assert "stages.commands" not in path.read_text(encoding="utf-8"), path


def test_every_stage_declares_the_parameters_that_it_loads_and_no_other(project, templates):
    for name, template in templates.items():
        if name == "check_params":  # which depends on the whole file
            continue
        declared = {re.sub(r"\$\{.*?\}", "*", key) for key in template.get("params", [])}
        loaded = set(loaded_keys((project / module_of(template)).read_text(encoding="utf-8")))
        exact = {key for key in loaded if any(f"{key}.".startswith(f"{known}.") for known in declared)}
        assert exact == loaded, f"{name} loads {loaded - exact}, which dvc.yaml does not declare"
        idle = {known for known in declared if not any(f"{key}.".startswith(f"{known}.") for key in loaded)}
        assert not idle, f"{name} declares {idle}, which it does not load"


def test_every_stage_opens_what_it_declares_and_nothing_else_of_the_pipeline(small):
    """Paths stand in dvc.yaml and in the modules: here is what keeps them the same."""
    for name, stage in read_yaml(small / "dvc.lock")["stages"].items():
        data = {dep["path"] for dep in stage["deps"] if not dep["path"].startswith("stages/")}
        made = {out["path"] for out in stage.get("outs", [])}
        opened = [
            (path, mode)
            for path, mode in json.loads((small.with_name("opened") / f"{name}.json").read_text(encoding="utf-8"))
            if path.startswith(("data/", "metrics/", "plots/")) or (path == "params.yaml" and path in data)
        ]
        read = {path for path, mode in opened if mode == "r"} - made
        for path in read:
            assert any(f"{path}/".startswith(f"{known}/") for known in data | made), f"{name} reads {path}"
        for path in (path for path, mode in opened if mode == "w"):
            whole = re.sub(r"/\.(\w+)\.part", r"/\1", path)
            assert any(f"{whole}/".startswith(f"{known}/") for known in made), f"{name} writes {path}"
        for known in data - {"data/checked.txt"}:  # which only orders the stages
            assert any(f"{path}/".startswith(f"{known}/") for path in read), f"{name} does not read {known}"


def test_the_page_knows_the_stages_as_they_are(project):
    known = json.loads((project / "stages/page/assets/pipeline.json").read_text(encoding="utf-8"))
    assert known == shown(project / "dvc.yaml"), "call `make deps`"


def test_every_stage_says_what_it_does(templates):
    assert all(template.get("desc") for template in templates.values())


def test_the_committed_lock_fits_the_code_and_the_parameters(project):
    dry = dvc(project, "repro", "--dry", "--allow-missing")
    assert "Running stage" not in dry.stdout, dry.stdout
    declared = {stage.name for stage in Repo(project).index.stages}
    assert set(read_lock(project / "dvc.lock")) == declared, "stages that are gone are to leave dvc.lock, too"


def test_no_tracked_figure_is_large(project):
    sizes = [(project / path).stat().st_size for path in git(project, "ls-files", "plots").split()]
    assert max(sizes) <= 2 * 2**20
    assert sum(sizes) <= 12 * 2**20


def test_a_second_run_starts_no_stage(small):
    again = dvc(small, "repro")
    assert "Running stage" not in again.stdout
    assert "up to date" in again.stdout


def test_every_stage_ran_and_left_what_it_declares(small, templates):
    locked = read_lock(small / "dvc.lock")
    assert {name.split("@")[0] for name in locked} == set(templates)
    assert all((small / output["path"]).exists() for stage in locked.values() for output in stage.get("outs", []))


def test_small_data_are_named_in_every_metrics_file(small):
    files = {path.relative_to(small / "metrics").as_posix(): path for path in (small / "metrics").rglob("*.json")}
    assert set(files) == {
        "digits/gaussian.json",
        "digits/umbrella_labels.json",
        "faces/dataset.json",
        "faces/identity.json",
        "faces/one_per_person.json",
        "interpolation.json",
        "semi/clusters_16.json",
        "semi/labels_100.json",
        "transfer.json",
    }
    assert all(json.loads(path.read_text(encoding="utf-8"))["data"] == "demo" for path in files.values())


def test_metrics_carry_the_promised_names(small):
    def names(path: str) -> set[str]:
        return set(json.loads((small / "metrics" / path).read_text(encoding="utf-8")))

    digits = {"train_mse", "validation_mse", "test_mse", "knn_accuracy", "sliced_w2", "sliced_w2_floor"}
    digits |= {"two_sample_accuracy", "train_sliced_w2", "train_sliced_w2_floor", "train_two_sample", "data"}
    assert names("digits/gaussian.json") == digits
    assert names("digits/umbrella_labels.json") == digits | {"petal_accuracy"}
    errors = {"train_mse", "validation_mse", "held_out_mse", "held_out_psnr", "held_out_ssim"}
    errors |= {f"held_out_error_octave_{octave}" for octave in (1, 2, 3, 4)}
    match = {"code_norm", "norm_deviation", "top_eigenvalue", "kurtosis", "sliced_w2", "two_sample_accuracy"}
    match |= {"frechet_distance", "density", "coverage"}
    faces = {prefix + name for prefix in ("", "pca_", "closed_form_") for name in errors | match | {"same_person_top1"}}
    assert names("faces/one_per_person.json") == faces | {f"{name}_floor" for name in match} | {"data"}
    scores = json.loads((small / "metrics/faces/identity.json").read_text(encoding="utf-8"))
    people = {"same_person_top1", "mean_average_precision", "verification_auroc", "verification_accuracy"}
    assert {name for name, kind in scores.items() if isinstance(kind, dict)} == {"code", "person", "scene", "pca"}
    assert all(set(scores[name]) == people | {"background_top1"} for name in ("code", "person", "scene", "pca"))
    assert "held_out_mse" in scores
    assert names("transfer.json") == {"cnn", *CLASSIFIERS, "linear_codes", "chance", "data"}
    transfer = json.loads((small / "metrics/transfer.json").read_text(encoding="utf-8"))
    assert set(transfer["cnn"]) == {"accuracy", "auroc", "train_accuracy", "train_auroc"}


def test_results_open_in_one_line_as_the_readme_shows(small):
    latents = np.load(small / "data/latents/digits/gaussian.npz")
    assert {"codes", "labels", "split", "index"} == set(latents)
    assert latents["codes"].shape == (len(latents["labels"]), 2)
    scores = pandas.read_json(small / "metrics/transfer.json").drop(columns="data").T
    assert 0 < scores.loc["cnn", "accuracy"] <= 1
    assert "data" not in scores.index


def test_pictures_of_ones_own_are_encoded_and_decoded_as_the_readme_shows(small, project, tmp_path):
    text = (project / "README.md").read_text(encoding="utf-8")
    lines = re.findall(r"^    ((?:aae|codes|images) = .*(?:load_weights|encode|decode)\(.*)", text, re.MULTILINE)
    assert len(lines) == 3
    model = small / "data/models/faces/one_per_person.safetensors"
    code = "\n".join(lines).replace("data/models/faces/all_images.safetensors", str(model))
    for name in ("a.jpg", "b.png"):
        imageio.imwrite(tmp_path / name, np.random.default_rng(0).integers(0, 256, (80, 100, 3), dtype=np.uint8))
    names = {"FaceAAE": FaceAAE, "load_weights": load_weights, "read_pictures": read_pictures}
    exec(code, names | {"encode": encode, "decode": decode}, found := {})
    assert found["images"].shape == (2, 64, 64, 3)
    assert 0 <= found["images"].min() < found["images"].max() <= 1


def test_pictures_open(small):
    pictures = [path for path in (small / "plots").rglob("*") if path.suffix in {".png", ".gif"}]
    assert len(pictures) > 20
    for path in pictures:
        frames = imageio.imread(path, index=None) if path.suffix == ".gif" else imageio.imread(path)[None]
        assert frames.std() > 0, path


def test_the_table_of_parameters_names_the_stages_that_dvc_would_rerun(small, monkeypatch, capsys):
    monkeypatch.chdir(small)
    params = read_yaml(small / "params.yaml")
    leaves = flatten(params)
    assert len(leaves) > 100
    table = find_readers(params, declared_keys(Repo()), stage_graph(Repo().index.graph))
    locked = {name: stage.get("params", {}).get("params.yaml", {}) for name, stage in read_lock().items()}
    for leaf in leaves:
        (row,) = [row for row in table if f"{leaf}.".startswith(f"{row}.")]
        readers = {name for name, keys in locked.items() if any(f"{leaf}.".startswith(f"{key}.") for key in keys)}
        assert readers == table[row][0], leaf
    parameters.main()
    shown_keys = re.findall(r"^(\S+): ", capsys.readouterr().out, re.MULTILINE)
    assert shown_keys == list(table)


def test_status_lists_the_readers_of_changed_parameters_and_the_check_of_the_whole_file(own_small, monkeypatch, capsys):
    weight = "digits.priors.umbrella_labels.training.adversarial_weight"
    change(own_small, **{"gifs.frames": 3, weight: 0.5, "draw.transfer.rows": 1})
    status = set(json.loads(dvc(own_small, "status", "--json").stdout))
    readers = {"list_variants", "render_gifs", "train_digits@umbrella_labels", "compare_classifiers"}
    assert status == readers | {"check_params", "build_page"}  # which depend on the whole file
    monkeypatch.chdir(own_small)
    why.main()
    lines = dict(line.split(": ", 1) for line in capsys.readouterr().out.splitlines())
    assert lines.keys() >= status
    assert lines["render_gifs"] == "gifs.frames: 5 -> 3"
    assert lines["draw_priors"].startswith("after export_digits@umbrella_labels")


def test_a_new_prior_and_a_new_classifier_are_entries_in_params(own_small):
    """They get their stages, and figures and tables show them; here in an experiment, beside other GIFs."""
    names = "transfer/bars.png", "digits/priors.png", "interpolation/grid.gif"
    figures = [own_small / "plots" / name for name in names]
    before = [path.read_bytes() for path in figures]
    wide = "{label: wide Gaussian, prior: {kind: gaussian, dim: 2, std: 2.0}, training: {epochs: 1}}"
    bright = "{label: LightGBM on pixels, features: data/objects/cifar10.npz, settings: defaults, classes: [cat, dog]}"
    values = f"+digits.priors.wide={wide}", f"+lightgbm.classifiers.bright={bright}", "gifs.frames=4"
    entries = [word for value in values for word in ("-S", value)]
    targets = "measure_digits@wide", "draw_digits@wide", "draw_priors", "compare_classifiers", "render_gifs"
    done = dvc(own_small, "exp", "run", *entries, *targets, "build_page")
    assert set(stages_run(done.stdout)) == {
        "check_params",
        "list_variants",
        *(f"{stage}_digits@wide" for stage in ("train", "export", "measure", "draw")),
        "draw_priors",
        "train_lightgbm@bright",
        "compare_classifiers",
        "render_gifs",
        "build_page",
    }
    assert json.loads((own_small / "metrics/digits/wide.json").read_text(encoding="utf-8"))["test_mse"] > 0
    assert (own_small / "plots/digits/wide/posterior.png").is_file()
    assert "bright" in json.loads((own_small / "metrics/transfer.json").read_text(encoding="utf-8"))
    page = (own_small / "data/page/index.html").read_text(encoding="utf-8")
    assert all(f'id="text-{name}"' in page for name in ("digits-wide", "digits-gaussian"))
    assert "wide Gaussian" in page
    assert "cat or dog" in page
    assert all(path.read_bytes() != bytes_before for path, bytes_before in zip(figures, before, strict=True))
