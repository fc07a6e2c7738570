"""The training loop that all adversarial autoencoders share (Makhzani et al. 2015, section 2).

Each step has the paper's two phases. Reconstruction and regularisation share one pass of the encoder: the
discriminator first learns on detached codes, then encoder and decoder take one step on the reconstruction
error plus the weighted generator loss. The discriminator's step may stand between the encoder's forward and backward
pass, because it changes the discriminator's weights only, and the generator loss runs the discriminator anew.

A discriminator that learns along sees where codes are wrong at the moment, and lags behind them. So the maximum mean
discrepancy of codes and samples can be added, which needs no learning (Tolstikhin et al. 2017, Wasserstein
Auto-Encoders): it evens out the shares of a mixture's parts, and sees what is finer than the discriminator's surface.
"""

from collections.abc import Callable, Iterator
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
from stages.aae.objectives import joint_mmd
from stages.base.batches import batches, steps_per_epoch
from stages.base.params import Count, Section, Seed

Rate = Annotated[float, Field(gt=0, lt=1)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]


class AAETraining(Section):
    """How an AAE learns: the keys of `digits.common.training` and `faces.common.training`."""

    seed: Seed
    epochs: Count
    batch_size: Annotated[int, Field(ge=2)]
    learning_rate: Rate
    discriminator_learning_rate: Rate
    clip_norm: Positive
    flips: bool
    adversarial_weight: NotNegative
    mmd_weight: NotNegative
    shift: Annotated[int, Field(ge=0)]
    noise: NotNegative


