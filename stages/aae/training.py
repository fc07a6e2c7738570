"""The training loop that all adversarial autoencoders share (Makhzani et al. 2015, section 2).

Each step has the paper's two phases. Reconstruction and regularisation share one pass of the encoder: the
discriminator first learns on detached codes, then encoder and decoder take one step on the reconstruction
error plus the weighted generator loss. The discriminator's step may stand between the encoder's forward and backward
pass, because it changes the discriminator's weights only, and the generator loss runs the discriminator anew.
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
from stages.base.batches import batches, steps_per_epoch
from stages.base.params import Count, Section, Seed

FADED = 0.6  # share of all steps after which the discriminator sees codes and samples without noise

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
    adversarial_growth: Annotated[float, Field(ge=1)]
    noise: NotNegative
    code_noise: NotNegative
    balanced: bool


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
        return self.training.adversarial_weight * (1 + (self.training.adversarial_growth - 1) * self.done)

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
        """One step on images (N, C, H, W) in [0, 1]; the three losses as detached scalars.

        `labels` (N,) int64 in [0, classes], `classes` for 'unlabelled'; None where the discriminator is told none.
        """
        aae = self.aae
        seen = add_noise(images, self.training.noise, self.generator)
        with self.autocast():
            codes = aae.encoder(seen)  # (N, d)
            reconstruction = F.mse_loss(aae.decoder(codes).float(), images)

        # regularisation, first half: the discriminator learns to tell codes from samples of the prior
        samples = self.sample_prior(len(images), labels)
        on_codes = aae.tell_apart(self.blur(codes.detach()), labels)
        on_samples = aae.tell_apart(self.blur(samples), labels)
        discriminator = (F.softplus(on_codes).mean() + F.softplus(-on_samples).mean()) / 2
        discriminator.backward()
        self.optimizers["discriminator"].step()
        self.optimizers["discriminator"].zero_grad()

        # reconstruction and the second half of regularisation: codes are to pass for samples of the prior
        aae.discriminator.requires_grad_(False)
        generator_loss = F.softplus(-aae.tell_apart(self.blur(codes), labels)).mean()
        (reconstruction + self.weight * generator_loss).backward()
        aae.discriminator.requires_grad_(True)
        clip_grad_norm_(self.autoencoder, self.training.clip_norm)
        self.optimizers["autoencoder"].step()
        self.optimizers["autoencoder"].zero_grad()
        for schedule in self.schedules.values():
            schedule.step()
        losses = {"reconstruction": reconstruction, "generator": generator_loss, "discriminator": discriminator}
        return {name: loss.detach() for name, loss in losses.items()}

    def sample_prior(self, n: int, labels: Tensor | None) -> Tensor:
        """`n` samples (n, d) of the prior, those of labelled images from their label's component."""
        prior = self.aae.prior
        component = balance(n, prior.components, self.generator) if self.training.balanced else None
        samples, component = prior.sample(n, self.generator, component)
        if labels is not None:
            known = labels < self.aae.classes
            samples, _ = prior.sample(n, self.generator, torch.where(known, labels, component))
        return samples

    def blur(self, codes: Tensor) -> Tensor:
        """Codes or samples (N, d) with noise that fades to none at `FADED` of all steps.

        Blurred, distant parts of the prior touch, so that codes can move from one to another and their shares even
        out (instance noise: Sonderby et al. 2017, Amortised MAP Inference for Image Super-resolution).
        """
        return add_noise(codes, self.training.code_noise * max(0.0, 1 - self.done / FADED), self.generator)


def balance(n: int, components: int, generator: torch.Generator) -> Tensor:
    """Components (n,) int64 in [0, components), each as often as any other, or once more."""
    first = torch.randint(components, (1,), generator=generator, device=generator.device)
    return (first + torch.arange(n, device=generator.device)) % components


def draw_rows(rows: Tensor, n: int, generator: torch.Generator) -> Tensor:
    """`n` of the row numbers, drawn with replacement."""
    return rows[torch.randint(len(rows), (n,), generator=generator, device=rows.device)]


def add_noise(values: Tensor, std: float, generator: torch.Generator) -> Tensor:
    """Values with Gaussian noise of deviation `std` on each; as they are, with nothing drawn, where it is 0."""
    return values + std * torch.randn(values.shape, generator=generator, device=values.device) if std else values


def flip(images: Tensor, generator: torch.Generator) -> Tensor:
    """Images (N, C, H, W), each mirrored left to right with probability 1/2."""
    mirror = torch.rand(len(images), 1, 1, 1, generator=generator, device=images.device) < 0.5
    return torch.where(mirror, images.flip(3), images)
