"""What surrounds every training: progress, curves, checkpoints, and a stop where a loss is not finite.

with fitted(trainer, name="digits/gaussian", epochs=50, digest=digest(params, images), curves=folder):
    save_weights(network, path)
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, Protocol, TypeVar

import torch
from dvclive import Live
from torch import Tensor
from tqdm import tqdm

from stages.base.errors import StageError
from stages.base.files import naming
from stages.learning.checkpoints import Checkpoint

T = TypeVar("T")
LOOK = 25  # steps between two looks at the losses, which make a GPU wait


class NotFinite(StageError):
    """(training, loss or measure, value, step)."""


class Trainer(Protocol):
    """What learns, an epoch at a time."""

    steps: int  # per epoch
    generator: torch.Generator  # draws all that is random
    state: dict[str, Any]  # networks, optimisers, schedules: what a checkpoint holds, by name

    def epoch(self, number: int) -> Iterator[dict[str, Tensor]]:
        """Learn for one epoch; the losses of each step, as detached scalars."""

    def measure(self) -> dict[str, float]:
        """Measures after an epoch, such as the validation error."""


@contextmanager
def fitted(trainer: Trainer, *, name: str, epochs: int, digest: str, curves: Path) -> Iterator[None]:
    """Let the trainer learn, from its last checkpoint on; inside the block it has learned, and what it did is saved.

    The checkpoint is deleted when the block ends well, so that weights that found no room need no second training.
    dvclive writes the mean losses and the measures of each epoch to the folder `curves`. Raises NotFinite where one
    of them is not finite.
    """
    checkpoint = Checkpoint(name, digest)
    history = checkpoint.restore(trainer)
    with naming(curves):
        live = Live(str(curves), dvcyaml=None, save_dvc_exp=False, report=None, monitor_system=False)
        with live, tqdm(total=epochs * trainer.steps, initial=len(history) * trainer.steps, desc=name) as bar:
            for values in history:
                plot(live, values)
            for number in range(len(history), epochs):
                values = mean_losses(name, trainer.epoch(number), number * trainer.steps, bar)
                for measure, value in trainer.measure().items():
                    values[measure] = require_finite(name, measure, value, (number + 1) * trainer.steps)
                history.append(values)
                checkpoint.save(trainer, history)
                plot(live, values)
    yield
    checkpoint.delete()


def mean_losses(name: str, steps: Iterator[dict[str, Tensor]], first: int, bar: tqdm) -> dict[str, float]:
    """The mean of each loss over an epoch's steps, `first` of which came before, and each of which the bar shows."""
    sums: dict[str, float] = {}
    number = first
    counted = count_steps(steps, bar)
    while some := list(islice(counted, LOOK)):
        for values in torch.stack([torch.stack([*step.values()]).float() for step in some]).tolist():
            number += 1
            for loss, value in zip(some[0], values, strict=True):
                sums[loss] = sums.get(loss, 0.0) + require_finite(name, f"{loss} loss", value, number)
        bar.set_postfix({loss: f"{value:.4f}" for loss, value in zip(some[0], values, strict=True)}, refresh=False)
    return {loss: total / (number - first) for loss, total in sums.items()}


def count_steps(steps: Iterator[T], bar: tqdm) -> Iterator[T]:
    """The same steps; the bar moves with each."""
    for step in steps:
        bar.update()
        yield step


def require_finite(name: str, what: str, value: float, step: int) -> float:
    """`value`, where it is finite; raises NotFinite, naming the training, where not."""
    if not math.isfinite(value):
        raise NotFinite(name, what, value, step)
    return value


def plot(live: Live, values: dict[str, float]) -> None:
    """One more point on each curve."""
    for name, value in values.items():
        live.log_metric(name, value)
    live.next_step()
