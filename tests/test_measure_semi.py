import json
import math
from pathlib import Path

import numpy as np
import pytest
import yaml

from stages.aae.semi import ClassesAndStyles
from stages.base.tables import Images
from stages.export_semi import export_semi
from stages.export_semi import main as export
from stages.learning.weights import save_weights
from stages.measure_digits import Measure
from stages.measure_semi import main, measure_semi
from tests.networks import semi_aae

PARAMS = Measure(seed=0, samples=10_000, projections=50, neighbours=5)
OF_CLUSTERS = {"test_error_by_majority", "nmi", "ari"}


def scores_of(data: Images, labels: str | int, classes: int = 10) -> dict[str, float]:
    aae = semi_aae(classes)
    return measure_semi(aae, data, export_semi(aae, data, seed=0), labels, 10, PARAMS)


@pytest.mark.parametrize("labels", [10, "all", 0])
def test_scores_are_finite_and_of_the_promised_names(digits, labels):
    scores = scores_of(digits, labels, 10 if labels else 12)
    assert set(scores) - OF_CLUSTERS == {
        "test_error",
        "validation_error",
        "cross_entropy",
        "calibration_error",
        "train_mse",
        "test_mse",
        "style_knn_accuracy",
        "style_mean_knn_accuracy",
        "style_class_information",
        "style_sliced_w2",
        "style_sliced_w2_floor",
        "style_two_sample_accuracy",
    }
    assert (set(scores) >= OF_CLUSTERS) == (labels == 0)
    assert all(math.isfinite(value) for value in scores.values())


def test_a_perfect_class_and_a_style_of_the_prior_score_so(digits, generator):
    n, aae = 3000, semi_aae()
    labels, split = np.arange(n) % 10, np.repeat(["train", "validation", "test"], n // 3)
    styles = aae.style.sample(n, generator)[0].numpy()
    data = Images(labels, split, np.arange(n), np.zeros((n, 28, 28, 1), np.uint8), digits.names)
    sure = np.eye(10, dtype=np.float32)[labels]
    scores = measure_semi(
        aae, data, ClassesAndStyles(labels, split, np.arange(n), styles, styles, sure), 100, 50, PARAMS
    )
    assert scores["test_error"] == scores["calibration_error"] == 0
    assert scores["style_knn_accuracy"] == pytest.approx(0.1, abs=0.05)
    assert scores["style_sliced_w2"] < 2 * scores["style_sliced_w2_floor"]
    assert scores["style_two_sample_accuracy"] == pytest.approx(0.5, abs=0.06)


def test_clusters_have_the_names_that_few_validation_images_give_them(digits, generator):
    """Swapped clusters of two classes make no error; with the names in the order of the classes they would."""
    n, aae = 3000, semi_aae(12)
    labels, split = np.arange(n) % 10, np.repeat(["train", "validation", "test"], n // 3)
    styles = aae.style.sample(n, generator)[0].numpy()
    data = Images(labels, split, np.arange(n), np.zeros((n, 28, 28, 1), np.uint8), digits.names)
    swapped = np.eye(12, dtype=np.float32)[(labels + 3) % 10]
    codes = ClassesAndStyles(labels, split, np.arange(n), styles, styles, swapped)
    scores = measure_semi(aae, data, codes, 0, 20, PARAMS)
    assert scores["test_error"] == scores["test_error_by_majority"] == 0
    assert scores["nmi"] == pytest.approx(1)


def test_the_stages_write_codes_and_scores(digits):
    aae = semi_aae()
    save_weights(aae, "data/models/semi/toy.safetensors")
    digits.write("data/digits/mnist.npz")
    values = {
        "data": {"source": "demo"},
        "measure": PARAMS.model_dump(),
        "semi": {"validation": 10, "styles_seed": 0, "variants": {"toy": {"labels": 10}}},
    }
    Path("params.yaml").write_text(yaml.safe_dump(values))
    export("toy")
    with np.load("data/latents/semi/toy.npz") as codes:
        assert {name: codes[name].shape for name in ("codes", "means", "probabilities")} == {
            "codes": (120, 3),
            "means": (120, 3),
            "probabilities": (120, 10),
        }
    main("toy")
    written = json.loads(Path("metrics/semi/toy.json").read_text())
    scores = measure_semi(aae, digits, export_semi(aae, digits, seed=0), 10, 10, PARAMS)
    assert written == scores | {"data": "demo"}
