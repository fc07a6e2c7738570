"""Fill in the tables of README.md and metrics/README.md, from committed metrics, and the graph of declared stages."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import networkx
from dvc.repo import Repo

from stages.__main__ import require_name
from stages.base.errors import StageError
from stages.base.files import replacing
from stages.base.params import at, read_params
from stages.commands._dvc import stage_graph
from stages.commands._tables import Row, published, score, table, worst_error
from stages.commands.spread import ROWS, read_spread
from stages.compare_semi import PAPER

PAGES = Path("README.md"), Path("metrics/README.md")
# what the published notebooks report, by the name of an entry in params.yaml
PUBLISHED = {
    "gaussian": "MSE 0.0368 on training images",
    "umbrella": "none: stopped after one epoch",
    "umbrella_labels": "MSE 0.0397 on training images, all labels seen",
    "cnn": "73.91% / 96.00%",
    "lightgbm_codes_tuned": "'above 50%'",
    "lightgbm_codes": "43.17% / 84.24%",
    "pair_lightgbm_codes": "84.55% / 91.66%",
}
# what a row is called that ran with other values, where its name does not say it
CHANGES = {
    "paper": "the paper's terms alone",
    "without vat": "without VAT",
    "without mmd": "without MMD",
    "mmd alone": "MMD in place of the adversary",
    "at four scales": "with absolute errors at four scales",
}
# templates that share a box of the graph; each other one has its own
BOXES = (
    ("check_params", "list_variants"),
    ("fetch_mnist", "fetch_cifar10", "fetch_lfw"),
    ("split_images", "dedupe_lfw"),
    ("measure_digits", "draw_digits", "draw_priors"),
    ("measure_semi", "draw_semi", "compare_semi"),
    ("measure_faces", "draw_faces"),
    ("measure_identity", "draw_identity"),
    ("train_lightgbm", "train_linear"),
)


def read_metrics(name: str) -> dict[str, Any]:
    """A metrics file of the last run. Raises StageError where there is none."""
    try:
        return json.loads(Path("metrics", f"{name}.json").read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise StageError(f"metrics/{name}.json is missing: run `dvc repro` first") from error


def read_rows(section: str, folder: str) -> dict[str, Row]:
    """A row per entry of a section of params.yaml; a folder of metrics/ has a file of each."""
    spread = read_spread()
    return {
        name: Row(entry["label"], read_metrics(f"{folder}/{name}"), spread.get(name, {}), PUBLISHED.get(name, ""))
        for name, entry in at(read_params(), section).items()
    }


def with_changes(rows: Mapping[str, Row]) -> Iterator[Row]:
    """The row of each entry that also ran with other values, and below it the rows of those, `ENTRY_CHANGE` by name."""
    spread = read_spread()
    for entry, row in rows.items():
        names = [name for name in ROWS if name in spread and ROWS[name].changes and ROWS[name].entry == entry]
        if names:
            yield row
        for name in names:
            change = name.removeprefix(f"{entry}_").replace("_", " ")
            yield Row(f"{row.label}, {CHANGES.get(change, change)}", {}, spread[name])


def digits_table(changed: bool = False) -> Iterator[str]:
    columns = {
        "test MSE": score("test_mse", ".4f"),
        "k-NN accuracy": score("knn_accuracy", ".1%"),
        "sliced W2": score("sliced_w2", ".3f"),
        "its floor": score("sliced_w2_floor", ".3f"),
        "two-sample accuracy": score("two_sample_accuracy", ".1%"),
        "of learned images": score("train_two_sample", ".1%"),
        "petal accuracy": score("petal_accuracy", ".1%"),
        "published": published,
    }
    rows = read_rows("digits.priors", "digits")
    return table("prior", columns, with_changes(rows) if changed else rows.values())


def semi_table(changed: bool = False) -> Iterator[str]:
    columns = {
        "test error": score("test_error", ".2%"),
        "worst": worst_error,
        "calibration": score("calibration_error", ".2%"),
        "MSE": score("test_mse", ".4f"),
        "style to class": score("style_knn_accuracy", ".1%"),
        "paper": published,
    }
    rows = read_rows("semi.variants", "semi")
    for name, variant in at(read_params(), "semi.variants").items():
        if paper := PAPER.get((variant["labels"], variant["classes"])):
            rows[name].published = "{:.2f} ± {:.2f}%".format(*paper)
    return table("of 55,000 images", columns, with_changes(rows) if changed else rows.values())


def faces_table(changed: bool = False) -> Iterator[str]:
    columns = {
        "MSE": score("held_out_mse", ".4f"),
        "SSIM": score("held_out_ssim", ".3f"),
        "norm's deviation": score("norm_deviation", ".3f"),
        "top eigenvalue": score("top_eigenvalue", ".1f"),
        "kurtosis": score("kurtosis", ".2f"),
        "two-sample accuracy": score("two_sample_accuracy", ".1%"),
        "same person": score("same_person_top1", ".1%"),
        "density of samples": score("density", ".2f"),
        "coverage": score("coverage", ".2f"),
    }
    trained = read_rows("faces.variants", "faces")
    if changed:
        return table("held-out people", columns, with_changes(trained))
    rows = [replace(row, label=f"AAE, {row.label}") for row in trained.values()]
    first_of: dict[str, Row] = {}  # the baselines are alike for all variants that learned the same images
    for name, entry in at(read_params(), "faces.variants").items():
        first_of.setdefault(entry["images"].replace("_", " "), trained[name])
    for images, row in first_of.items():
        rows.append(row.part(f"PCA, whitened, {images}", prefix="pca_"))
        rows.append(row.part(f"PCA with a Gaussian's norms, {images}", prefix="closed_form_"))
    rows.append(next(iter(trained.values())).part("a match", suffix="_floor"))
    return table("held-out people", columns, rows)


def identity_table() -> Iterator[str]:
    columns = {
        "same person first": score("same_person_top1", ".1%"),
        "mean average precision": score("mean_average_precision", ".3f"),
        "AUROC": score("verification_auroc", ".3f"),
        "accuracy": score("verification_accuracy", ".1%"),
        "background": score("background_top1", ".1%"),
    }
    scores = read_metrics("faces/identity")
    rows = [
        Row("person", scores["person"], read_spread().get("identity", {})),
        Row("scene", scores["scene"]),
        Row("whole code", scores["code"]),
        Row("whitened PCA", scores["pca"]),
    ]
    return table("held-out people, by", columns, rows)


def transfer_table() -> Iterator[str]:
    """A row per label; classifiers that tell only some classes apart have columns of their own."""
    columns = {
        "accuracy": score("accuracy", ".2%"),
        "AUROC": score("auroc", ".2%"),
        "training accuracy": score("train_accuracy", ".2%"),
    }
    params, scores, spread = read_params(), read_metrics("transfer"), read_spread()
    classifiers = {"cnn": params["cnn"], **at(params, "lightgbm.classifiers"), **at(params, "linear.classifiers")}
    rows: dict[str, Row] = {}
    for name, classifier in {**classifiers, "chance": {"label": "random guessing"}}.items():
        if name not in scores:
            raise StageError(f"metrics/transfer.json has no {name}: run `dvc repro` first")
        classes, label = classifier.get("classes", "all"), classifier["label"]
        task = "" if classes == "all" else f"{' or '.join(classes)}: "
        if task:
            columns |= {f"{task}{key}": score(f"{task}{key.lower()}", ".2%") for key in ("accuracy", "AUROC")}
        row = Row(label, scores[name], spread.get(name, {}), PUBLISHED.get(name, ""))
        rows[label] = rows.get(label, Row(label, {})).join(row, task)
    return table("CIFAR-10 test images", columns | {"published": published}, rows.values())


def graph() -> Iterator[str]:
    """The graph as Mermaid: a box for the stages of a phase, without arrows that others make needless.

    The page, which shows what all others give, is left out.
    """
    box_of = {template: box for box in BOXES for template in box}
    boxes = networkx.DiGraph()
    for edge in stage_graph(Repo().index.graph).edges:
        a, b = (box_of.get(template, (template,)) for template in (stage.split("@")[0] for stage in edge))
        if a != b and ("build_page",) not in (a, b):
            boxes.add_edge(a, b)
    phases = networkx.transitive_reduction(boxes)
    labels = {box: f'{box[0]}["{"<br>".join(box)}"]' for box in boxes if len(box) > 1}
    after = {box: sorted(following) for box, following in phases.adjacency() if following}
    yield "```mermaid"
    yield "flowchart LR"
    for start in networkx.lexicographical_topological_sort(phases):
        line = [[start]]
        while len(line[-1]) == 1 and line[-1][0] in after:
            line.append(after.pop(line[-1][0]))
        if len(line) > 1:  # a label stands where its box is first named
            yield f"    {' --> '.join(' & '.join(labels.pop(box, box[0]) for box in step) for step in line)}"
    yield "```"


BLOCKS: dict[str, Callable[[], Iterator[str]]] = {
    "digits": digits_table,
    "semi": semi_table,
    "faces": faces_table,
    "identity": identity_table,
    "transfer": transfer_table,
    "graph": graph,
    "digits_changed": partial(digits_table, changed=True),
    "semi_changed": partial(semi_table, changed=True),
    "faces_changed": partial(faces_table, changed=True),
}


def fill(text: str) -> str:
    """`text` with what stands between each pair of marks `<!-- NAME -->` and `<!-- end -->` made anew."""

    def block(match: re.Match) -> str:
        lines = "\n".join(BLOCKS[require_name(match["name"], list(BLOCKS), "table")]())
        return f"<!-- {match['name']} -->\n{lines}\n<!-- end -->"

    return re.sub(r"<!-- (?P<name>\w+) -->\n.*?<!-- end -->", block, text, flags=re.DOTALL)


def main() -> None:
    for page in PAGES:
        text = fill(page.read_text(encoding="utf-8"))
        with replacing(page) as part:
            part.write_text(text, encoding="utf-8")
