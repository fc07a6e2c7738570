"""The training loop that all adversarial autoencoders share (Makhzani et al. 2015, section 2).

Each step has the paper's two phases. Reconstruction and regularisation share one pass of the encoder: the
discriminator first learns on detached codes, then encoder and decoder take one step on the reconstruction
error plus the weighted generator loss. (A discriminator step between the encoder's forward and backward pass
touches no weight of that pass but the discriminator's own, whose pass for the generator loss comes after it.)
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Annotated, Any, Protocol

import numpy as np
import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional as F
from torch.nn.utils import clip_grad_norm_
from torch.optim import Adam
from torch.optim.lr_scheduler import OneCycleLR

from stages.aae.inference import as_input, planes, reconstruct
from stages.aae.networks import AAE
from stages.params import Section

Rate = Annotated[float, Field(gt=0, lt=1)]


class Training(Section):
    """How an AAE learns."""

    seed: int = 0
    epochs: Annotated[int, Field(ge=1)] = 30
    batch_size: Annotated[int, Field(ge=2)] = 256
    learning_rate: Rate = 1e-3  # of encoder and decoder, at the top of the one-cycle schedule
    discriminator_learning_rate: Rate = 1e-3
    clip_norm: Annotated[float, Field(gt=0)] = 1.0  # of the gradients of encoder and decoder together
    flips: bool = False  # mirror half of the images in each batch


class Regularisation(Section):
    """How strongly codes are drawn to the prior."""

    adversarial_weight: Annotated[float, Field(ge=0)]  # of the generator loss beside the reconstruction error
    noise: Annotated[float, Field(ge=0)] = 0.0  # deviation of Gaussian noise on what the encoder sees
    labelled_batch: Annotated[int, Field(ge=0)] = 0  # images of known label added to each batch where labels are told


class Progress(Protocol):
    """What the loop tells of itself; `stages.learning.run.Run` is one."""

    def epochs(self) -> Iterator[int]: ...
    def log(self, **losses: Tensor) -> None: ...
    def record(self, **values: float) -> None: ...


class Trainer:
    """An AAE, its optimisers and its schedules."""

    def __init__(
        self,
        aae: AAE,
        training: Training,
        regularisation: Regularisation,
        n_images: int,
        generator: torch.Generator,
        autocast: Callable[[], AbstractContextManager],
    ) -> None:
        """`generator` draws batches, flips and samples of the prior; `autocast` sets the precision of a block."""
        self.aae, self.training, self.regularisation = aae, training, regularisation
        self.generator, self.autocast = generator, autocast
        self.steps = n_images // training.batch_size  # per epoch
        self.autoencoder = [*aae.encoder.parameters(), *aae.decoder.parameters()]
        rate, critic_rate = training.learning_rate, training.discriminator_learning_rate
        self.optimizer = Adam(self.autoencoder, rate, fused=True)
        self.critic = Adam(aae.discriminator.parameters(), critic_rate, betas=(0.5, 0.999), fused=True)
        total = training.epochs * self.steps
        self.schedules = [
            OneCycleLR(self.optimizer, rate, total, cycle_momentum=False),
            OneCycleLR(self.critic, critic_rate, total, cycle_momentum=False),
        ]

    @property
    def state(self) -> dict[str, Any]:
        """What a checkpoint holds, by name."""
        schedules = {f"schedule_{i}": schedule for i, schedule in enumerate(self.schedules)}
        return {"aae": self.aae, "optimizer": self.optimizer, "critic": self.critic, **schedules}

    def learn(self, progress: Progress, train: np.ndarray, labels: np.ndarray | None, watched: np.ndarray) -> None:
        """Train for the epochs that `progress` has left to do.

        `train` and `watched` are images (N, H, W, C) uint8; after each epoch `progress` records the mean squared
        error on `watched`. `labels` (N,) int64 are those that the discriminator is told, or None.
        """
        device = self.generator.device
        images = planes(train, device)
        told = None if labels is None else torch.from_numpy(labels).to(device)
        known = None if told is None else (told < self.aae.classes).nonzero().squeeze(1)
        for _ in progress.epochs():
            self.aae.train()
            for rows in batches(len(images), self.training.batch_size, self.generator):
                if known is not None:
                    rows = torch.cat([rows, drawn(known, self.regularisation.labelled_batch, self.generator)])
                batch = as_input(images[rows])
                if self.training.flips:
                    batch = flipped(batch, self.generator)
                progress.log(**self.step(batch, None if told is None else told[rows]))
            self.aae.eval()
            error = reconstruct(self.aae, watched) - watched / np.float32(255)
            progress.record(watched_mse=float(np.square(error).mean()))

    def step(self, images: Tensor, labels: Tensor | None) -> dict[str, Tensor]:
        """One step on images (N, C, H, W) in [0, 1]; the three losses as detached scalars.

        `labels` (N,) int64 in [0, classes], `classes` for 'unlabelled'; None where the discriminator is told none.
        """
        aae = self.aae
        seen = noisy(images, self.regularisation.noise, self.generator) if self.regularisation.noise else images
        with self.autocast():
            codes = aae.encoder(seen)  # (N, d)
            reconstruction = F.mse_loss(aae.decoder(codes).float(), images)

        # regularisation, first half: the discriminator learns to tell codes from samples of the prior
        samples, component = aae.prior.sample(len(images), self.generator)
        if labels is not None:
            told = labels < aae.classes
            samples, _ = aae.prior.sample(len(images), self.generator, torch.where(told, labels, component))
        on_codes, on_samples = aae.tell_apart(codes.detach(), labels), aae.tell_apart(samples, labels)
        discriminator = (F.softplus(on_codes).mean() + F.softplus(-on_samples).mean()) / 2
        discriminator.backward()
        self.critic.step()
        self.critic.zero_grad()

        # reconstruction and the second half of regularisation: codes are to pass for samples of the prior
        aae.discriminator.requires_grad_(False)
        generator_loss = F.softplus(-aae.tell_apart(codes, labels)).mean()
        (reconstruction + self.regularisation.adversarial_weight * generator_loss).backward()
        aae.discriminator.requires_grad_(True)
        clip_grad_norm_(self.autoencoder, self.training.clip_norm)
        self.optimizer.step()
        self.optimizer.zero_grad()
        for schedule in self.schedules:
            schedule.step()
        losses = {"reconstruction": reconstruction, "generator": generator_loss, "discriminator": discriminator}
        return {name: loss.detach() for name, loss in losses.items()}


def batches(n: int, size: int, generator: torch.Generator) -> Iterator[Tensor]:
    """Row numbers of one epoch in random order, in batches of `size`; an incomplete last one is left out."""
    order = torch.randperm(n, generator=generator, device=generator.device)
    yield from order[: n - n % size].view(-1, size)


def drawn(rows: Tensor, n: int, generator: torch.Generator) -> Tensor:
    """`n` of the row numbers, drawn with replacement."""
    return rows[torch.randint(len(rows), (n,), generator=generator, device=rows.device)]


def noisy(images: Tensor, std: float, generator: torch.Generator) -> Tensor:
    """Images with Gaussian noise of deviation `std` on each pixel."""
    return images + std * torch.randn(images.shape, generator=generator, device=images.device)


def flipped(images: Tensor, generator: torch.Generator) -> Tensor:
    """Images (N, C, H, W), each mirrored left to right with probability 1/2."""
    mirror = torch.rand(len(images), 1, 1, 1, generator=generator, device=images.device) < 0.5
    return torch.where(mirror, images.flip(3), images)
