from collections.abc import Callable
from itertools import pairwise, product
from typing import Any

import numpy as np
import pytest
import torch

from stages.aae.inference import encode, reconstruct
from stages.aae.networks import AAE, AAEArchitecture
from stages.aae.training import AAETrainer, AAETraining, add_noise, flip, shift
from stages.base.tables import Images
from stages.measure.codes import petal_accuracy, sliced_w2
from tests.networks import GAUSSIAN, LEARNING, UMBRELLA, digits_architecture

FAST = {"epochs": 60, "batch_size": 40, "learning_rate": 0.005, "discriminator_learning_rate": 0.005}
SLOW = {"epochs": 200, "batch_size": 40, "learning_rate": 0.002, "discriminator_learning_rate": 0.002}


@pytest.fixture
def make(digits, machine) -> Callable[..., AAETrainer]:
    """A trainer of the 80 training digits; with labels where they are given."""

    def made(prior: dict[str, Any], labels: np.ndarray | None = None, labelled_batch: int = 0, **values) -> AAETrainer:
        generator, train, watched = machine.seed(0), digits.part("train").images, digits.part("validation").images
        small = digits_architecture(prior, hidden=32, classes=0 if labels is None else 10)
        aae = AAE(AAEArchitecture(**small.model_dump() | {"discriminator": [128, 128]}))
        training = AAETraining(**LEARNING | FAST | values)
        return AAETrainer(aae, training, train, watched, generator, machine.autocast, labels, labelled_batch)

    return made


def learn(trainer: AAETrainer, data: Images) -> np.ndarray:
    """Codes of the training images after the training."""
    for number in range(trainer.training.epochs):
        for losses in trainer.epoch(number):
            assert all(loss.isfinite() for loss in losses.values())
    trainer.aae.eval()
    return encode(trainer.aae, data.part("train").images)


def distance_to_prior(trainer: AAETrainer, codes: np.ndarray) -> float:
    samples, _ = trainer.aae.prior.sample(len(codes), torch.Generator().manual_seed(0))
    return sliced_w2(codes, samples.numpy(), seed=0, n_projections=200)


@pytest.mark.parametrize(
    ("weak", "strong"),
    [
        ({"adversarial_weight": 0.0}, {"adversarial_weight": 0.05}),
        ({"adversarial_weight": 0.0}, {"adversarial_weight": 0.0, "mmd_weight": 0.1}),
    ],
    ids=["generator loss", "discrepancy"],
)
def test_a_term_draws_codes_to_the_prior(digits, make, weak, strong):
    distances = []
    for values in (weak, strong):
        trainer = make(GAUSSIAN, **values)
        distances.append(distance_to_prior(trainer, learn(trainer, digits)))
    assert distances[1] < 0.5 * distances[0]


@pytest.mark.parametrize("term", [{"adversarial_weight": 0.005}, {"adversarial_weight": 0.0, "mmd_weight": 0.1}])
def test_labels_choose_the_petal(digits, make, term):
    labels = digits.part("train").labels
    trainer = make(UMBRELLA, labels, **SLOW | term)
    codes = learn(trainer, digits)
    assert petal_accuracy(trainer.aae.prior.component_density(codes), labels) > 0.8


def test_each_batch_is_extended_by_labelled_images(digits, make, monkeypatch):
    labels, batches = np.where(np.arange(80) < 20, digits.part("train").labels, 10), []
    trainer = make(UMBRELLA, labels, labelled_batch=7)
    monkeypatch.setattr(trainer, "step", lambda images, labels: batches.append((images, labels)) or {})
    list(trainer.epoch(0))
    assert [images.shape for images, _ in batches] == 2 * [(47, 1, 28, 28)]
    assert sorted(torch.cat([told[:40] for _, told in batches]).tolist()) == sorted(labels.tolist())
    assert all((told[40:] < 10).all() for _, told in batches)


def test_samples_for_labelled_images_come_from_their_labels_component(digits, make):
    labels = torch.arange(11).repeat(20)
    trainer = make(UMBRELLA, digits.part("train").labels)
    samples = trainer.sample_prior(220, labels)
    found = trainer.aae.prior.component_density(samples.numpy()).argmax(1)
    assert (found == labels.numpy())[labels.numpy() < 10].mean() > 0.95
    assert len(np.unique(found[labels.numpy() == 10])) > 5


