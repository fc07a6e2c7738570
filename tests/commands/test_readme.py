import json
import re
import shutil
from pathlib import Path

import pytest

from stages.base.errors import StageError
from stages.base.params import read_params
from stages.commands import readme
from stages.commands._tables import Row
from stages.commands.readme import BLOCKS, PAGES, fill
from stages.commands.spread import ROWS
from tests.pipelines import change

# rows, and how often each ran
OVER = {"labels_100": 2, "labels_1000": 3, "labels_100_without_vat": 1, "labels_100_paper": 1}


def mark(*names: str) -> str:
    return "\n".join(f"<!-- {name} -->\n<!-- end -->" for name in names)


def test_the_pages_show_the_committed_metrics_and_the_declared_graph(project, monkeypatch):
    monkeypatch.chdir(project)
    readme, changed = (page.read_text(encoding="utf-8") for page in PAGES)
    assert all(f"<!-- {name} -->" in readme + changed for name in BLOCKS)
    for text in (readme, changed):
        assert fill(text) == text, "fill the tables anew with `make readme`"
    assert len(readme.splitlines()) <= 240


def test_the_links_of_the_pages_lead_somewhere(project):
    for page in PAGES:
        text = (project / page).read_text(encoding="utf-8")
        for path, _, heading in re.findall(r"\]\((?!https?:)([^)#]*)(#?)([^)]*)\)", text):
            target = (project / page).parent / path if path else project / page
            assert target.is_file(), f"{page}: {path}"
            headings = re.findall(r"^#+ (.*)", target.read_text(encoding="utf-8"), re.MULTILINE) if heading else [""]
            assert heading in {title.lower().replace(" ", "-") for title in headings}, f"{page}: {path}#{heading}"


def test_every_variant_and_classifier_of_params_has_a_row(small, monkeypatch):
    monkeypatch.chdir(small)
    tables, params = fill(mark("digits", "semi", "faces", "transfer")), read_params()
    labels = [prior["label"] for prior in params["digits"]["priors"].values()]
    labels += [f"AAE, {variant['label']}" for variant in params["faces"]["variants"].values()]
    labels += [variant["label"] for variant in params["semi"]["variants"].values()]
    labels += [classifier["label"] for classifier in params["lightgbm"]["classifiers"].values()]
    labels += [probe["label"] for probe in params["linear"]["classifiers"].values()]
    assert len(labels) == 9
    for label in [*labels, params["cnn"]["label"], "random guessing"]:
        assert f"| {label} |" in tables


def test_classifiers_of_some_classes_have_columns_in_the_row_of_their_label(small, tmp_path):
    (tmp_path / "params.yaml").write_bytes((small / "params.yaml").read_bytes())
    change(tmp_path, **{"lightgbm.classifiers.pair_lightgbm_codes.label": "LightGBM on PCA of faces"})
    shutil.copytree(small / "metrics", tmp_path / "metrics")
    scores = json.loads(Path("metrics/transfer.json").read_text())
    scores["lightgbm_pca"] |= {"accuracy": 0.5, "auroc": 0.75}
    scores["pair_lightgbm_codes"] |= {"accuracy": 0.875, "auroc": 0.9}
    Path("metrics/transfer.json").write_text(json.dumps(scores))
    header, _, *rows = fill(mark("transfer")).splitlines()[1:-1]
    assert "| automobile or ship: accuracy | automobile or ship: AUROC | published |" in header
    row, *others = [row for row in rows if row.startswith("| LightGBM on PCA of faces |")]
    assert re.fullmatch(r".* 50.00% \| 75.00% \| .* \| 87.50% \| 90.00% \| automobile or ship: 84.55% / 91.66% \|", row)
    assert not others


