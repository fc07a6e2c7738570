from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from stages.base.params import WrongParams
from stages.base.tables import Latents, Predictions
from stages.train_linear import main, train_linear
from tests.classifiers import check_predictions, four_classes, log_loss, noisy_codes


@pytest.fixture
def codes() -> Latents:
    return noisy_codes(four_classes())


def test_every_row_gets_probabilities_and_most_test_rows_their_class(codes):
    check_predictions(train_linear("toy", codes, [1.0]), codes)


def test_the_fit_is_the_optimum_of_the_regression(codes):
    # at the optimum of a regression that is hardly restrained, each class has as much probability as rows
    train = train_linear("toy", codes, [1e6]).part("train")
    assert train.probabilities.mean(0) == pytest.approx(np.bincount(train.labels) / len(train), abs=1e-3)
    values = codes.part("train").codes
    errors = train.probabilities - np.eye(4)[train.labels]
    assert errors.T @ ((values - values.mean(0)) / values.std(0)) / len(train) == pytest.approx(
        np.zeros((4, 6)), abs=1e-3
    )


def test_the_candidate_of_least_validation_loss_predicts(codes):
    # noise beside the features, which too weak a penalty fits, and too strong a one does not tell from them
    noise = np.random.default_rng(1).standard_normal((400, 60)).astype(np.float32)
    noisy = replace(codes, codes=np.concatenate([codes.codes, noise], 1))
    candidates = [1e-5, 0.03, 100.0]
    alone = [train_linear("toy", noisy, [c]) for c in candidates]
    assert log_loss(alone[1], "validation") < min(log_loss(alone[0], "validation"), log_loss(alone[2], "validation"))
    assert log_loss(alone[2], "train") < log_loss(alone[1], "train")
    for order in (candidates, candidates[::-1]):
        assert np.array_equal(train_linear("toy", noisy, order).probabilities, alone[1].probabilities)


def test_labels_and_codes_of_test_rows_are_not_used(codes):
    test = codes.split == "test"
    blind = replace(
        codes,
        labels=np.where(test, 0, codes.labels),
        codes=np.where(test[:, None], 1e3, codes.codes),
    )
    for split in ("train", "validation"):
        assert np.array_equal(
            train_linear("toy", blind, [0.1, 1.0]).part(split).probabilities,
            train_linear("toy", codes, [0.1, 1.0]).part(split).probabilities,
        )


def test_the_unit_of_a_feature_does_not_matter_and_a_constant_one_does_no_harm(codes):
    other = codes.codes * np.array([1000, 0.001, 1, 1, 1, 1], np.float32) + np.float32(5)
    constant = np.full((400, 1), 7, np.float32)
    changed = train_linear("toy", replace(codes, codes=np.concatenate([other, constant], 1)), [0.01])
    assert changed.probabilities == pytest.approx(train_linear("toy", codes, [0.01]).probabilities, abs=2e-3)


def test_the_stage_reads_its_section_and_writes_its_file(codes):
    codes.write("data/latents/cifar10/toy.npz")
    section = {
        "common": {"candidates": [0.01, 1.0]},
        "classifiers": {"toy": {"label": "a toy", "features": "data/latents/cifar10/toy.npz"}},
    }
    Path("params.yaml").write_text(yaml.safe_dump({"linear": section}))
    main("toy")
    predictions = Predictions.read("data/predictions/toy.npz")
    assert np.array_equal(predictions.probabilities, train_linear("toy", codes, [0.01, 1.0]).probabilities)
    with pytest.raises(WrongParams) as fault:
        main("other")
    assert fault.value.args[0] == "linear.classifiers.other.features"


@pytest.mark.parametrize("candidates", [[], [0.0], [-1.0]])
def test_candidates_are_positive(codes, candidates):
    codes.write("toy.npz")
    section = {"common": {"candidates": candidates}, "classifiers": {"toy": {"features": "toy.npz"}}}
    Path("params.yaml").write_text(yaml.safe_dump({"linear": section}))
    with pytest.raises(WrongParams):
        main("toy")
