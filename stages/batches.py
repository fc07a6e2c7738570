"""What the training loops of all networks share: the order of images, and whom the loops tell of their progress."""

from collections.abc import Iterator
from typing import Protocol

import torch
from torch import Tensor

from stages.errors import StageError


class Progress(Protocol):
    """What a loop tells of itself; `stages.learning.run.Run` is one."""

    def epochs(self) -> Iterator[int]: ...
    def log(self, **losses: Tensor) -> None: ...
    def record(self, **values: float) -> None: ...


def steps_per_epoch(n_images: int, batch_size: int) -> int:
    """How many whole batches the images fill. Raises StageError where they are too few for one."""
    if n_images < batch_size:
        raise StageError(
            f"batch_size {batch_size} is more than the {n_images} training images: lower it in params.yaml"
        )
    return n_images // batch_size


def batches(n: int, size: int, generator: torch.Generator) -> Iterator[Tensor]:
    """Row numbers of one epoch in random order, in batches of `size`; an incomplete last one is left out."""
    order = torch.randperm(n, generator=generator, device=generator.device)
    yield from order[: n - n % size].view(-1, size)
