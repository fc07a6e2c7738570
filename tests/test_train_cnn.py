from pathlib import Path

import numpy as np
import pytest

from stages.base.errors import StageError
from stages.base.tables import Predictions
from stages.cnn.network import CNN
from stages.cnn.training import predict
from stages.learning.fitting import Run
from stages.learning.weights import load_weights
from stages.train_cnn import CNNParams, train_cnn
from tests.conftest import blobs

OUTPUTS = Path("cnn.safetensors"), Path("cnn.npz"), Path("curves")
SHORT = {"epochs": 3, "batch_size": 20, "translate": 1, "whitening_epochs": 1}


def params(**train) -> CNNParams:
    return CNNParams(widths=[16, 24], views="flips", train=SHORT | train)


@pytest.fixture
def objects():
    return blobs(160, (16, 16, 3), 4, {"train": 100, "validation": 30, "test": 30})


def test_training_learns_and_judges_every_image(objects, machine):
    network = train_cnn(objects, params(epochs=20), machine, *OUTPUTS)
    predictions = Predictions.read("cnn.npz")
    assert predictions.probabilities.shape == (160, 4)
    assert np.allclose(predictions.probabilities.sum(1), 1, atol=1e-6)
    for name in ("labels", "split", "index"):
        assert np.array_equal(getattr(predictions, name), getattr(objects, name))
    test = predictions.part("test")
    assert (test.probabilities.argmax(1) == test.labels).mean() > 0.9
    assert (Path("curves") / "plots/metrics/validation_accuracy.tsv").read_text().count("\n") == 21
    again = predict(load_weights(CNN, "cnn.safetensors"), objects.images, "flips", machine.autocast)
    assert np.array_equal(again, predictions.probabilities)
    assert not network.whiten.weight.requires_grad


@pytest.mark.parametrize("done", [1, 2])
def test_an_interruption_changes_nothing(objects, machine, monkeypatch, done):
    train_cnn(objects, params(), machine, *OUTPUTS)
    whole = [path.read_bytes() for path in OUTPUTS[:2]]
    record = Run.record

    def interrupted(self, **values):
        if len(self.history) == done:
            raise KeyboardInterrupt
        record(self, **values)

    monkeypatch.setattr(Run, "record", interrupted)
    with pytest.raises(KeyboardInterrupt):
        train_cnn(objects, params(), machine, *OUTPUTS)
    monkeypatch.setattr(Run, "record", record)
    train_cnn(objects, params(), machine, *OUTPUTS)
    assert [path.read_bytes() for path in OUTPUTS[:2]] == whole


def test_a_failure_while_predicting_trains_no_epoch_again(objects, machine, monkeypatch):
    with monkeypatch.context() as broken:
        broken.setattr("stages.train_cnn.predict", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            train_cnn(objects, params(), machine, *OUTPUTS)
    monkeypatch.setattr("stages.cnn.training.Trainer.step", lambda *_: pytest.fail("trained again"))
    train_cnn(objects, params(), machine, *OUTPUTS)
    assert len(Predictions.read("cnn.npz")) == 160


def test_another_seed_gives_other_weights(objects, machine):
    train_cnn(objects, params(epochs=1), machine, *OUTPUTS)
    first = OUTPUTS[0].read_bytes()
    train_cnn(objects, params(epochs=1, seed=1), machine, *OUTPUTS)
    assert OUTPUTS[0].read_bytes() != first


def test_a_batch_larger_than_the_training_set_is_refused(objects, machine):
    with pytest.raises(StageError, match="101 is more than the 100 training images"):
        train_cnn(objects, params(batch_size=101), machine, *OUTPUTS)
