from pathlib import Path

import numpy as np
import pytest
import yaml

from stages.base.files import DamagedFile
from stages.base.params import WrongParams
from stages.base.tables import Images, Latents, Predictions
from stages.train_lightgbm import (
    BoostingCommon,
    BoostingSettings,
    Candidate,
    choose_classes,
    main,
    read_features,
    train_lightgbm,
)
from tests.classifiers import check_predictions, four_classes, log_loss, noisy_codes

COMMON = BoostingCommon(seed=0, max_bin=63)
PLAIN = Candidate(num_leaves=31, learning_rate=0.1, feature_fraction=1.0, lambda_l2=0.0)
NAMES = [f"class {i}" for i in range(4)]


def settings_of(trees: int, patience: int, *candidates: dict[str, float]) -> BoostingSettings:
    """Candidates that differ from `PLAIN` in the given values."""
    return BoostingSettings(
        trees=trees, patience=patience, candidates=[PLAIN.model_copy(update=values) for values in candidates or [{}]]
    )


DEFAULTS = settings_of(10, 0)


@pytest.fixture
def objects() -> Images:
    return four_classes()


@pytest.fixture
def codes(objects) -> Latents:
    return noisy_codes(objects)


def test_every_row_gets_probabilities_and_most_test_rows_their_class(codes):
    check_predictions(train_lightgbm("toy", codes, 4, DEFAULTS, COMMON), codes)


def test_the_same_seed_gives_the_same_bytes(codes):
    sampled = settings_of(10, 5, {"feature_fraction": 0.5})
    for path in ("first.npz", "second.npz"):
        train_lightgbm("toy", codes, 4, sampled, COMMON).write(path)
    assert Path("first.npz").read_bytes() == Path("second.npz").read_bytes()
    other = train_lightgbm("toy", codes, 4, sampled, COMMON.model_copy(update={"seed": 1}))
    assert not np.array_equal(other.probabilities, Predictions.read("first.npz").probabilities)


def test_the_candidate_of_least_validation_loss_predicts(codes):
    hasty, careful = {"learning_rate": 1.0}, {"learning_rate": 0.1}
    alone = {
        name: train_lightgbm("toy", codes, 4, settings_of(20, 0, each), COMMON)
        for name, each in {"hasty": hasty, "careful": careful}.items()
    }
    both = train_lightgbm("toy", codes, 4, settings_of(20, 0, hasty, careful), COMMON)
    assert log_loss(alone["careful"], "validation") < log_loss(alone["hasty"], "validation")
    assert np.array_equal(both.probabilities, alone["careful"].probabilities)


def test_features_that_are_binned_in_parts_grow_the_same_trees(codes, monkeypatch):
    settings = settings_of(20, 3, {"feature_fraction": 0.5}, {"num_leaves": 4})
    together = train_lightgbm("toy", codes, 4, settings, COMMON)
    monkeypatch.setattr("stages.train_lightgbm.AT_ONCE", 4)
    parts = train_lightgbm("toy", codes, 4, settings, COMMON)
    assert np.array_equal(parts.probabilities, together.probabilities)


def test_labels_of_test_rows_are_not_used(codes):
    settings = settings_of(20, 3, {}, {"num_leaves": 4})
    labels = np.where(codes.split == "test", 0, codes.labels)
    blind = Latents(**vars(codes) | {"labels": labels})
    assert np.array_equal(
        train_lightgbm("toy", blind, 4, settings, COMMON).probabilities,
        train_lightgbm("toy", codes, 4, settings, COMMON).probabilities,
    )


def test_early_stopping_keeps_the_best_number_of_trees(codes):
    stopped, whole = (
        train_lightgbm("toy", codes, 4, settings_of(100, patience, {"learning_rate": 0.5}), COMMON)
        for patience in (3, 0)
    )
    assert stopped.part("train").probabilities.max(1).mean() < whole.part("train").probabilities.max(1).mean()


def test_a_pair_of_classes_is_labelled_in_its_order(codes):
    pair, classes = choose_classes(codes, NAMES, ["class 3", "class 1"])
    assert classes == 2
    assert set(codes.labels[np.isin(codes.index, pair.index)]) == {1, 3}
    assert np.array_equal(pair.labels, (codes.labels[pair.index] == 1).astype(int))
    predictions = train_lightgbm("toy", pair, 2, DEFAULTS, COMMON)
    assert predictions.probabilities.shape == (200, 2)
    train = predictions.part("train")
    assert (train.probabilities.argmax(1) == train.labels).mean() > 0.9


def test_all_classes_keep_their_rows_and_labels(codes):
    every, classes = choose_classes(codes, NAMES, "all")
    assert classes == 4
    assert every is codes


def test_pixels_stand_in_for_codes(objects):
    objects.write("objects.npz")
    features = read_features("objects.npz")
    assert np.array_equal(features.codes[7], objects.images[7].reshape(-1))


def test_a_damaged_file_of_features_is_named():
    Path("codes.npz").write_bytes(b"not arrays")
    with pytest.raises(DamagedFile) as fault:
        read_features("codes.npz")
    assert fault.value.args[0] == "codes.npz"


@pytest.mark.parametrize("features", ["data/objects/cifar10.npz", "data/latents/cifar10/toy.npz"])
def test_the_stage_reads_its_section_and_writes_its_file(objects, codes, features):
    objects.write("data/objects/cifar10.npz")
    codes.write("data/latents/cifar10/toy.npz")
    section = {
        "common": COMMON.model_dump(),
        "settings": {"quick": DEFAULTS.model_dump()},
        "classifiers": {"toy": {"features": features, "settings": "quick", "classes": ["class 0", "class 2"]}},
    }
    Path("params.yaml").write_text(yaml.safe_dump({"lightgbm": section}))
    main("toy")
    predictions = Predictions.read("data/predictions/toy.npz")
    assert predictions.probabilities.shape == (200, 2)
    with pytest.raises(WrongParams) as fault:
        main("other")
    assert fault.value.args[0].startswith("lightgbm.classifiers.other.")
