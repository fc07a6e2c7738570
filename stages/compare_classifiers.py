"""Compare all classifiers of CIFAR-10, the controls and a random guess: the table and its pictures."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from stages.base.files import write_json
from stages.base.params import Count, DataSource, Section, Seed, load
from stages.base.tables import Images, Predictions, Table
from stages.measure.classification import accuracy, auroc, confusion, roc
from stages.show.classifiers import bars, confusions, labelled_samples, rocs
from stages.show.style import Style, note_on, save


class DrawTransfer(Section):
    """Section `draw.transfer`."""

    seed: Seed
    compared: list[str]  # classifiers of all classes whose confusions and judgements are shown
    rows: Count
    columns: Count


def guess(like: Predictions, seed: int) -> Predictions:
    """Random guessing on the same labels: probabilities drawn evenly from those that sum to 1."""
    n, classes = like.probabilities.shape
    return Predictions.of(like, np.random.default_rng(seed).dirichlet(np.ones(classes), n))


def score(predictions: Predictions) -> dict[str, float]:
    """Accuracy and AUROC on test images and on training images."""
    test, train = predictions.part("test"), predictions.part("train")
    return {
        "accuracy": accuracy(test.probabilities, test.labels),
        "auroc": auroc(test.probabilities, test.labels),
        "train_accuracy": accuracy(train.probabilities, train.labels),
        "train_auroc": auroc(train.probabilities, train.labels),
    }


def compare_classifiers(predictions: Mapping[str, Predictions], seed: int) -> dict[str, dict[str, float]]:
    """The scores of each classifier and of `chance`, a random guess on the first one's labels."""
    chance = guess(next(iter(predictions.values())), seed)
    return {name: score(each) for name, each in {**predictions, "chance": chance}.items()}


def group_by_classes(variants: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, str]]:
    """Names and labels of the classifiers of each task: heading -> name -> label."""
    groups: dict[str, dict[str, str]] = {}
    for variant in variants:
        heading = "ten classes" if variant["classes"] == "all" else " or ".join(variant["classes"])
        groups.setdefault(heading, {})[variant["name"]] = variant["label"]
    return groups


def draw(
    predictions: Mapping[str, Predictions],
    table: Mapping[str, Mapping[str, float]],
    groups: Mapping[str, Mapping[str, str]],
    data: Images,
    params: DrawTransfer,
    style: Style,
) -> dict[str, Figure]:
    """All figures by name; `groups` are of `group_by_classes`."""
    tests = {name: each.part("test") for name, each in predictions.items()}
    names = data.names.tolist()
    labels = {name: label for group in groups.values() for name, label in group.items()}
    compared = {name: labels[name] for name in params.compared}

    # some test images, with the class that each of the compared classifiers found
    index = np.random.default_rng(params.seed).permutation(data.part("test").index)[: params.rows * params.columns]
    shown = rows_at(data, index)
    found = {
        label: [names[k] for k in rows_at(tests[name], index).probabilities.argmax(1)]
        for name, label in compared.items()
    }

    def chance(group: Mapping[str, str]) -> dict[str, tuple[float, float]]:
        """Accuracy and AUROC of guessing among the classes of a group."""
        return {"chance": (1 / next(tests[name].probabilities.shape[1] for name in group), 0.5)}

    return {
        "confusion": confusions(
            {label: confusion(tests[name].probabilities, tests[name].labels) for name, label in compared.items()},
            names,
            "Test images by true and predicted class, per cent of the true class",
        ),
        "roc": rocs(
            {
                heading: {label: roc(tests[name].probabilities, tests[name].labels) for name, label in group.items()}
                for heading, group in groups.items()
            },
            style,
            "ROC curves on test images, of several classes the mean of each against the rest",
        ),
        "bars": bars(
            {
                heading: {label: (table[name]["accuracy"], table[name]["auroc"]) for name, label in group.items()}
                | chance(group)
                for heading, group in groups.items()
            },
            style,
            "Classifiers and controls on test images",
        ),
        "samples": labelled_samples(
            shown.images,
            [names[k] for k in shown.labels],
            found,
            params.columns,
            "CIFAR-10 test images with true and predicted class",
        ),
    }


def rows_at(rows: Table, index: np.ndarray) -> Table:
    """The rows whose number in the source is each of `index`, in that order."""
    order = np.argsort(rows.index)
    return rows.where(order[np.searchsorted(rows.index, index, sorter=order)])


def main() -> None:
    variants = json.loads(Path("data/variants/classifiers.json").read_text(encoding="utf-8"))
    predictions = {each["name"]: Predictions.read(f"data/predictions/{each['name']}.npz") for each in variants}
    table = compare_classifiers(predictions, load("measure.seed", Seed))
    source, style = load("data.source", DataSource), load("draw.style", Style)
    data, params = Images.read("data/objects/cifar10.npz"), load("draw.transfer", DrawTransfer)
    for name, figure in draw(predictions, table, group_by_classes(variants), data, params, style).items():
        save(figure, f"plots/transfer/{name}.png", style, note_on(source))
    write_json("metrics/transfer.json", table | {"data": source})
