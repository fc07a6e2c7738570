import numpy as np
import pytest
import torch

from stages.aae.inference import encode
from stages.aae.networks import AAE, Architecture, Dense
from stages.aae.training import Regularisation, Trainer, Training, balanced, flipped, noisy
from stages.base.tables import Images
from stages.learning.compute import Machine
from stages.measure.codes import petal_accuracy, sliced_w2

TRAINING = Training(epochs=60, batch_size=40, learning_rate=0.005, discriminator_learning_rate=0.005)
SLOW = Training(epochs=400, batch_size=40, learning_rate=0.001, discriminator_learning_rate=0.001)


class Silent:
    """A progress that only counts epochs."""

    def __init__(self, epochs):
        self.total = epochs

    def epochs(self):
        return iter(range(self.total))

    def log(self, **losses):
        assert all(loss.isfinite() for loss in losses.values())

    def record(self, **values):
        pass


def trainer(
    machine: Machine, n: int, kind: str, classes: int = 0, training: Training = TRAINING, **settings
) -> Trainer:
    generator = machine.seed(0)
    autoencoder, prior = Dense(hidden=[32]), {"kind": kind}
    aae = AAE(Architecture(image_shape=(1, 28, 28), prior=prior, autoencoder=autoencoder, classes=classes))
    return Trainer(aae, training, Regularisation(**settings), n, generator, machine.autocast)


def learned(one: Trainer, data: Images, labels: np.ndarray | None = None) -> np.ndarray:
    """Codes of the training images after the training."""
    images = data.part("train").images
    one.learn(Silent(one.training.epochs), images, labels, images)
    return encode(one.aae, images)


def test_the_generator_loss_draws_codes_to_the_prior(digits, machine):
    distance = {}
    for weight in (0.0, 0.05):
        one = trainer(machine, 80, "gaussian", adversarial_weight=weight)
        codes = learned(one, digits)
        samples, _ = one.aae.prior.sample(len(codes), torch.Generator().manual_seed(0))
        distance[weight] = sliced_w2(codes, samples.numpy(), seed=0)
    assert distance[0.05] < 0.5 * distance[0.0]


@pytest.mark.parametrize("shift", [0, 3])
def test_told_labels_choose_the_petal(digits, machine, shift):
    told = (digits.part("train").labels + shift) % 10
    one = trainer(machine, 80, "umbrella", classes=10, training=SLOW, adversarial_weight=0.005)
    codes = learned(one, digits, told)
    assert petal_accuracy(one.aae.prior.component_density(codes), told) > 0.8


def test_the_generator_loss_leaves_the_discriminator_alone(machine):
    """What the second half of a step does must not reach the discriminator's next update."""
    one = trainer(machine, 80, "umbrella", adversarial_weight=1.0)
    one.step(torch.rand(40, 1, 28, 28), None)
    assert all(value.grad is None for value in one.aae.discriminator.parameters())
    assert all(value.requires_grad for value in one.aae.discriminator.parameters())


def test_the_weight_of_the_generator_loss_grows_evenly(machine):
    one = trainer(machine, 80, "umbrella", adversarial_weight=0.05, adversarial_growth=9.0)
    weights = []
    for _ in range(TRAINING.epochs * one.steps):
        weights.append(one.weight)
        one.step(torch.rand(40, 1, 28, 28), None)
    assert np.diff([*weights, one.weight]) == pytest.approx(0.4 / len(weights))
    assert (weights[0], one.weight) == pytest.approx((0.05, 0.45))


def test_a_growing_weight_draws_codes_nearer_to_the_prior(digits, machine):
    distance = {}
    for growth in (1.0, 5000.0):
        one = trainer(machine, 80, "gaussian", adversarial_weight=0.00001, adversarial_growth=growth)
        codes = learned(one, digits)
        samples, _ = one.aae.prior.sample(len(codes), torch.Generator().manual_seed(0))
        distance[growth] = sliced_w2(codes, samples.numpy(), seed=0)
    assert distance[5000.0] < 0.5 * distance[1.0]


def test_noise_on_codes_fades_to_none(machine):
    one = trainer(machine, 80, "umbrella", adversarial_weight=0.0, code_noise=1.0)
    codes = torch.zeros(20_000, 2)
    assert one.blurred(codes).std().item() == pytest.approx(1, rel=0.02)
    for _ in range(int(0.3 * TRAINING.epochs * one.steps)):
        one.step(torch.rand(40, 1, 28, 28), None)
    assert one.blurred(codes).std().item() == pytest.approx(0.5, rel=0.02)
    for _ in range(int(0.3 * TRAINING.epochs * one.steps)):
        one.step(torch.rand(40, 1, 28, 28), None)
    assert torch.equal(one.blurred(codes), codes)


def test_balanced_components_differ_by_one_in_a_batch_and_not_in_the_long_run(generator):
    drawn = torch.stack([balanced(256, 10, generator).bincount(minlength=10) for _ in range(2000)])
    assert set(drawn.unique().tolist()) == {25, 26}
    assert drawn.float().mean(0).numpy() == pytest.approx(np.full(10, 25.6), abs=0.05)


def test_noise_has_the_deviation_asked_for_and_none_draws_nothing(generator):
    values, before = torch.zeros(1000, 20), generator.get_state()
    assert noisy(values, 0.0, generator) is values
    assert torch.equal(generator.get_state(), before)
    assert noisy(values, 0.3, generator).std().item() == pytest.approx(0.3, rel=0.02)


def test_about_half_of_a_batch_is_mirrored_and_the_rest_is_not(generator):
    images = torch.arange(6.0).view(1, 1, 2, 3).expand(1000, -1, -1, -1)
    mirrored = flipped(images, generator)
    turned = (mirrored == images.flip(3)).all((1, 2, 3))
    same = (mirrored == images).all((1, 2, 3))
    assert (turned ^ same).all()
    assert turned.float().mean().item() == pytest.approx(0.5, abs=0.06)
