"""Compare all classifiers of CIFAR-10, the controls and a random guess: the table and its pictures."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from stages.base.files import write_json
from stages.base.params import Count, DataSource, Section, Seed, load
from stages.base.tables import Images, Predictions
from stages.measure.classification import accuracy, auroc, confusion, roc
from stages.show.classifiers import bars, confusions, labelled_samples, rocs
from stages.show.style import Style, noted, save

# file of data/predictions -> what pictures call it
TEN = {
    "cnn": "CNN on images",
    "lightgbm_codes_tuned": "LightGBM, tuned, on face codes",
    "lightgbm_codes": "LightGBM on face codes",
    "lightgbm_pca": "LightGBM on PCA of faces",
    "lightgbm_untrained": "LightGBM on untrained encoder",
    "lightgbm_pixels": "LightGBM on pixels",
}
PAIR = {
    "pair_lightgbm_codes": "LightGBM on face codes",
    "pair_lightgbm_pca": "LightGBM on PCA of faces",
}
BOTH = ("cnn", "lightgbm_codes_tuned")  # the specialist and the best use of the face codes


class Transfer(Section):
    """Section `draw.transfer`."""

    seed: Seed
    rows: Count
    columns: Count


def guesses(like: Predictions, seed: int) -> Predictions:
    """Random guessing on the same labels: probabilities drawn evenly from those that sum to 1."""
    shape = like.probabilities.shape
    drawn = np.random.default_rng(seed).dirichlet(np.ones(shape[1]), shape[0]).astype(np.float32)
    return Predictions(like.labels, like.split, like.index, drawn)


def scores(predictions: Predictions) -> dict[str, float]:
    """Accuracy and AUROC on test images and on training images."""
    test, train = predictions.part("test"), predictions.part("train")
    return {
        "accuracy": accuracy(test.probabilities, test.labels),
        "auroc": auroc(test.probabilities, test.labels),
        "train_accuracy": accuracy(train.probabilities, train.labels),
        "train_auroc": auroc(train.probabilities, train.labels),
    }


def draw(
    predictions: Mapping[str, Predictions],
    table: Mapping[str, Mapping[str, float]],
    data: Images,
    classes: Sequence[str],
    params: Transfer,
    style: Style,
) -> dict[str, Figure]:
    """All figures by name; `classes` are those that the classifiers of `PAIR` tell apart."""
    pair = " against ".join(classes)
    tests = {name: each.part("test") for name, each in predictions.items()}
    names = data.names.tolist()
    curves = {name: roc(each.probabilities, each.labels) for name, each in tests.items()}
    values = {name: (row["accuracy"], row["auroc"]) for name, row in table.items()}

    # test images that both classifiers judged, with the class that each found
    random = np.random.default_rng(params.seed)
    index = random.permutation(np.intersect1d(*(tests[name].index for name in BOTH)))[: params.rows * params.columns]
    found = {TEN[name]: [names[k] for k in rows_at(tests[name], index).probabilities.argmax(1)] for name in BOTH}
    shown = rows_at(data, index)

    return {
        "confusion": confusions(
            {TEN[name]: confusion(tests[name].probabilities, tests[name].labels) for name in BOTH},
            names,
            style,
            "Test images by true and predicted class, per cent of the true class",
        ),
        "roc": rocs(
            {
                "ten classes, mean of each against the rest": {TEN[name]: curves[name] for name in TEN},
                pair: {PAIR[name]: curves[name] for name in PAIR},
            },
            style,
            "ROC curves on test images",
        ),
        "bars": bars(
            {
                "ten classes": {TEN[name]: values[name] for name in TEN} | {"chance": values["chance"]},
                pair: {PAIR[name]: values[name] for name in PAIR} | {"chance": (1 / len(classes), 0.5)},
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


def rows_at(rows: Images | Predictions, index: np.ndarray) -> Images | Predictions:
    """The rows whose number in the source is each of `index`, in that order."""
    order = np.argsort(rows.index)
    return rows.where(order[np.searchsorted(rows.index, index, sorter=order)])


def compare_classifiers(predictions: Mapping[str, Predictions], seed: int) -> dict[str, dict[str, float]]:
    """The scores of each classifier and of `chance`, a random guess on the first one's labels."""
    chance = guesses(next(iter(predictions.values())), seed)
    return {name: scores(each) for name, each in {**predictions, "chance": chance}.items()}


def main() -> None:
    predictions = {name: Predictions.read(f"data/predictions/{name}.npz") for name in (*TEN, *PAIR)}
    table = compare_classifiers(predictions, load("measure.seed", Seed))
    source, style = load("data.source", DataSource), load("draw.style", Style)
    data = Images.read("data/objects/cifar10.npz")
    classes = load("lightgbm.runs.pair_lightgbm_codes.classes", list[str])
    for name, figure in draw(predictions, table, data, classes, load("draw.transfer", Transfer), style).items():
        save(figure, f"plots/transfer/{name}.png", style, noted(source))
    write_json("metrics/transfer.json", table | {"data": source})
