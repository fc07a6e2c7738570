"""How an AAE of class and style learns from labelled and unlabelled images.

Each step shows unlabelled images and some of the labelled ones. Both discriminators learn on detached codes; then
encoder and decoder take one step on the sum of all other terms, each with its weight: cross-entropy of the labelled,
reconstruction, the adversarial game, and what `stages.aae.objectives` adds.

Digits that look alike, such as 4 and 9, easily share clusters where there are few. So the class head may tell apart
several values per cluster (overclustering, Ji et al. 2019, Invariant Information Clustering, section 3.2). Late in the
training, when each value means one digit, those that the network itself takes for each other become one cluster.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Annotated, Any

import numpy as np
import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional as F
from torch.optim import Adam
from torch.optim.lr_scheduler import LambdaLR
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from stages.aae.inference import as_input, planes
from stages.aae.objectives import imbalance, joint_mmd, uncertainty, virtual_adversarial_loss
from stages.aae.semi import SemiAAE, decode, encode, frozen_statistics, group_values
from stages.aae.training import NotNegative, Positive, Rate, add_noise
from stages.base.batches import batches, steps_per_epoch
from stages.base.params import Count, Section, Seed

EVERY = 4  # steps between two steps of the average of the weights
FALL = 0.5  # share of all steps after which learning rates fall evenly to 0
MERGE = 0.75  # share of all epochs after which values of the class head become one cluster


class SemiTraining(Section):
    """How the networks learn: section `semi.common.training`."""

    seed: Seed
    epochs: Count
    batch_size: Annotated[int, Field(ge=2)]
    labelled_batch: Count
    learning_rate: Rate
    discriminator_learning_rate: Rate
    averaging: Annotated[float, Field(ge=0, lt=1)]
    noise: NotNegative
    reconstruction_weight: NotNegative
    adversarial_weight: NotNegative
    mmd_weight: NotNegative
    vat_weight: NotNegative
    vat_radius: Positive
    information_weight: NotNegative
    balance: NotNegative


class SemiTrainer:
    """The networks, their running average, the images, optimisers and schedules."""

    def __init__(
        self,
        aae: SemiAAE,
        training: SemiTraining,
        images: np.ndarray,
        labelled: tuple[np.ndarray, np.ndarray] | None,
        error: Callable[[np.ndarray], float],
        watched: np.ndarray,
        generator: torch.Generator,
        autocast: Callable[[], AbstractContextManager],
    ) -> None:
        """Learn `images` (N, H, W, C) uint8, and `labelled` images with their classes (n,) int64, if there are any.

        After each epoch `error` says what the class probabilities (M, K) of the images `watched` are worth.
        `generator` draws all that is random; `autocast` sets the precision of a block. Raises TooFewImages where the
        images do not fill a batch.
        """
        self.aae, self.training, self.generator, self.autocast = aae, training, generator, autocast
        self.error, self.watched = error, watched
        self.steps = steps_per_epoch(len(images), training.batch_size)
        self.images = planes(images, generator.device)
        self.labelled = None
        if labelled is not None:
            self.labelled = planes(labelled[0], generator.device), torch.from_numpy(labelled[1]).to(generator.device)
        average = get_ema_multi_avg_fn(training.averaging**EVERY)
        self.averaged = AveragedModel(aae, multi_avg_fn=average, use_buffers=True)
        discriminators = [*aae.class_discriminator.parameters(), *aae.style_discriminator.parameters()]
        against = {id(parameter) for parameter in discriminators}
        autoencoder = [parameter for parameter in aae.parameters() if id(parameter) not in against]
        self.discriminators = discriminators
        self.optimizers = {
            "autoencoder": Adam(autoencoder, training.learning_rate, fused=True),
            "discriminators": Adam(discriminators, training.discriminator_learning_rate, (0.5, 0.999), fused=True),
        }
        total = training.epochs * self.steps
        self.schedules = {
            name: LambdaLR(optimizer, lambda step: min(1.0, (1 - step / total) / (1 - FALL)))
            for name, optimizer in self.optimizers.items()
        }

    @property
    def state(self) -> dict[str, Any]:
        """What a checkpoint holds, by name."""
        optimizers = {f"{name}_optimizer": optimizer for name, optimizer in self.optimizers.items()}
        schedules = {f"{name}_schedule": schedule for name, schedule in self.schedules.items()}
        return {"aae": self.aae, "averaged": self.averaged, **optimizers, **schedules}

    def epoch(self, number: int) -> Iterator[dict[str, Tensor]]:
        """Learn from all images once; the losses of each step."""
        self.aae.train()
        # (P, P): the sum over images of the products of their class head's values
        self.together = torch.zeros(2 * [len(self.aae.members)], device=self.generator.device)
        for rows in batches(len(self.images), self.training.batch_size, self.generator):
            images, classes = self.images[rows], None
            if self.labelled is not None:
                known, labels = self.labelled
                drawn = torch.randperm(len(known), generator=self.generator, device=known.device)
                drawn = drawn[: self.training.labelled_batch]
                images, classes = torch.cat([images, known[drawn]]), labels[drawn]
            yield self.step(as_input(images), classes)
        if number + 1 == max(1, round(MERGE * self.training.epochs)) and self.aae.architecture.overclustering > 1:
            members = group_values(self.together, self.aae.classes)
            for aae in (self.aae, self.averaged.module):
                aae.members.copy_(members)

    def measure(self) -> dict[str, float]:
        """The error of the averaged network's classes, and that of its reconstructions, on the watched images."""
        aae = self.averaged.module.eval()
        probabilities, styles = encode(aae, self.watched)
        squared = np.square(decode(aae, probabilities, styles) - self.watched / np.float32(255))
        return {"watched_error": self.error(probabilities), "watched_mse": float(squared.mean())}

    def step(self, images: Tensor, classes: Tensor | None) -> dict[str, Tensor]:
        """One step on images (N, C, H, W) in [0, 1], the last of which have `classes` (n,); losses as scalars."""
        losses, values, styles = self.learn_images(images, classes)
        losses |= self.learn_priors(self.aae.merge(values), styles)
        weights = self.weights
        sum(weights[name] * loss for name, loss in losses.items() if name in weights).backward()
        self.optimizers["autoencoder"].step()
        self.optimizers["autoencoder"].zero_grad()
        self.schedules["autoencoder"].step()
        if self.schedules["autoencoder"].last_epoch % EVERY == 0:
            self.averaged.update_parameters(self.aae)
        return {name: loss.detach() for name, loss in losses.items()}

    @property
    def weights(self) -> dict[str, float]:
        """What each loss of encoder and decoder counts."""
        training = self.training
        return {
            "reconstruction": training.reconstruction_weight,
            "cross_entropy": 1.0,
            "vat": training.vat_weight,
            "uncertainty": training.information_weight,
            "imbalance": training.information_weight * training.balance,
            "mmd": training.mmd_weight,
            "generator": training.adversarial_weight,
        }

    def learn_images(self, images: Tensor, classes: Tensor | None) -> tuple[dict[str, Tensor], Tensor, Tensor]:
        """The losses of images as in `step`, and of the unlabelled ones the class head's values and the styles."""
        training, aae = self.training, self.aae
        free = slice(None, None if classes is None else -len(classes))  # the unlabelled ones
        with self.autocast():
            logits, styles = aae.encode(add_noise(images, training.noise, self.generator))
            values, styles = logits.softmax(1), aae.blur(styles, self.generator)
            decoded = aae.decode(aae.merge(values[free]), styles[free]).float()
        losses = {"reconstruction": F.mse_loss(decoded, images[free])}
        if classes is not None:
            losses["cross_entropy"] = F.cross_entropy(logits[-len(classes) :], classes)
        if training.vat_weight:
            with self.autocast(), frozen_statistics(aae):
                losses["vat"] = virtual_adversarial_loss(
                    aae.classify, images, logits, training.vat_radius, self.generator
                )
        values, styles = values[free], styles[free]
        if training.information_weight:
            losses["uncertainty"], losses["imbalance"] = uncertainty(logits[free]), imbalance(values)
        self.together += values.detach().T @ values.detach()
        return losses, values, styles

    def learn_priors(self, probabilities: Tensor, styles: Tensor) -> dict[str, Tensor]:
        """The losses of classes (N, K) and styles (N, d) beside samples of their priors; the discriminators learn."""
        losses = {}
        style_samples, _ = self.aae.style.sample(len(styles), self.generator)
        class_samples = self.sample_classes(len(styles))
        if self.training.mmd_weight:
            losses["mmd"] = joint_mmd(styles, style_samples, probabilities.detach())
        if self.training.adversarial_weight:
            on_codes = self.tell_apart(probabilities.detach(), styles.detach())
            on_samples = self.tell_apart(class_samples, style_samples)
            losses["discriminator"] = (F.softplus(on_codes).mean() + F.softplus(-on_samples).mean()) / 2
            losses["discriminator"].backward()
            self.optimizers["discriminators"].step()
            self.optimizers["discriminators"].zero_grad()
            self.schedules["discriminators"].step()
            for parameter in self.discriminators:
                parameter.requires_grad_(False)
            losses["generator"] = F.softplus(-self.tell_apart(probabilities, styles)).mean()
            for parameter in self.discriminators:
                parameter.requires_grad_(True)
        return losses

    def tell_apart(self, probabilities: Tensor, styles: Tensor) -> Tensor:
        """Logits (N, 2) of both discriminators: positive where they take a class, or a style, for a sample.

        That of the style is told the class, so that the style is to follow its prior within each.
        """
        told = torch.cat([styles, probabilities.detach()], 1)
        return torch.cat([self.aae.class_discriminator(probabilities), self.aae.style_discriminator(told)], 1)

    def sample_classes(self, n: int) -> Tensor:
        """`n` samples (n, K) of the categorical prior: each class is as likely as any other."""
        drawn = torch.randint(self.aae.classes, (n,), generator=self.generator, device=self.generator.device)
        return F.one_hot(drawn, self.aae.classes).float()
