"""How the CIFAR-10 specialist learns: augmentation of arXiv 2404.00498, section 3, and the optimisers and rates of the
same author's airbench94_muon (github.com/KellerJordan/cifar10-airbench)."""

import math
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from typing import Annotated, Any

import numpy as np
import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional as F
from torch.optim import SGD, Optimizer
from torch.optim.lr_scheduler import LambdaLR

from stages.base.batches import batches, steps_per_epoch
from stages.base.params import Count, Section, Seed
from stages.base.tables import Images
from stages.cnn.augment import VIEWS, Views, draw_mirrored, shift, view
from stages.cnn.muon import Muon
from stages.cnn.network import CNN, Norm

Rate = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(ge=0, lt=1)]
SGD_MOMENTUM = 0.85
MEMORY = 0.6  # share of the normalisations' running statistics that a batch leaves: short, for a few hundred steps
AT_ONCE = 1000  # images of a batch that pass through the network together, which bounds the memory


class CNNTraining(Section):
    """Section `cnn.training`; rates and decay are for losses summed over a batch."""

    seed: Seed
    epochs: Count
    batch_size: Annotated[int, Field(ge=2)]
    learning_rate: Rate  # of the filters: what Muon moves them by, where their norm per output is 1
    momentum: Share  # of the filters' gradients
    shift_rate: Rate  # of the normalisations' shifts and of the whitening layer's bias
    head_rate: Rate  # of the linear head
    weight_decay: Annotated[float, Field(ge=0)]  # per image, of all but the filters
    label_smoothing: Share
    whitening_epochs: Count  # the first layer's bias learns in the first epochs only
    translate: Annotated[int, Field(ge=0, lt=32)]  # pixels by which a training image is shifted at most


class CNNTrainer:
    """A network, its images, its optimisers and their schedules."""

    def __init__(
        self,
        network: CNN,
        training: CNNTraining,
        train: Images,
        validation: Images,
        generator: torch.Generator,
        autocast: Callable[[], AbstractContextManager],
    ) -> None:
        """Learn `train`; after each epoch measure the accuracy on `validation`.

        `generator` draws batches, flips and shifts; `autocast` sets the precision of a block. Raises TooFewImages
        where the images do not fill a batch.
        """
        self.network, self.training, self.generator, self.autocast = network, training, generator, autocast
        self.steps = steps_per_epoch(len(train), training.batch_size)
        parts = math.ceil(training.batch_size / AT_ONCE)  # of each batch, after which the statistics change
        for layer in network.modules():
            if isinstance(layer, Norm):
                layer.momentum = 1 - MEMORY ** (1 / parts)
        self.images = torch.from_numpy(train.images).to(generator.device)
        self.labels = torch.from_numpy(train.labels).to(generator.device)
        self.validation = validation
        # drawn before any checkpoint is taken up, so that a resumed run draws the same
        self.mirrored_first = draw_mirrored(len(train), generator)
        self.optimizers = make_optimizers(network, training)
        whole, short = (
            partial(fall, steps=epochs * self.steps) for epochs in (training.epochs, training.whitening_epochs)
        )
        self.schedules = {
            "filters": LambdaLR(self.optimizers["filters"], whole),
            "others": LambdaLR(self.optimizers["others"], [short, whole, whole]),
        }

    @property
    def state(self) -> dict[str, Any]:
        """What a checkpoint holds, by name."""
        optimizers = {f"{name}_optimizer": optimizer for name, optimizer in self.optimizers.items()}
        schedules = {f"{name}_schedule": schedule for name, schedule in self.schedules.items()}
        return {"network": self.network, **optimizers, **schedules}

    def epoch(self, number: int) -> Iterator[dict[str, Tensor]]:
        """Learn from all images once; the loss of each step."""
        self.network.train()
        for rows in batches(len(self.images), self.training.batch_size, self.generator):
            mirror = self.mirrored_first[rows] ^ (number % 2 == 1)
            images = shift(self.images[rows], self.training.translate, mirror, self.generator)
            yield {"loss": self.step(images, self.labels[rows])}

    def measure(self) -> dict[str, float]:
        """The accuracy on the validation images as they are."""
        guesses = predict(self.network, self.validation.images, "plain", self.autocast).argmax(1)
        return {"validation_accuracy": float((guesses == self.validation.labels).mean())}

    def step(self, images: Tensor, classes: Tensor) -> Tensor:
        """One step on images (N, C, H, W) uint8 of classes (N,) int64; the mean loss, detached."""
        total = torch.zeros((), device=images.device)
        for some, true in zip(images.split(AT_ONCE), classes.split(AT_ONCE), strict=True):
            with self.autocast():
                logits = self.network(some)
            smoothing = self.training.label_smoothing
            loss = F.cross_entropy(logits.float(), true, label_smoothing=smoothing, reduction="sum")
            loss.backward()
            total += loss.detach()
        for optimizer in self.optimizers.values():
            optimizer.step()
            optimizer.zero_grad()
        for schedule in self.schedules.values():
            schedule.step()
        return total / len(images)


def make_optimizers(network: CNN, training: CNNTraining) -> dict[str, Optimizer]:
    """Muon for the filters; stochastic gradient descent for the first layer's bias, the shifts and the head."""
    learned = [weight for weight in network.blocks.parameters() if weight.requires_grad]
    groups = [
        (training.shift_rate, [network.whiten.bias]),
        (training.shift_rate, [weight for weight in learned if weight.ndim == 1]),
        (training.head_rate, [network.head.weight]),
    ]
    decay = training.weight_decay * training.batch_size  # in one step, whatever the rate
    others = [{"params": weights, "lr": rate, "weight_decay": decay / rate} for rate, weights in groups]
    return {
        "filters": Muon((weight for weight in learned if weight.ndim == 4), training.learning_rate, training.momentum),
        "others": SGD(others, momentum=SGD_MOMENTUM, nesterov=True, fused=True),
    }


def fall(step: int, steps: int) -> float:
    """A rate, relative to the first, that falls evenly to 0 in so many steps."""
    return max(0.0, 1 - step / steps)


def predict(
    network: CNN, images: np.ndarray, views: Views, autocast: Callable[[], AbstractContextManager], size: int = 500
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
