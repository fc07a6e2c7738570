"""Score one AAE of class and style."""

import numpy as np
import torch

from stages.aae.semi import ClassesAndStyles, SemiAAE, decode
from stages.base.files import write_json
from stages.base.params import Count, DataSource, load
from stages.base.tables import Images
from stages.learning.weights import load_weights
from stages.measure.calibration import calibration_error, class_information, cross_entropy
from stages.measure.clusters import ari, cluster_error, merge, name_by_confidence, name_by_majority, nmi
from stages.measure.codes import knn_accuracy, sliced_w2, two_sample_accuracy
from stages.measure.images import mse
from stages.measure_digits import Measure


def measure_semi(
    aae: SemiAAE, data: Images, codes: ClassesAndStyles, labels: str | int, validation: int, params: Measure
) -> dict[str, float]:
    """Errors of the class, what the style tells of it and how it fits its prior, and errors of reconstruction.

    Clusters, where `labels` is 0, get their names from the first `validation` images of that split.
    """
    classes = len(data.names)
    train, test, watched = codes.part("train"), codes.part("test"), codes.part("validation")
    watched = watched.where(np.arange(len(watched)) < validation)
    scores: dict[str, float] = {}
    names = np.arange(classes)
    if not labels:
        names = name_by_confidence(watched.probabilities, watched.labels)
        majority = name_by_majority(watched.probabilities, watched.labels, classes)
        scores["test_error_by_majority"] = cluster_error(test.probabilities, majority, test.labels)
        scores["nmi"] = nmi(test.probabilities, test.labels)
        scores["ari"] = ari(test.probabilities, test.labels)
    told = merge(test.probabilities, names, classes)
    scores["test_error"] = cluster_error(test.probabilities, names, test.labels)
    scores["validation_error"] = cluster_error(watched.probabilities, names, watched.labels)
    scores["cross_entropy"] = cross_entropy(told, test.labels)
    scores["calibration_error"] = calibration_error(told, test.labels)
    for split, rows in (("train", train), ("test", test)):
        scores[f"{split}_mse"] = mse(data.part(split).images, decode(aae, rows.probabilities, rows.codes))

    # what the style tells of the class, with and without its noise
    scores["style_knn_accuracy"] = knn_accuracy(train.codes, train.labels, test.codes, test.labels, params.neighbours)
    scores["style_mean_knn_accuracy"] = knn_accuracy(
        train.means, train.labels, test.means, test.labels, params.neighbours
    )
    scores["style_class_information"] = class_information(
        train.codes, train.labels, test.codes, test.labels, params.neighbours
    )

    # and how it fits its prior, a second sample of which gives the floor
    rows = np.random.default_rng(params.seed).permutation(len(test))[: params.samples]
    styles = test.codes[np.sort(rows)]
    generator = torch.Generator().manual_seed(params.seed)
    samples, others = (aae.style.sample(len(styles), generator)[0].numpy() for _ in range(2))
    scores["style_sliced_w2"] = sliced_w2(styles, samples, params.seed, params.projections)
    scores["style_sliced_w2_floor"] = sliced_w2(others, samples, params.seed, params.projections)
    scores["style_two_sample_accuracy"] = two_sample_accuracy(styles, samples, params.seed)
    return scores


def main(name: str) -> None:
    scores = measure_semi(
        load_weights(SemiAAE, f"data/models/semi/{name}.safetensors"),
        Images.read("data/digits/mnist.npz"),
        ClassesAndStyles.read(f"data/latents/semi/{name}.npz"),
        load(f"semi.variants.{name}.labels", str | int),
        load("semi.validation", Count),
        load("measure", Measure),
    )
    write_json(f"metrics/semi/{name}.json", scores | {"data": load("data.source", DataSource)})
