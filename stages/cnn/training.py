"""How the CIFAR-10 specialist learns (arXiv 2404.00498, section 3, and its published hyperparameters)."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Annotated, Any

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import SGD
from torch.optim.lr_scheduler import LambdaLR

from stages.base.batches import Progress, batches, steps_per_epoch
from stages.base.params import Count, Section, Seed
from stages.cnn.augment import VIEWS, first_mirrored, shifted, view
from stages.cnn.network import CNN

Share = Annotated[float, Field(ge=0, lt=1)]
EXAMPLES = 1024  # learning rate and weight decay are given for a batch of so many
START, END = 0.2, 0.07  # first and last learning rate, relative to that at the peak
PEAK = 0.23  # share of all steps after which the peak comes
AVERAGE_EVERY, AVERAGE_DECAY = 5, 0.95  # steps between two updates of the averaged weights; decay per step at the end


class Training(Section):
    """Section `cnn.train`."""

    seed: Seed = 0
    epochs: Count = 10
    batch_size: Annotated[int, Field(ge=2)] = 1000
    learning_rate: Annotated[float, Field(gt=0)] = 11.5  # for 1,024 examples whose losses are summed
    momentum: Annotated[float, Field(gt=0, lt=1)] = 0.85
    weight_decay: Annotated[float, Field(ge=0)] = 0.0153  # for 1,024 examples
    shift_rate: Annotated[float, Field(gt=0)] = 64.0  # learning rate of the normalisations' shifts, relative
    label_smoothing: Share = 0.2
    whitening_epochs: Annotated[int, Field(ge=0)] = 3  # the first layer's bias learns in the first epochs only
    translate: Annotated[int, Field(ge=0, lt=32)] = 2  # pixels by which a training image is shifted at most


class Average:
    """A moving average of weights and normalisation statistics, to which the network jumps at each update.

    (Zhang et al. 2019, "Lookahead optimizer", with a decay that grows from 0 to `AVERAGE_DECAY` per step.)
    """

    def __init__(self, network: nn.Module, total: int) -> None:
        """`total` steps of the whole training: after the last one the network takes the average as it is."""
        self.network, self.total, self.steps = network, total, 0
        self.values = {name: value.clone() for name, value in self.floats()}

    def floats(self) -> list[tuple[str, Tensor]]:
        return [(name, value) for name, value in self.network.state_dict().items() if value.is_floating_point()]

    @torch.no_grad()
    def step(self) -> None:
        """Count a step; at every fifth one, average and jump."""
        self.steps += 1
        last = self.steps == self.total
        if not last and self.steps % AVERAGE_EVERY:
            return
        decay = 1.0 if last else AVERAGE_DECAY**AVERAGE_EVERY * (self.steps / self.total) ** 3
        for name, value in self.floats():
            value.copy_(self.values[name].lerp_(value, 1 - decay))

    def state_dict(self) -> dict[str, Any]:
        return {"steps": self.steps, "values": self.values}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.steps, self.values = state["steps"], state["values"]


class Trainer:
    """A network, its optimiser, its schedule and its average."""

    def __init__(
        self,
        network: CNN,
        training: Training,
        n_images: int,
        generator: torch.Generator,
        autocast: Callable[[], AbstractContextManager],
    ) -> None:
        """`generator` draws batches, flips and shifts; `autocast` sets the precision of a block.

        Raises StageError where `n_images` are too few for one batch.
        """
        self.network, self.training, self.generator, self.autocast = network, training, generator, autocast
        self.steps = steps_per_epoch(n_images, training.batch_size)
        total = training.epochs * self.steps
        # drawn before any checkpoint is taken up, so that a resumed run draws the same
        self.mirrored_first = first_mirrored(n_images, generator)
        self.optimizer = optimizer(network, training)
        self.schedule = LambdaLR(self.optimizer, lambda step: triangle(step / total))
        self.average = Average(network, total)

    @property
    def state(self) -> dict[str, Any]:
        """What a checkpoint holds, by name."""
        parts = {"network": self.network, "optimizer": self.optimizer, "schedule": self.schedule}
        return parts | {"average": self.average}

    def learn(
        self, progress: Progress, train: np.ndarray, labels: np.ndarray, watched: np.ndarray, truth: np.ndarray
    ) -> None:
        """Train for the epochs that `progress` has left to do.

        `train` and `watched` are images (N, H, W, C) uint8, `labels` and `truth` their classes (N,) int64; after
        each epoch `progress` records the accuracy on `watched`.
        """
        device = self.generator.device
        images, classes = torch.from_numpy(train).to(device), torch.from_numpy(labels).to(device)
        for epoch in progress.epochs():
            self.network.train()
            self.network.whiten.bias.requires_grad = epoch < self.training.whitening_epochs
            for rows in batches(len(images), self.training.batch_size, self.generator):
                mirror = self.mirrored_first[rows] ^ (epoch % 2 == 1)
                batch = shifted(images[rows], self.training.translate, mirror, self.generator)
                progress.log(loss=self.step(batch, classes[rows]))
            guesses = predict(self.network, watched, "plain", self.autocast).argmax(1)
            progress.record(validation_accuracy=float((guesses == truth).mean()))

    def step(self, images: Tensor, classes: Tensor) -> Tensor:
        """One step on images (N, C, H, W) uint8 of classes (N,) int64; the mean loss, detached."""
        with self.autocast():
            logits = self.network(images)
        loss = F.cross_entropy(logits.float(), classes, label_smoothing=self.training.label_smoothing)
        loss.backward()
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.schedule.step()
        self.average.step()
        return loss.detach()


def optimizer(network: CNN, training: Training) -> SGD:
    """Stochastic gradient descent with Nesterov momentum; the normalisations' shifts learn faster.

    The published rates are for summed losses of 1,024 examples, before momentum multiplies them.
    """
    unit = EXAMPLES * (1 + 1 / (1 - training.momentum))
    rate = training.learning_rate / unit * training.batch_size  # the loss here is the mean over the batch
    decay = training.weight_decay / unit * training.batch_size
    learned = [(name, value) for name, value in network.named_parameters() if value.requires_grad]
    shifts = [value for name, value in learned if name.startswith("blocks") and name.endswith("bias")]
    others = [value for name, value in learned if not (name.startswith("blocks") and name.endswith("bias"))]
    groups = [
        {"params": others, "lr": rate, "weight_decay": decay / rate},
        {"params": shifts, "lr": rate * training.shift_rate, "weight_decay": decay / (rate * training.shift_rate)},
    ]
    return SGD(groups, momentum=training.momentum, nesterov=True, fused=True)


def triangle(share: float) -> float:
    """The learning rate, relative to its peak, after a share in [0, 1] of all steps."""
    return float(np.interp(share, [0, PEAK, 1], [START, 1, END]))


def predict(
    network: CNN, images: np.ndarray, views: str, autocast: Callable[[], AbstractContextManager], size: int = 500
) -> np.ndarray:
    """Class probabilities (N, classes) float32 of images (N, H, W, C) uint8: the logits' mean over `VIEWS[views]`."""
    network.eval()
    device = next(network.parameters()).device
    parts = []
    with torch.inference_mode(), autocast():
        for start in range(0, len(images), size):
            batch = torch.from_numpy(images[start : start + size]).to(device)
            whole = torch.full((len(batch),), 1, device=device)
            logits = sum(
                weight * network(view(batch, down * whole, right * whole, (mirror * whole).bool())).float()
                for down, right, mirror, weight in VIEWS[views]
            )
            parts.append(logits.softmax(1))
    return torch.cat(parts).cpu().numpy()
