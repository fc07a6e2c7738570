"""Fill the README's tables and its graph from the committed metrics and the declared stages."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import networkx

from stages.__main__ import require_name
from stages.base.errors import StageError
from stages.base.files import replacing
from stages.base.params import at, read_params
from stages.commands._dvc import dvc, read_graph
from stages.commands.spread import read_spread

README = Path("README.md")
# what the published notebooks report, or the AAE paper of class and style, by the name of a variant in params.yaml
PUBLISHED = {
    "gaussian": "MSE 0.0368 on training images",
    "umbrella": "none: stopped after one epoch",
    "umbrella_labels": "MSE 0.0397 on training images, all labels seen",
    "labels_100": "1.90 ± 0.10%",
    "labels_1000": "1.60 ± 0.08%",
    "labels_all": "0.85 ± 0.02%",
    "clusters_16": "9.55 ± 2.05%",
    "clusters_30": "4.10 ± 1.13%",
    "cnn": "73.91% / 96.00%",
    "lightgbm_codes_tuned": "'above 50%'",
    "lightgbm_codes": "43.17% / 84.24%",
    "pair_lightgbm_codes": "84.55% / 91.66%",
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


def digits_table() -> Iterator[str]:
    yield "| prior | test MSE | k-NN accuracy | sliced W2 (floor) | two-sample accuracy | petal accuracy | published |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for name, prior in at(read_params(), "digits.priors").items():
        scores = read_metrics(f"digits/{name}")
        petals = f"{scores['petal_accuracy']:.1%}" if "petal_accuracy" in scores else ""
        yield (
            f"| {prior['label']} | {scores['test_mse']:.4f} | {scores['knn_accuracy']:.1%} "
            f"| {scores['sliced_w2']:.3f} ({scores['sliced_w2_floor']:.3f}) | {scores['two_sample_accuracy']:.1%} "
            f"| {petals} | {PUBLISHED.get(name, '')} |"
        )


def semi_table() -> Iterator[str]:
    spread = read_spread()
    yield "| of 55,000 images | test error | over draws or seeds | worst | calibration | MSE | style to class | paper |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
    for name, variant in at(read_params(), "semi.variants").items():
        scores, over = read_metrics(f"semi/{name}"), at(spread, f"{name}.test_error", {})
        runs = f"{show_mean(over)} ({over['n']})" if over else ""
        worst = f"{over['max']:.2%}" if over else ""
        yield (
            f"| {variant['label']} | {scores['test_error']:.2%} | {runs} | {worst} "
            f"| {scores['calibration_error']:.2%} | {scores['test_mse']:.4f} | {scores['style_knn_accuracy']:.1%} "
            f"| {PUBLISHED.get(name, '')} |"
        )


def show_mean(scores: dict[str, float]) -> str:
    """The mean, and the deviation where there was more than one run."""
    return f"{scores['mean']:.2%}" + (f" ± {scores['std']:.2%}" if scores["n"] > 1 else "")


def ablation_table() -> Iterator[str]:
    yield "| 100 labels | test error | worst | draws | style to class |"
    yield "| --- | --- | --- | --- | --- |"
    for name, scores in read_spread().items():
        if name == "labels_100" or name.startswith("labels_100_"):  # not labels_1000
            error, style = scores["test_error"], scores["style_knn_accuracy"]
            what = name.removeprefix("labels_100").replace("_", " ").strip() or "all terms"
            yield f"| {what} | {show_mean(error)} | {error['max']:.2%} | {error['n']} | {style['mean']:.1%} |"


def seeds_table() -> Iterator[str]:
    """What ran over seeds of all else: of each row the scores that its table shows first."""
    shown = {
        "test_mse": ("test MSE", ".4f"),
        "sliced_w2": ("sliced W2", ".3f"),
        "held_out_mse": ("held-out MSE", ".4f"),
        "two_sample_accuracy": ("two-sample accuracy", ".1%"),
        "same_person_top1": ("same person", ".1%"),
        "verification_accuracy": ("pairs told right", ".1%"),
        "accuracy": ("accuracy", ".2%"),
        "auroc": ("AUROC", ".2%"),
    }
    yield "| over seeds | runs | mean ± deviation |"
    yield "| --- | --- | --- |"
    for name, scores in read_spread().items():
        if not name.startswith(("labels_", "clusters_")):
            values = [
                f"{label} {over['mean']:{form}} ± {over['std']:{form}}"
                for key, (label, form) in shown.items()
                if (over := scores.get(key))
            ]
            yield f"| {name.replace('_', ' ')} | {next(iter(scores.values()))['n']} | {', '.join(values)} |"


def faces_table() -> Iterator[str]:
    formats = {
        "held_out_mse": ("MSE", ".4f"),
        "held_out_ssim": ("SSIM", ".3f"),
        "norm_deviation": ("norm's deviation", ".3f"),
        "top_eigenvalue": ("top eigenvalue", ".1f"),
        "kurtosis": ("kurtosis", ".2f"),
        "two_sample_accuracy": ("two-sample accuracy", ".1%"),
        "same_person_top1": ("same person", ".1%"),
        "density": ("density of samples", ".2f"),
        "coverage": ("coverage", ".2f"),
    }
    yield f"| held-out people | {' | '.join(name for name, _ in formats.values())} |"
    yield f"| --- {'| --- ' * len(formats)}|"
    variants = at(read_params(), "faces.variants")
    scores = {name: read_metrics(f"faces/{name}") for name in variants}
    rows = [(f"AAE, {entry['label']}", scores[name], "{}") for name, entry in variants.items()]
    first_of: dict[str, str] = {}  # the baselines are alike for all variants that learned the same images
    for name, entry in variants.items():
        first_of.setdefault(entry["images"], name)
    for images, name in first_of.items():
        known = images.replace("_", " ")
        rows.append((f"PCA, whitened, {known}", scores[name], "pca_{}"))
        rows.append((f"PCA with a Gaussian's norms, {known}", scores[name], "closed_form_{}"))
    rows.append(("samples of the prior", scores[next(iter(variants))], "{}_floor"))
    for label, values, pattern in rows:
        shown = [
            f"{values[key]:{form}}" if (key := pattern.format(name)) in values else ""
            for name, (_, form) in formats.items()
        ]
        yield f"| {label} | {' | '.join(shown)} |"


def identity_table() -> Iterator[str]:
    scores = read_metrics("faces/identity")
    yield "| held-out people, by | same person first | mean average precision | AUROC | accuracy | background |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for name, label in {"person": "person", "scene": "scene", "code": "whole code", "pca": "whitened PCA"}.items():
        row = scores[name]
        yield (
            f"| {label} | {row['same_person_top1']:.1%} | {row['mean_average_precision']:.3f} "
            f"| {row['verification_auroc']:.3f} | {row['verification_accuracy']:.1%} | {row['background_top1']:.1%} |"
        )


def transfer_table() -> Iterator[str]:
    params, scores = read_params(), read_metrics("transfer")
    yield "| CIFAR-10 test images | accuracy | AUROC | training accuracy | published, accuracy / AUROC |"
    yield "| --- | --- | --- | --- | --- |"
    specialist, chance = {"label": at(params, "cnn.label")}, {"label": "random guessing"}
    classifiers = {"cnn": specialist, **at(params, "lightgbm.classifiers"), **at(params, "linear.classifiers")}
    for name, classifier in {**classifiers, "chance": chance}.items():
        if name not in scores:
            raise StageError(f"metrics/transfer.json has no {name}: run `dvc repro` first")
        row, classes = scores[name], classifier.get("classes", "all")
        task = "" if classes == "all" else f"{' or '.join(classes)}: "
        yield (
            f"| {task}{classifier['label']} | {row['accuracy']:.2%} | {row['auroc']:.2%} "
            f"| {row['train_accuracy']:.2%} | {PUBLISHED.get(name, '')} |"
        )


def graph() -> Iterator[str]:
    """The graph as Mermaid: a box for the stages of a phase, without arrows that others make needless.

    The page, which shows what all others give, is left out.
    """
    box_of = {template: box for box in BOXES for template in box}
    boxes = networkx.DiGraph()
    for edge in read_graph(dvc("dag", "--dot")).edges:
        a, b = (box_of.get(template, (template,)) for template in (stage.split("@")[0] for stage in edge))
        if a != b and ("build_page",) not in (a, b):
            boxes.add_edge(a, b)
    labels = {box: f'{box[0]}["{"<br>".join(box)}"]' for box in boxes if len(box) > 1}
    yield "```mermaid"
    yield "flowchart LR"
    for box, after in sorted(networkx.transitive_reduction(boxes).adjacency()):
        if after:  # a label stands where its box is first named
            first, *others = (labels.pop(each, each[0]) for each in (box, *sorted(after)))
            yield f"    {first} --> {' & '.join(others)}"
    yield "```"


BLOCKS: dict[str, Callable[[], Iterator[str]]] = {
    "digits": digits_table,
    "semi": semi_table,
    "ablation": ablation_table,
    "faces": faces_table,
    "identity": identity_table,
    "transfer": transfer_table,
    "seeds": seeds_table,
    "graph": graph,
}


def fill(text: str) -> str:
    """`text` with what stands between each pair of marks `<!-- NAME -->` and `<!-- end -->` made anew."""

    def block(match: re.Match) -> str:
        lines = "\n".join(BLOCKS[require_name(match["name"], list(BLOCKS), "table")]())
        return f"<!-- {match['name']} -->\n{lines}\n<!-- end -->"

    return re.sub(r"<!-- (?P<name>\w+) -->\n.*?<!-- end -->", block, text, flags=re.DOTALL)


def main() -> None:
    text = fill(README.read_text(encoding="utf-8"))
    with replacing(README) as part:
        part.write_text(text, encoding="utf-8")