def test_errors_of_learned_and_watched_images_are_of_as_many_as_they_are(digits, make):
    trainer = make(GAUSSIAN, noise=0.5, flips=True)
    list(trainer.epoch(0))
    before = trainer.generator.get_state()
    measured = trainer.measure()
    assert torch.equal(trainer.generator.get_state(), before)
    expected = {}
    for name, images in (("train", digits.part("train").images[:20]), ("watched", digits.part("validation").images)):
        assert len(images) == 20
        expected[f"{name}_mse"] = np.square(reconstruct(trainer.aae.eval(), images) - images / 255).mean()
    assert measured == pytest.approx(expected, rel=1e-4)


def test_each_step_learns_also_the_last(make):
    trainer = make(UMBRELLA, epochs=2)
    weights = [torch.cat([value.flatten() for value in trainer.aae.decoder.parameters()])]
    for number in range(2):
        for _ in trainer.epoch(number):
            weights.append(torch.cat([value.flatten() for value in trainer.aae.decoder.parameters()]))
    assert len(weights) == 5
    assert not any(torch.equal(before, after) for before, after in pairwise(weights))


def test_the_generator_loss_leaves_the_discriminator_alone(make):
    """What the second half of a step does must not reach the discriminator's next update."""
    trainer = make(UMBRELLA, adversarial_weight=1.0)
    trainer.step(torch.rand(40, 1, 28, 28), None)
    assert all(value.grad is None for value in trainer.aae.discriminator.parameters())
    assert all(value.requires_grad for value in trainer.aae.discriminator.parameters())


@pytest.mark.parametrize("change", [{"shift": 2}, {"noise": 0.1}])
def test_the_encoder_sees_other_images_than_those_that_are_to_be_given(make, monkeypatch, change):
    trainer, seen, targets = make(GAUSSIAN, **change), [], []
    error = trainer.error
    monkeypatch.setattr(trainer, "error", lambda given, images: targets.append(images) or error(given, images))
    trainer.aae.encoder.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    images = torch.rand(40, 1, 28, 28)
    trainer.step(images, None)
    assert torch.equal(targets[0], images)
    assert seen[0].shape == images.shape
    assert not torch.equal(seen[0], images)


def test_the_discrepancy_of_images_without_labels_is_among_themselves(digits, make):
    trainer = make(UMBRELLA, digits.part("train").labels)
    labels = torch.arange(11).repeat(40)
    samples = trainer.sample_prior(440, labels)
    moved = torch.where((labels == 10)[:, None], samples + 3.0, samples)
    near, far = (trainer.discrepancy(codes, trainer.sample_prior(440, labels), labels) for codes in (samples, moved))
    assert far > near + 0.01


def test_noise_has_the_deviation_asked_for_and_none_draws_nothing(generator):
    values, before = torch.zeros(1000, 20), generator.get_state()
    assert add_noise(values, 0.0, generator) is values
    assert torch.equal(generator.get_state(), before)
    assert add_noise(values, 0.3, generator).std().item() == pytest.approx(0.3, rel=0.02)


def test_a_shift_moves_an_image_by_up_to_as_many_pixels_over_black(generator):
    images, before = torch.zeros(500, 1, 7, 9), generator.get_state()
    images[:, :, 3, 4] = 1
    assert shift(images, 0, generator) is images
    assert torch.equal(generator.get_state(), before)
    moved = shift(images * torch.tensor([1, 2, 3])[:, None, None], 2, generator)
    assert moved.shape == (500, 3, 7, 9)
    _, _, rows, columns = moved[:, :1].nonzero(as_tuple=True)
    assert set(zip(rows.tolist(), columns.tolist(), strict=True)) == set(product(range(1, 6), range(2, 7)))
    assert torch.equal(moved, moved[:, :1] * torch.tensor([1, 2, 3])[:, None, None])
    assert moved[:, 0].sum() == 500
    assert (shift(images, 5, generator).sum((1, 2, 3)) == 0).any(), "what leaves on one side does not return"


def test_about_half_of_a_batch_is_mirrored_and_the_rest_is_not(generator):
    images = torch.arange(6.0).view(1, 1, 2, 3).expand(1000, -1, -1, -1)
    mirrored = flip(images, generator)
    turned = (mirrored == images.flip(3)).all((1, 2, 3))
    same = (mirrored == images).all((1, 2, 3))
    assert (turned ^ same).all()
    assert turned.float().mean().item() == pytest.approx(0.5, abs=0.06)