class AAETrainer:
    """An AAE, its images, its optimisers and its schedules."""

    def __init__(
        self,
        aae: AAE,
        training: AAETraining,
        train: np.ndarray,
        watched: np.ndarray,
        generator: torch.Generator,
        autocast: Callable[[], AbstractContextManager],
        labels: np.ndarray | None = None,
        labelled_batch: int = 0,
    ) -> None:
        """Learn images `train` (N, H, W, C) uint8; after each epoch measure the error on `watched` and as many of them.

        `generator` draws all that is random; `autocast` sets the precision of a block. `labels` (N,) int64 in
        [0, classes], `classes` for 'unlabelled', are what the discriminator is told; each batch is extended by
        `labelled_batch` labelled images. Raises TooFewImages where the images do not fill a batch.
        """
        self.aae, self.training, self.generator, self.autocast = aae, training, generator, autocast
        self.steps = steps_per_epoch(len(train), training.batch_size)
        self.images = planes(train, generator.device)
        self.compared = {"train_mse": train[: len(watched)], "watched_mse": watched}
        self.labels = None if labels is None else torch.from_numpy(labels).to(generator.device)
        self.labelled = None if labels is None else (self.labels < aae.classes).nonzero().squeeze(1)
        self.labelled_batch = labelled_batch
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

    def epoch(self, number: int) -> Iterator[dict[str, Tensor]]:
        """Learn from all images once; the losses of each step."""
        self.aae.train()
        for rows in batches(len(self.images), self.training.batch_size, self.generator):
            if self.labels is not None:
                rows = torch.cat([rows, draw_rows(self.labelled, self.labelled_batch, self.generator)])
            images = as_input(self.images[rows])
            if self.training.flips:
                images = flip(images, self.generator)
            yield self.step(images, None if self.labels is None else self.labels[rows])

    def measure(self) -> dict[str, float]:
        """The mean squared error on images that were learned from, and on as many watched ones, as they are."""
        self.aae.eval()
        errors = {
            name: reconstruct(self.aae, images) - images / np.float32(255) for name, images in self.compared.items()
        }
        return {name: float(np.square(error).mean()) for name, error in errors.items()}

    def step(self, images: Tensor, labels: Tensor | None) -> dict[str, Tensor]:
        """One step on images (N, C, H, W) in [0, 1]; the losses as detached scalars.

        `labels` (N,) int64 in [0, classes], `classes` for 'unlabelled'; None where the discriminator is told none.
        """
        aae = self.aae
        seen = add_noise(shift(images, self.training.shift, self.generator), self.training.noise, self.generator)
        with self.autocast():
            codes = aae.encoder(seen)  # (N, d)
            reconstruction = self.error(aae.decoder(codes).float(), images)

        # regularisation, first half: the discriminator learns to tell codes from samples of the prior
        samples = self.sample_prior(len(images), labels)
        on_codes = aae.tell_apart(codes.detach(), labels)
        on_samples = aae.tell_apart(samples, labels)
        discriminator = (F.softplus(on_codes).mean() + F.softplus(-on_samples).mean()) / 2
        discriminator.backward()
        self.optimizers["discriminator"].step()
        self.optimizers["discriminator"].zero_grad()

        # reconstruction and the second half of regularisation: codes are to pass for samples of the prior
        aae.discriminator.requires_grad_(False)
        generator_loss = F.softplus(-aae.tell_apart(codes, labels)).mean()
        losses = {"reconstruction": reconstruction, "generator": generator_loss}
        loss = reconstruction + self.training.adversarial_weight * generator_loss
        if self.training.mmd_weight:
            losses["mmd"] = self.discrepancy(codes, samples, labels)
            loss = loss + self.training.mmd_weight * losses["mmd"]
        loss.backward()
        aae.discriminator.requires_grad_(True)
        clip_grad_norm_(self.autoencoder, self.training.clip_norm)
        self.optimizers["autoencoder"].step()
        self.optimizers["autoencoder"].zero_grad()
        for schedule in self.schedules.values():
            schedule.step()
        return {name: value.detach() for name, value in (losses | {"discriminator": discriminator}).items()}

    def sample_prior(self, n: int, labels: Tensor | None) -> Tensor:
        """`n` samples (n, d) of the prior, those of labelled images from their label's component."""
        prior = self.aae.prior
        samples, component = prior.sample(n, self.generator)
        if labels is not None:
            known = labels < self.aae.classes
            samples, _ = prior.sample(n, self.generator, torch.where(known, labels, component))
        return samples

    def error(self, reconstructions: Tensor, images: Tensor) -> Tensor:
        """The reconstruction error of images (N, C, H, W)."""
        return F.mse_loss(reconstructions, images)

    def discrepancy(self, codes: Tensor, samples: Tensor, labels: Tensor | None) -> Tensor:
        """The maximum mean discrepancy of codes (N, d) from samples of the prior, within each label if any."""
        if labels is None:
            return joint_mmd(codes, samples, torch.ones_like(codes[:, :1]))
        return joint_mmd(codes, samples, F.one_hot(labels, self.aae.classes + 1).to(codes))


def draw_rows(rows: Tensor, n: int, generator: torch.Generator) -> Tensor:
    """`n` of the row numbers, drawn with replacement."""
    return rows[torch.randint(len(rows), (n,), generator=generator, device=rows.device)]


def add_noise(values: Tensor, std: float, generator: torch.Generator) -> Tensor:
    """Values with Gaussian noise of deviation `std` on each; as they are, with nothing drawn, where it is 0."""
    return values + std * torch.randn(values.shape, generator=generator, device=values.device) if std else values


def shift(images: Tensor, most: int, generator: torch.Generator) -> Tensor:
    """Images (N, C, H, W), each shifted by up to `most` pixels in both directions, over black; nothing drawn at 0."""
    if not most:
        return images
    n, _, height, width = images.shape
    down, right = torch.randint(2 * most + 1, (2, n, 1), generator=generator, device=images.device)
    rows, columns = (torch.arange(side, device=images.device) + by for side, by in ((height, down), (width, right)))
    which = torch.arange(n, device=images.device)[:, None, None]
    padded = F.pad(images, 4 * [most]).movedim(1, 3)
    return padded[which, rows[:, :, None], columns[:, None, :]].movedim(3, 1)


def flip(images: Tensor, generator: torch.Generator) -> Tensor:
    """Images (N, C, H, W), each mirrored left to right with probability 1/2."""
    mirror = torch.rand(len(images), 1, 1, 1, generator=generator, device=images.device) < 0.5
    return torch.where(mirror, images.flip(3), images)
