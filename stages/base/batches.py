"""The order in which trainings see images."""

from collections.abc import Iterator

import torch
from torch import Tensor

from stages.base.errors import StageError


class TooFewImages(StageError):
    """(training images, batch_size)."""


def steps_per_epoch(n_images: int, batch_size: int) -> int:
    """How many whole batches the images fill. Raises TooFewImages where they do not fill one."""
    if n_images < batch_size:
        raise TooFewImages(n_images, batch_size)
    return n_images // batch_size


def batches(n: int, size: int, generator: torch.Generator) -> Iterator[Tensor]:
    """Row numbers of one epoch in random order, in batches of `size`; an incomplete last one is left out."""
    order = torch.randperm(n, generator=generator, device=generator.device)
    yield from order[: n - n % size].view(-1, size)