def test_rows_over_draws_show_their_number_and_a_deviation_of_more_than_one(small, tmp_path):
    (tmp_path / "params.yaml").write_bytes((small / "params.yaml").read_bytes())
    shutil.copytree(small / "metrics", tmp_path / "metrics")
    error = {"mean": 0.0154, "std": 0.0004, "min": 0.0152, "max": 0.0157}
    over = {name: error | {"n": n, "std": error["std"] if n > 1 else 0.0} for name, n in OVER.items()}
    spread = {name: {"test_error": scores, "style_knn_accuracy": scores} for name, scores in over.items()}
    spread["one_per_person_adversarial_weight_0.003"] = {"held_out_mse": error | {"n": 1, "std": 0.0}}
    spread["one_per_person"] = {"held_out_mse": error | {"n": 3}, "pca_held_out_mse": error | {"n": 3, "std": 0.0}}
    spread["gaussian"] = {name: error | {"n": 3} for name in ("test_mse", "two_sample_accuracy")}
    (tmp_path / "metrics/spread.json").write_text(json.dumps(spread))
    tables = fill(mark("digits", "semi", "faces", "semi_changed", "faces_changed"))
    assert re.search(r"\| Gaussian \(3 runs\) \| 0\.\d{4} \(0\.0154 ± 0\.0004\) \|", tables)
    assert "| AAE, one image per person (3 runs) |" in tables
    assert "| PCA, whitened, one per person | 0." in tables, "whose scores are alike in all runs"
    assert re.search(r"\| umbrella with labels \| 0\.\d{4} \|", tables), "which ran once"
    assert re.search(r"\| 100 labels \(2 runs\) \| (\d+\.\d\d%) \(1\.54% ± 0\.04%\) \| \1 \|", tables)
    assert "| 100 labels, without VAT | 1.54% | 1.57% |  |  | 1.5% |  |" in tables
    assert "| 100 labels, the paper's terms alone | 1.54% |" in tables
    assert "| one image per person (3 runs) |" in tables, "above the row of another weight"
    assert "| one image per person, adversarial weight 0.003 | 0.0154 |" in tables


def test_rows_of_other_values_follow_that_of_their_entry(monkeypatch):
    entries = ("labels_100", "umbrella_labels", "umbrella")
    ran = (*ROWS, "umbrella_without_what_is_no_row_any_more", "labels_100_without_it")
    monkeypatch.setattr(readme, "read_spread", lambda: {name: {} for name in ran})
    assert [row.label for row in readme.with_changes({name: Row(name.upper(), {}) for name in entries})] == [
        "LABELS_100",
        "LABELS_100, without VAT",
        "LABELS_100, without information",
        "LABELS_100, without adversary",
        "LABELS_100, without MMD",
        "LABELS_100, without decoder",
        "LABELS_100, the paper's terms alone",
        "UMBRELLA",
        "UMBRELLA, without MMD",
        "UMBRELLA, without adversary",
    ]


def test_missing_metrics_are_named(small, tmp_path):
    (tmp_path / "params.yaml").write_bytes((small / "params.yaml").read_bytes())
    with pytest.raises(StageError, match=r"metrics/faces/one_per_person.json is missing: run `dvc repro`"):
        fill(mark("faces"))


def test_a_classifier_that_has_not_run_is_named(small, tmp_path):
    (tmp_path / "params.yaml").write_bytes((small / "params.yaml").read_bytes())
    shutil.copytree(small / "metrics", tmp_path / "metrics")
    scores = json.loads(Path("metrics/transfer.json").read_text())
    del scores["lightgbm_pca"]
    Path("metrics/transfer.json").write_text(json.dumps(scores))
    with pytest.raises(StageError, match=r"metrics/transfer.json has no lightgbm_pca: run `dvc repro`"):
        fill(mark("transfer"))


def test_a_mark_of_no_table_is_named_with_the_nearest(ending):
    assert "no table 'digit', did you mean digits?" in ending(fill, mark("digit"))[1]


def test_text_outside_the_marks_stays(monkeypatch):
    monkeypatch.setitem(readme.BLOCKS, "digits", lambda: iter(["| new |"]))
    text = "# Title\n\n<!-- digits -->\nold\n<!-- end -->\n\nLast words\n<!-- unmarked"
    assert fill(text) == text.replace("old", "| new |")
    assert fill("# Title\n\n<!-- unmarked") == "# Title\n\n<!-- unmarked"
