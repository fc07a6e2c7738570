from contextlib import nullcontext
from itertools import pairwise

import numpy as np
import pytest
import torch

from stages.cnn.network import CNN, CNNArchitecture
from stages.cnn.training import CNNTrainer, CNNTraining, predict
from tests.conftest import blobs

SMALL = CNNArchitecture(image_shape=(3, 12, 12), classes=4, widths=[16, 24])
TRAINING = CNNTraining(
    seed=0,
    epochs=3,
    batch_size=10,
    learning_rate=0.2,
    momentum=0.6,
    shift_rate=0.5,
    head_rate=0.05,
    weight_decay=0.00001,
    label_smoothing=0.2,
    whitening_epochs=1,
    translate=1,
)


@pytest.fixture
def trainer() -> CNNTrainer:
    return make_trainer()


def make_trainer() -> CNNTrainer:
    """Of the same weights and data each time."""
    data = blobs(60, (12, 12, 3), 4, {"train": 40, "validation": 20})
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(0)
    return CNNTrainer(CNN(SMALL), TRAINING, data.part("train"), data.part("validation"), generator, nullcontext)


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (7, 12, 12, 3), dtype=np.uint8)


def rates(trainer: CNNTrainer) -> list[float]:
    """Those of the filters, the first layer's bias, the shifts and the head."""
    return [group["lr"] for optimizer in trainer.optimizers.values() for group in optimizer.param_groups]


def test_rates_fall_evenly_to_zero_and_the_first_layers_bias_stops_early(trainer):
    seen = [rates(trainer)]
    for number in range(TRAINING.epochs):
        for _ in trainer.epoch(number):
            seen.append(rates(trainer))
    seen = np.array(seen) / seen[0]
    assert len(seen) == 13
    for column in (0, 2, 3):
        assert seen[:, column] == pytest.approx(1 - np.arange(13) / 12)
    assert seen[:, 1] == pytest.approx(np.maximum(1 - np.arange(13) / 4, 0))


def test_each_step_learns_also_the_last(trainer):
    def weights() -> list[torch.Tensor]:
        return [trainer.network.blocks[0][0].weight.clone(), trainer.network.head.weight.clone()]

    before = weights()
    for number in range(TRAINING.epochs):
        for _ in trainer.epoch(number):
            after = weights()
            assert not any(map(torch.equal, before, after))
            before = after
    assert rates(trainer) == [0, 0, 0, 0]


def test_running_statistics_forget_as_much_per_batch_however_it_is_divided(monkeypatch):
    def statistics() -> torch.Tensor:
        """Of the first normalisation, after batches whose parts are all alike."""
        trainer = make_trainer()
        images = torch.from_numpy(blobs(5, (12, 12, 3), 4, {"train": 5}).images).permute(0, 3, 1, 2).repeat(2, 1, 1, 1)
        for _ in range(3):
            trainer.network.train()
            trainer.step(images, torch.arange(5).repeat(2) % 4)
        return trainer.network.blocks[0][2].running_mean

    whole = statistics()
    monkeypatch.setattr("stages.cnn.training.AT_ONCE", 5)
    assert statistics() == pytest.approx(whole.numpy(), rel=0.01)


def test_the_first_layers_bias_learns_in_the_first_epochs_only(trainer):
    biases = [trainer.network.whiten.bias.clone()]
    for number in range(TRAINING.epochs):
        list(trainer.epoch(number))
        biases.append(trainer.network.whiten.bias.clone())
    assert [torch.equal(a, b) for a, b in pairwise(biases)] == [False, True, True]


def test_every_learned_weight_has_one_rate_and_all_but_filters_decay_alike(trainer):
    filters, others = trainer.optimizers["filters"].param_groups, trainer.optimizers["others"].param_groups
    optimised = [weight for group in (*filters, *others) for weight in group["params"]]
    learned = [weight for weight in trainer.network.parameters() if weight.requires_grad]
    assert sorted(map(id, optimised)) == sorted(map(id, learned))
    assert all(weight.ndim == 4 for weight in filters[0]["params"])
    assert len({group["lr"] for group in others}) == 2
    for group in others:
        assert group["lr"] * group["weight_decay"] == pytest.approx(0.0001)


def test_a_batch_in_parts_is_one_step_on_the_sum_of_their_losses(monkeypatch):
    found = []
    for at_once in (10, 4):
        monkeypatch.setattr("stages.cnn.training.AT_ONCE", at_once)
        trainer = make_trainer()
        trainer.network.eval()  # normalisations would else have each part's statistics
        loss = trainer.step(trainer.images[:10].permute(0, 3, 1, 2), trainer.labels[:10])
        found.append((loss, trainer.network.head.weight))
    assert torch.allclose(found[0][0], found[1][0], rtol=1e-5)
    assert torch.allclose(found[0][1], found[1][1], atol=1e-6)


@pytest.mark.parametrize("views", ["plain", "flips", "flips_and_shifts"])
def test_probabilities_do_not_depend_on_the_batch(images, views):
    network = CNN(SMALL)
    whole = predict(network, images, views, nullcontext)
    assert whole.shape == (7, 4)
    assert np.allclose(whole.sum(1), 1, atol=1e-6)
    assert np.allclose(whole, predict(network, images, views, nullcontext, size=2), atol=1e-6)


def test_a_mirrored_image_gets_the_same_prediction_from_both_flips(images):
    network = CNN(SMALL)
    network.calibrate(torch.from_numpy(images).permute(0, 3, 1, 2))
    mirrored = np.ascontiguousarray(images[:, :, ::-1])
    assert np.allclose(predict(network, images, "flips", nullcontext), predict(network, mirrored, "flips", nullcontext))
    plain = predict(network, images, "plain", nullcontext)
    assert not np.allclose(plain, predict(network, mirrored, "plain", nullcontext))
