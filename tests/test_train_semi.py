from pathlib import Path

import numpy as np
import pytest
import torch

from stages.aae.semi import SemiAAE, encode
from stages.aae.semi_training import SemiTrainer, SemiTraining
from stages.base.batches import TooFewImages
from stages.base.tables import Images
from stages.learning.compute import Machine
from stages.learning.weights import load_weights
from stages.train_semi import (
    LabelledOverclustering,
    SemiModel,
    SemiVariant,
    TooFewClasses,
    UnevenClasses,
    draw_labelled,
    make_trainer,
    train_semi,
)
from tests.networks import SEMI_LEARNING, STYLE

WEIGHTS = Path("data/models/semi/toy.safetensors")
MODEL = SemiModel(style=STYLE, style_noise=0.5, hidden=[32, 32], discriminator=[16])


def make(
    data: Images, machine: Machine, labels: str | int = 20, classes: int = 10, overclustering: int = 1, **values
) -> SemiTrainer:
    training = SemiTraining(**SEMI_LEARNING | values)
    variant = SemiVariant(labels=labels, classes=classes, overclustering=overclustering)
    return make_trainer(data, MODEL, variant, 0, 10, training, machine, "semi.variants.toy")


@pytest.mark.parametrize("labels", [10, "all"])
def test_training_tells_classes_from_few_labels_and_writes_what_it_learned(digits, machine, labels):
    aae = train_semi(make(digits, machine, labels, epochs=60), "toy", "a digest")
    test = digits.part("test")
    probabilities, styles = encode(aae, test.images)
    assert (probabilities.argmax(1) == test.labels).mean() > 0.9
    again = encode(load_weights(SemiAAE, WEIGHTS), test.images)
    assert np.array_equal(again[0], probabilities)
    assert np.array_equal(again[1], styles)
    curves = {path.stem: path.read_text() for path in Path("plots/semi/toy/curves/plots/metrics").rglob("*.tsv")}
    assert set(curves) == {
        "reconstruction",
        "cross_entropy",
        "vat",
        "uncertainty",
        "imbalance",
        "mmd",
        "generator",
        "discriminator",
        "watched_error",
        "watched_mse",
    }
    assert {text.count("\n") for text in curves.values()} == {61}


@pytest.mark.parametrize("overclustering", [1, 2])
def test_without_labels_images_fall_into_clusters(digits, machine, overclustering):
    trainer = make(digits, machine, 0, 12, overclustering, epochs=60)
    given = trainer.aae.members.clone()
    aae = train_semi(trainer, "toy", "a digest")
    assert torch.equal(aae.members, given) == (overclustering == 1)
    assert torch.equal(aae.members, trainer.aae.members)
    probabilities, _ = encode(aae, digits.images)
    clusters = probabilities.argmax(1)
    assert len(np.unique(clusters)) > 5
    purity = sum(np.bincount(digits.labels[clusters == k]).max() for k in np.unique(clusters)) / len(clusters)
    assert purity > 0.8


@pytest.mark.parametrize("weight", ["adversarial_weight", "mmd_weight", "vat_weight", "information_weight"])
def test_each_part_of_the_objective_can_be_left_out(digits, machine, weight):
    (losses, *_) = make(digits, machine, **{weight: 0.0}).epoch(0)
    gone = {
        "adversarial_weight": {"generator", "discriminator"},
        "mmd_weight": {"mmd"},
        "vat_weight": {"vat"},
        "information_weight": {"uncertainty", "imbalance"},
    }[weight]
    assert not gone & set(losses)
    assert all(loss.isfinite() for loss in losses.values())


def test_without_reconstruction_the_decoder_does_not_learn(digits, machine):
    trainer = make(digits, machine, reconstruction_weight=0.0)
    before = [weight.clone() for weight in trainer.aae.decoder.parameters()]
    list(trainer.epoch(0))
    assert all(map(torch.equal, before, trainer.aae.decoder.parameters()))


def test_predictions_without_any_doubt_do_not_stop_the_training(digits, machine):
    trainer = make(digits, machine, vat_weight=0.0)
    with torch.no_grad():
        trainer.aae.class_head[-1].weight.mul_(1000)  # all probabilities but one are 0 in float32
    list(trainer.epoch(0))
    assert all(weight.isfinite().all() for weight in trainer.aae.parameters())


@pytest.mark.parametrize("values", [{}, {"labels": 0, "classes": 12, "overclustering": 2}], ids=["labels", "clusters"])
def test_an_interruption_changes_nothing(digits, machine, monkeypatch, values):
    train_semi(make(digits, machine, **values), "toy", "a digest")
    whole = WEIGHTS.read_bytes()
    interrupted = make(digits, machine, **values)
    epoch = interrupted.epoch
    monkeypatch.setattr(interrupted, "epoch", lambda number: stop() if number else epoch(number))
    with pytest.raises(KeyboardInterrupt):
        train_semi(interrupted, "toy", "a digest")
    train_semi(make(digits, machine, **values), "toy", "a digest")
    assert WEIGHTS.read_bytes() == whole


def stop() -> None:
    raise KeyboardInterrupt


def test_as_many_labels_of_each_class_are_drawn_by_their_seed():
    labels = np.random.default_rng(0).permutation(np.repeat(np.arange(10), np.arange(20, 30)))
    rows = draw_labelled(labels, 100, seed=0)
    assert (np.bincount(labels[rows]) == 10).all()
    assert len(np.unique(rows)) == 100
    assert np.array_equal(rows, draw_labelled(labels, 100, seed=0))
    assert not np.array_equal(rows, draw_labelled(labels, 100, seed=1))
    assert len(draw_labelled(labels, "all", seed=0)) == len(labels)


def test_labels_that_cannot_be_drawn_are_refused(digits, machine):
    for labels in (15, 90):  # not as many of each class; more than there are
        with pytest.raises(UnevenClasses) as uneven:
            make(digits, machine, labels)
        assert uneven.value.args == ("semi.variants.toy", labels, 10, 8)


@pytest.mark.parametrize(("labels", "classes"), [(10, 12), (10, 9), (0, 9), ("all", 11)])
def test_labels_need_as_many_classes_as_there_are_and_clusters_at_least_as_many(digits, machine, labels, classes):
    with pytest.raises(TooFewClasses) as fault:
        make(digits, machine, labels, classes)
    assert fault.value.args == ("semi.variants.toy", classes, 10)


def test_labels_have_their_classes_told_apart_from_the_start(digits, machine):
    with pytest.raises(LabelledOverclustering) as fault:
        make(digits, machine, 20, 10, 2)
    assert fault.value.args == ("semi.variants.toy", 2)


def test_a_batch_larger_than_the_training_set_is_refused(digits, machine):
    with pytest.raises(TooFewImages):
        make(digits, machine, batch_size=81)
