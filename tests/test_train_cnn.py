from pathlib import Path

import numpy as np
import pytest
import torch

from stages.base.batches import TooFewImages
from stages.base.tables import Images, Predictions
from stages.cnn.network import CNN
from stages.cnn.training import CNNTrainer, CNNTraining, predict
from stages.learning.compute import Machine
from stages.learning.weights import load_weights
from stages.train_cnn import make_trainer, train_cnn
from tests.conftest import blobs

WEIGHTS, PREDICTIONS = Path("data/models/cnn.safetensors"), Path("data/predictions/cnn.npz")
SHORT = {
    "seed": 0,
    "epochs": 3,
    "batch_size": 20,
    "learning_rate": 0.2,
    "momentum": 0.6,
    "shift_rate": 0.5,
    "head_rate": 0.05,
    "weight_decay": 0.00001,
    "label_smoothing": 0.2,
    "whitening_epochs": 1,
    "translate": 1,
}


@pytest.fixture
def objects() -> Images:
    return blobs(160, (16, 16, 3), 4, {"train": 100, "validation": 30, "test": 30})


def make(data: Images, machine: Machine, validation: int = 30, **values) -> CNNTrainer:
    return make_trainer(data, [16, 24], validation, CNNTraining(**SHORT | values), machine)


def train(data: Images, machine: Machine, **values) -> CNN:
    return train_cnn(make(data, machine, **values), data, "flips", "a digest")


def written() -> list[bytes]:
    return [WEIGHTS.read_bytes(), PREDICTIONS.read_bytes()]


def interrupt_in_step(monkeypatch, number: int) -> None:
    """Raise KeyboardInterrupt in step `number` of the trainings to come."""
    step, taken = CNNTrainer.step, []

    def interrupted(self, *batch):
        taken.append(batch)
        if len(taken) == number:
            raise KeyboardInterrupt
        return step(self, *batch)

    monkeypatch.setattr(CNNTrainer, "step", interrupted)


def test_training_learns_and_judges_every_image(objects, machine):
    network = train(objects, machine, epochs=20)
    predictions = Predictions.read(PREDICTIONS)
    assert predictions.probabilities.shape == (160, 4)
    assert np.allclose(predictions.probabilities.sum(1), 1, atol=1e-6)
    for name in ("labels", "split", "index"):
        assert np.array_equal(getattr(predictions, name), getattr(objects, name))
    test = predictions.part("test")
    assert (test.probabilities.argmax(1) == test.labels).mean() > 0.9
    accuracies = Path("plots/transfer/curves/plots/metrics/validation_accuracy.tsv").read_text()
    assert accuracies.count("\n") == 21
    assert float(accuracies.split()[-1]) > 0.9
    again = load_weights(CNN, WEIGHTS)
    tested = objects.split == "test"
    for views, rows in (("flips", tested), ("plain", ~tested)):
        judged = predict(again, objects.images[rows], views, machine.autocast)
        assert np.array_equal(judged, predictions.probabilities[rows])
    assert not network.whiten.weight.requires_grad


def test_all_images_but_those_that_are_watched_and_of_the_test_are_learned_from(objects, machine):
    trainer = make(objects, machine, validation=10)
    set_aside = np.flatnonzero(objects.split == "validation")
    rows = np.sort(np.concatenate([np.flatnonzero(objects.split == "train"), set_aside[10:]]))
    assert np.array_equal(trainer.images.numpy(), objects.images[rows])
    assert np.array_equal(trainer.labels.numpy(), objects.labels[rows])
    assert np.array_equal(trainer.validation.index, objects.index[set_aside[:10]])


def test_the_weights_saved_are_those_after_the_last_step(objects, machine, monkeypatch):
    step, heads = CNNTrainer.step, []

    def kept(self, *batch):
        loss = step(self, *batch)
        heads.append(self.network.head.weight.detach().clone())
        return loss

    monkeypatch.setattr(CNNTrainer, "step", kept)
    train(objects, machine)
    assert len(heads) == 15
    assert not torch.equal(heads[-2], heads[-1])
    assert torch.equal(load_weights(CNN, WEIGHTS).head.weight, heads[-1])


def test_interruptions_change_nothing(objects, machine, monkeypatch):
    train(objects, machine)
    whole = written()
    for number in (8, 7):  # in the second epoch, then, of the two that are left, in the last
        with monkeypatch.context() as patched:
            interrupt_in_step(patched, number)
            with pytest.raises(KeyboardInterrupt):
                train(objects, machine)
    train(objects, machine)
    assert written() == whole


def test_a_failure_while_predicting_trains_no_epoch_again(objects, machine, monkeypatch):
    with monkeypatch.context() as broken:
        broken.setattr("stages.train_cnn.predict", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            train(objects, machine)
    monkeypatch.setattr(CNNTrainer, "step", lambda *_: pytest.fail("trained again"))
    train(objects, machine)
    assert len(Predictions.read(PREDICTIONS)) == 160


def test_another_seed_gives_other_weights(objects, machine):
    train(objects, machine, epochs=1)
    first = WEIGHTS.read_bytes()
    train(objects, machine, epochs=1, seed=1)
    assert WEIGHTS.read_bytes() != first


def test_a_batch_larger_than_the_training_set_is_refused(objects, machine):
    with pytest.raises(TooFewImages) as fault:
        train(objects, machine, batch_size=101)
    assert fault.value.args == (100, 101)
