from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages.aae.inference import encode, reconstruct
from stages.aae.networks import AAE
from stages.aae.priors import AnyPrior
from stages.aae.training import AAETrainer
from stages.base.batches import TooFewImages
from stages.base.params import check
from stages.base.tables import Images
from stages.learning.compute import Machine
from stages.learning.weights import load_weights
from stages.train_digits import (
    DigitsTraining,
    NoComponentPerClass,
    UnevenLabels,
    hide_labels,
    make_trainer,
    train_digits,
)
from tests.networks import GAUSSIAN, LEARNING, SWISS_ROLL, UMBRELLA

WEIGHTS = Path("data/models/digits/toy.safetensors")


def make(data: Images, machine: Machine, prior: dict[str, Any] = UMBRELLA, **values) -> AAETrainer:
    training = DigitsTraining(**LEARNING | {"labelled": 0.0, "labelled_batch": 0} | values)
    return make_trainer(data, [32], [16], check(prior, AnyPrior, "prior"), training, machine, "digits.priors.toy")


@pytest.mark.parametrize(
    ("prior", "values"),
    [(GAUSSIAN, {}), (SWISS_ROLL, {"mmd_weight": 0.1}), (UMBRELLA, {"labelled": 0.5, "labelled_batch": 8})],
    ids=["gaussian", "swiss roll", "umbrella with labels"],
)
def test_training_brings_the_error_down_and_writes_what_it_learned(digits, machine, prior, values):
    aae = train_digits(make(digits, machine, prior, epochs=100, **values), "toy", "a digest")
    images = digits.part("test").images
    error = np.square(reconstruct(aae, images) - images / 255).mean()
    constant = np.square(images / 255 - images.mean(0) / 255).mean()
    assert error < 0.7 * constant
    assert np.array_equal(encode(load_weights(AAE, WEIGHTS), images), encode(aae, images))
    curves = {path.stem: path.read_text() for path in Path("plots/digits/toy/curves/plots/metrics").rglob("*.tsv")}
    terms = {"mmd"} if "mmd_weight" in values else set()
    assert set(curves) == {"reconstruction", "generator", "discriminator", "train_mse", "watched_mse"} | terms
    assert {text.count("\n") for text in curves.values()} == {101}


def test_an_interruption_changes_nothing(digits, machine, monkeypatch):
    values = {"labelled": 0.5, "labelled_batch": 8, "mmd_weight": 0.1, "noise": 0.1, "shift": 1}
    train_digits(make(digits, machine, **values), "toy", "a digest")
    whole = WEIGHTS.read_bytes()
    interrupted = make(digits, machine, **values)
    taken, step = interrupted.schedules["autoencoder"], interrupted.step
    allowed = interrupted.steps + 1  # those of the first epoch, and one of the second
    monkeypatch.setattr(interrupted, "step", lambda *batch: step(*batch) if taken.last_epoch < allowed else stop())
    with pytest.raises(KeyboardInterrupt):
        train_digits(interrupted, "toy", "a digest")
    train_digits(make(digits, machine, **values), "toy", "a digest")
    assert WEIGHTS.read_bytes() == whole


def stop() -> None:
    raise KeyboardInterrupt


def test_labels_are_shown_of_a_stratified_share():
    labels = np.repeat(np.arange(10), 50)
    shown = hide_labels(labels, 10, 0.2, seed=0)
    assert (np.bincount(shown, minlength=11) == [10] * 10 + [400]).all()
    assert (shown[shown < 10] == labels[shown < 10]).all()
    assert np.array_equal(shown, hide_labels(labels, 10, 0.2, seed=0))
    assert not np.array_equal(shown, hide_labels(labels, 10, 0.2, seed=1))
    assert np.array_equal(hide_labels(labels, 10, 1, seed=0), labels)


def test_labels_need_a_component_for_each_class(digits, machine):
    with pytest.raises(NoComponentPerClass) as fault:
        make(digits, machine, GAUSSIAN, labelled=0.5)
    assert fault.value.args == ("digits.priors.toy", 10, 1)


@pytest.mark.parametrize("share", [0.1, 0.95])
def test_each_class_needs_labelled_and_unlabelled_images_unless_all_are_labelled(digits, machine, share):
    with pytest.raises(UnevenLabels) as fault:
        make(digits, machine, labelled=share)
    assert fault.value.args == ("digits.priors.toy", share)
    assert (make(digits, machine, labelled=1.0).labels < 10).all()


def test_a_batch_larger_than_the_training_set_is_refused(digits, machine):
    with pytest.raises(TooFewImages) as fault:
        make(digits, machine, batch_size=81)
    assert fault.value.args == (80, 81)
