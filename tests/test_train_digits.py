from pathlib import Path

import numpy as np
import pytest

from stages.aae.inference import encode, reconstruct
from stages.aae.networks import AAE
from stages.base.errors import StageError
from stages.export_latents import export_latents
from stages.learning.fitting import Run
from stages.learning.weights import load_weights
from stages.train_digits import Common, Variant, told_labels, train_digits

COMMON = Common(hidden=[32], discriminator=[16], training={"epochs": 2, "batch_size": 16, "learning_rate": 0.01})
WEIGHTS, CURVES = Path("weights.safetensors"), Path("curves")


def variant(kind: str = "umbrella", **values) -> Variant:
    return Variant(prior={"kind": kind}, adversarial_weight=0.01, **values)


@pytest.mark.parametrize("chosen", [variant("gaussian"), variant("swiss_roll"), variant(labelled=0.5)])
def test_training_brings_the_error_down_and_writes_what_it_learned(digits, machine, chosen):
    longer = COMMON.model_copy(update={"training": COMMON.training.model_copy(update={"epochs": 100})})
    aae = train_digits(digits, longer, chosen, machine, "toy", WEIGHTS, CURVES)
    images = digits.part("test").images
    error = np.square(reconstruct(aae, images) - images / 255).mean()
    constant = np.square(images / 255 - images.mean(0) / 255).mean()
    assert error < 0.7 * constant
    assert np.array_equal(encode(load_weights(AAE, WEIGHTS), images), encode(aae, images))
    assert (CURVES / "plots/metrics/watched_mse.tsv").read_text().count("\n") == 101


def test_an_interruption_changes_nothing(digits, machine, monkeypatch):
    train_digits(digits, COMMON, variant(), machine, "toy", WEIGHTS, CURVES)
    whole = WEIGHTS.read_bytes()
    record = Run.record

    def interrupted(self, **values):
        if self.history:
            raise KeyboardInterrupt
        record(self, **values)

    monkeypatch.setattr(Run, "record", interrupted)
    with pytest.raises(KeyboardInterrupt):
        train_digits(digits, COMMON, variant(), machine, "toy", WEIGHTS, CURVES)
    monkeypatch.setattr(Run, "record", record)
    train_digits(digits, COMMON, variant(), machine, "toy", WEIGHTS, CURVES)
    assert WEIGHTS.read_bytes() == whole


def test_the_told_labels_are_a_stratified_share(digits):
    labels = np.repeat(np.arange(10), 50)
    told = told_labels(labels, 10, 0.2, seed=0)
    assert (np.bincount(told, minlength=11) == [10] * 10 + [400]).all()
    assert (told[told < 10] == labels[told < 10]).all()
    assert np.array_equal(told, told_labels(labels, 10, 0.2, seed=0))
    assert not np.array_equal(told, told_labels(labels, 10, 0.2, seed=1))


def test_labels_need_a_component_for_each_class(digits, machine):
    with pytest.raises(StageError, match="labels need a prior of 10 components, this one has 1"):
        train_digits(digits, COMMON, variant("gaussian", labelled=0.5), machine, "toy", WEIGHTS, CURVES)


def test_a_batch_larger_than_the_training_set_is_refused(digits, machine):
    large = COMMON.model_copy(update={"training": COMMON.training.model_copy(update={"batch_size": 81})})
    with pytest.raises(StageError, match="81 is more than the 80 training images"):
        train_digits(digits, large, variant(), machine, "toy", WEIGHTS, CURVES)


def test_latents_keep_labels_splits_and_source_rows(digits, machine):
    aae = train_digits(digits, COMMON, variant(), machine, "toy", WEIGHTS, CURVES)
    latents = export_latents(aae, digits)
    assert latents.codes.shape == (120, 2)
    for name in ("labels", "split", "index"):
        assert np.array_equal(getattr(latents, name), getattr(digits, name))
