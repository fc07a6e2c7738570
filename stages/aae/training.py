"""The training loop that all adversarial autoencoders share (Makhzani et al. 2015, section 2).

Each step has the paper's two phases. Reconstruction and regularisation share one pass of the encoder: the
discriminator first learns on detached codes, then encoder and decoder take one step on the reconstruction
error plus the weighted generator loss. The discriminator's step may stand between the encoder's forward and backward
pass, because it changes the discriminator's weights only, and the generator loss runs the discriminator anew.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Annotated, Any

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
from stages.base.batches import Progress, batches, steps_per_epoch
from stages.base.params import Count, Section, Seed

FADED = 0.6  # share of all steps after which the discriminator sees codes and samples without noise

Rate = Annotated[float, Field(gt=0, lt=1)]


class Training(Section):
    """How an AAE learns."""

    seed: Seed = 0
    epochs: Count = 30
    batch_size: Annotated[int, Field(ge=2)] = 256
    learning_rate: Rate = 1e-3  # of encoder and decoder, at the top of the one-cycle schedule
    discriminator_learning_rate: Rate = 1e-3
    clip_norm: Annotated[float, Field(gt=0)] = 1.0  # of the gradients of encoder and decoder together
    flips: bool = False  # mirror half of the images in each batch


class Regularisation(Section):
    """How strongly codes are drawn to the prior."""

    adversarial_weight: Annotated[float, Field(ge=0)]  # of the generator loss beside the reconstruction error, at first
    adversarial_growth: Annotated[float, Field(ge=1)] = 1.0  # how many times larger it has become at the end
    noise: Annotated[float, Field(ge=0)] = 0.0  # deviation of Gaussian noise on what the encoder sees
    code_noise: Annotated[float, Field(ge=0)] = 0.0  # the same on what the discriminator sees, at first; it fades
    balanced: bool = False  # as many samples of each component of the prior in each batch, instead of by chance
    labelled_batch: Annotated[int, Field(ge=0)] = 0  # images of known label added to each batch where labels are told


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
        """`generator` draws batches, flips and samples of the prior; `autocast` sets the precision of a block.

        Raises StageError where `n_images` are too few for one batch.
        """
        self.aae, self.training, self.regularisation = aae, training, regularisation
        self.generator, self.autocast = generator, autocast
        self.steps = steps_per_epoch(n_images, training.batch_size)
        self.autoencoder = [*aae.encoder.parameters(), *aae.decoder.parameters()]
        self.optimizers = {
            "autoencoder": Adam(self.autoencoder, fused=True),
            "discriminator": Adam(aae.discriminator.parameters(), betas=(0.5, 0.999), fused=True),
        }
        rates = {"autoencoder": training.learning_rate, "discriminator": training.discriminator_learning_rate}
        self.schedules = {
            name: OneCycleLR(optimizer, rates[name], training.epochs * self.steps, cycle_momentum=False)
            for name, optimizer in self.optimizers.items()
        }

    @property
    def state(self) -> dict[str, Any]:
        """What a checkpoint holds, by name."""
        optimizers = {f"{name}_optimizer": optimizer for name, optimizer in self.optimizers.items()}
        schedules = {f"{name}_schedule": schedule for name, schedule in self.schedules.items()}
        return {"aae": self.aae, **optimizers, **schedules}

    @property
    def done(self) -> float:
        """Share of all steps that were taken, in [0, 1]."""
        return self.schedules["autoencoder"].last_epoch / (self.training.epochs * self.steps)

    @property
    def weight(self) -> float:
        """Weight of the generator loss, which grows evenly over the training.

        At a small one, codes first find their places in a mixture; a larger one then moves them across its gaps,
        against the pull of the reconstruction, until each part holds its share.
        """
        growth = self.regularisation.adversarial_growth
        return self.regularisation.adversarial_weight * (1 + (growth - 1) * self.done)

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
        aae, settings = self.aae, self.regularisation
        seen = noisy(images, settings.noise, self.generator)
        with self.autocast():
            codes = aae.encoder(seen)  # (N, d)
            reconstruction = F.mse_loss(aae.decoder(codes).float(), images)

        # regularisation, first half: the discriminator learns to tell codes from samples of the prior
        component = balanced(len(images), aae.prior.components, self.generator) if settings.balanced else None
        samples, component = aae.prior.sample(len(images), self.generator, component)
        if labels is not None:
            told = labels < aae.classes
            samples, _ = aae.prior.sample(len(images), self.generator, torch.where(told, labels, component))
        on_codes = aae.tell_apart(self.blurred(codes.detach()), labels)
        on_samples = aae.tell_apart(self.blurred(samples), labels)
        discriminator = (F.softplus(on_codes).mean() + F.softplus(-on_samples).mean()) / 2
        discriminator.backward()
        self.optimizers["discriminator"].step()
        self.optimizers["discriminator"].zero_grad()

        # reconstruction and the second half of regularisation: codes are to pass for samples of the prior
        aae.discriminator.requires_grad_(False)
        generator_loss = F.softplus(-aae.tell_apart(self.blurred(codes), labels)).mean()
        (reconstruction + self.weight * generator_loss).backward()
        aae.discriminator.requires_grad_(True)
        clip_grad_norm_(self.autoencoder, self.training.clip_norm)
        self.optimizers["autoencoder"].step()
        self.optimizers["autoencoder"].zero_grad()
        for schedule in self.schedules.values():
            schedule.step()
        losses = {"reconstruction": reconstruction, "generator": generator_loss, "discriminator": discriminator}
        return {name: loss.detach() for name, loss in losses.items()}

    def blurred(self, codes: Tensor) -> Tensor:
        """Codes or samples (N, d) with noise that fades to none at `FADED` of all steps.

        Blurred, distant parts of the prior touch, so that codes can move from one to another and their shares even
        out (instance noise: Sonderby et al. 2017, Amortised MAP Inference for Image Super-resolution).
        """
        return noisy(codes, self.regularisation.code_noise * max(0.0, 1 - self.done / FADED), self.generator)


def balanced(n: int, components: int, generator: torch.Generator) -> Tensor:
    """Components (n,) int64 in [0, components), each as often as any other, or once more."""
    first = torch.randint(components, (1,), generator=generator, device=generator.device)
    return (first + torch.arange(n, device=generator.device)) % components


def drawn(rows: Tensor, n: int, generator: torch.Generator) -> Tensor:
    """`n` of the row numbers, drawn with replacement."""
    return rows[torch.randint(len(rows), (n,), generator=generator, device=rows.device)]


def noisy(values: Tensor, std: float, generator: torch.Generator) -> Tensor:
    """Values with Gaussian noise of deviation `std` on each; as they are, with nothing drawn, where it is 0."""
    return values + std * torch.randn(values.shape, generator=generator, device=values.device) if std else values


def flipped(images: Tensor, generator: torch.Generator) -> Tensor:
    """Images (N, C, H, W), each mirrored left to right with probability 1/2."""
    mirror = torch.rand(len(images), 1, 1, 1, generator=generator, device=images.device) < 0.5
    return torch.where(mirror, images.flip(3), images)
