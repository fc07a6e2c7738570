import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from stages.aae.networks import AAE
from stages.base.tables import Images, Latents
from stages.learning.weights import save_weights
from stages.measure_digits import Measure, main, measure_digits
from tests.networks import GAUSSIAN, UMBRELLA, digits_aae, encoded

PARAMS = Measure(seed=0, samples=10_000, projections=50, neighbours=5)


@pytest.fixture
def aae() -> AAE:
    return digits_aae(classes=10)


def test_scores_are_numbers_of_the_promised_names(aae, digits):
    scores = measure_digits(aae, digits, encoded(aae, digits), PARAMS)
    errors = {"train_mse", "validation_mse", "test_mse"}
    match = {"sliced_w2", "sliced_w2_floor", "two_sample_accuracy"}
    learned = {"train_sliced_w2", "train_sliced_w2_floor", "train_two_sample"}
    assert set(scores) == errors | {"knn_accuracy", "petal_accuracy"} | match | learned
    assert all(math.isfinite(value) for value in scores.values())
    assert scores == measure_digits(aae, digits, encoded(aae, digits), PARAMS)


def test_petals_are_scored_only_where_labels_were_shown(digits):
    for prior in (GAUSSIAN, UMBRELLA):
        aae = digits_aae(prior)
        assert "petal_accuracy" not in measure_digits(aae, digits, encoded(aae, digits), PARAMS)


@pytest.mark.parametrize("petals", [10, 2], ids=["even", "uneven"])
def test_codes_drawn_from_the_prior_score_at_the_floor(aae, digits, generator, petals):
    n = 3000
    codes, component = aae.prior.sample(n, generator, torch.arange(n) % petals)
    split = np.repeat(["train", "validation", "test"], [n // 3] * 3)
    images = np.zeros((n, 28, 28, 1), np.uint8)
    data = Images(component.numpy(), split, np.arange(n), images, digits.names)
    latents = Latents(component.numpy(), split, np.arange(n), codes.numpy())
    scores = measure_digits(aae, data, latents, PARAMS)
    assert 0.5 * scores["sliced_w2_floor"] < scores["sliced_w2"] < 2 * scores["sliced_w2_floor"]
    assert (scores["two_sample_accuracy"] == pytest.approx(0.5, abs=0.05)) == (petals == 10)
    assert scores["petal_accuracy"] > 0.97
    moved = np.where((split == "train")[:, None], codes.numpy() + 1, codes.numpy())
    others = measure_digits(aae, data, Latents(component.numpy(), split, np.arange(n), moved), PARAMS)
    assert others["train_two_sample"] > 0.7
    assert others["two_sample_accuracy"] == scores["two_sample_accuracy"]
    assert scores["knn_accuracy"] > 0.97


def test_the_stage_writes_scores_and_the_datas_source(aae, digits):
    save_weights(aae, "data/models/digits/toy.safetensors")
    digits.write("data/digits/mnist.npz")
    encoded(aae, digits).write("data/latents/digits/toy.npz")
    Path("params.yaml").write_text(yaml.safe_dump({"measure": PARAMS.model_dump(), "data": {"source": "demo"}}))
    main("toy")
    written = json.loads(Path("metrics/digits/toy.json").read_text())
    assert written["data"] == "demo"
    assert written["test_mse"] == measure_digits(aae, digits, encoded(aae, digits), PARAMS)["test_mse"]
