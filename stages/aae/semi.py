"""An AAE whose code has two parts: a class and a style (Makhzani et al. 2015, sections 4 and 5).

Images are float32 in [0, 1], N x C x H x W, or uint8 arrays N x H x W x C where a function says so. A class is told by
probabilities (N, K); where there are no labels, its K values are clusters. Each may be the sum of several of the P
values that the class head tells apart. A style is float32, N x d.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated

import numpy as np
import torch
from pydantic import Field
from scipy.cluster.hierarchy import average, cut_tree
from scipy.spatial.distance import squareform
from torch import Tensor, nn
from torch.nn import functional as F

from stages.aae.inference import as_input, in_batches, planes
from stages.aae.networks import ExactLinear, perceptron
from stages.aae.priors import Gaussian
from stages.base.params import Count, Section
from stages.base.tables import Latents

NoiseShare = Annotated[float, Field(ge=0, lt=1)]


class SemiArchitecture(Section):
    """All that is needed to rebuild the networks; it travels with the weights."""

    image_shape: tuple[int, int, int]  # C, H, W
    classes: Count  # values of the categorical part of the code
    overclustering: Count  # values that the class head tells apart, per class
    style: Gaussian
    style_noise: NoiseShare
    hidden: Annotated[list[Count], Field(min_length=1)]
    discriminator: list[Count]


class SemiAAE(nn.Module):
    """Encoder with a head for the class and one for the style, decoder of both, a discriminator of each.

    The heads share the encoder's first layer. Behind it each has its own, so that the class can become certain while
    the style keeps what reconstruction needs; the style's head is told the class, and can so leave it out.
    """

    Architecture = SemiArchitecture

    def __init__(self, architecture: SemiArchitecture) -> None:
        super().__init__()
        self.architecture = architecture
        self.style, self.classes = architecture.style, architecture.classes
        first, *rest = architecture.hidden
        half = first // 2
        self.features = nn.Sequential(nn.Flatten(), *normalised(math.prod(architecture.image_shape), first))
        layers = [layer for widths in pairwise([first, *rest]) for layer in normalised(*widths)]
        values = self.classes * architecture.overclustering
        self.class_head = nn.Sequential(*layers, ExactLinear(rest[-1] if rest else first, values))
        # (P, K): which class each value of the head belongs to
        self.register_buffer("members", torch.eye(self.classes).repeat(architecture.overclustering, 1))
        self.style_head = nn.Sequential(*normalised(first + self.classes, half), ExactLinear(half, self.style.dim))
        self.decoder = build_decoder(architecture)
        self.class_discriminator = perceptron([self.classes, *architecture.discriminator, 1])
        self.style_discriminator = perceptron([self.style.dim + self.classes, *architecture.discriminator, 1])

    def classify(self, images: Tensor) -> Tensor:
        """Logits (N, P) of the values that the class head tells apart."""
        return self.class_head(self.features(2 * images - 1))

    def encode(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (N, P) of the class head and the style (N, d)."""
        features = self.features(2 * images - 1)
        logits = self.class_head(features)
        probabilities = self.merge(logits.softmax(1)).detach()  # the style may use the class, and not change it
        return logits, self.style_head(torch.cat([features, probabilities], 1))

    def merge(self, values: Tensor) -> Tensor:
        """Probabilities (N, K) of the classes: those of the class head's values (N, P) that belong to each, summed."""
        if self.architecture.overclustering == 1:
            return values
        return (values[:, :, None] * self.members).sum(1)

    def forward(self, images: Tensor) -> Tensor:
        """Reconstructions (N, C, H, W), of styles without noise."""
        logits, styles = self.encode(images)
        return self.decode(self.merge(logits.softmax(1)), styles)

    def blur(self, styles: Tensor, generator: torch.Generator) -> Tensor:
        """Styles (N, d) with their noise, drawn for each: a share `style_noise` of the prior's deviation.

        Without it a code of more dimensions than images vary in cannot fill the prior, and classes leave gaps in it
        where others have their styles (Tolstikhin et al. 2017, Wasserstein Auto-Encoders, section 4).
        """
        share = self.architecture.style_noise
        samples, _ = self.style.sample(len(styles), generator)
        return math.sqrt(1 - share**2) * styles + share * samples

    def decode(self, probabilities: Tensor, styles: Tensor) -> Tensor:
        """Images of class probabilities (N, K) and styles (N, d)."""
        return self.decoder(torch.cat([probabilities, styles], 1))


def normalised(inputs: int, outputs: int) -> list[nn.Module]:
    """A linear layer with batch normalisation and a ReLU."""
    return [nn.Linear(inputs, outputs, bias=False), nn.BatchNorm1d(outputs), nn.ReLU()]


def build_decoder(architecture: SemiArchitecture) -> nn.Sequential:
    """The mirror image of encoder and class head; its layers are normalised as those of the digits' decoder."""
    widths = architecture.hidden[::-1]
    decoder = nn.Sequential(ExactLinear(architecture.classes + architecture.style.dim, widths[0]))
    for inputs, outputs in pairwise([*widths, math.prod(architecture.image_shape)]):
        decoder.extend([nn.LayerNorm(inputs), nn.ReLU(), nn.Linear(inputs, outputs)])
    return decoder.extend([nn.Sigmoid(), nn.Unflatten(1, architecture.image_shape)])


def group_values(together: Tensor, classes: int) -> Tensor:
    """Which class (P, K) each value belongs to: those that the same images are taken for belong to the same one.

    `together` (P, P) are the inner products of the values' probabilities over images. Groups with the largest mean
    cosine between their values are joined until there are as many as classes (average linkage).
    """
    norms = together.diagonal().sqrt().clamp_min(1e-12)
    distances = 1 - together / torch.outer(norms, norms)
    joined = average(squareform(distances.cpu().numpy(), checks=False))
    groups = torch.from_numpy(cut_tree(joined, classes)[:, 0])
    return F.one_hot(groups.long(), classes).to(together)


@contextmanager
def frozen_statistics(network: nn.Module) -> Iterator[None]:
    """Inside, batches are normalised by their own statistics, and these are not remembered."""
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm1d)]
    for norm in norms:
        norm.track_running_stats = False
    try:
        yield
    finally:
        for norm in norms:
            norm.track_running_stats = True


@dataclass(frozen=True)
class ClassesAndStyles(Latents):
    """What the encoder makes of images: their styles, as `codes`, and their class probabilities."""

    means: np.ndarray  # (N, d) float32: what the style head says, before `SemiAAE.blur`
    probabilities: np.ndarray  # (N, K) float32, rows sum to 1


def encode(aae: SemiAAE, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Class probabilities (N, K) and styles (N, d) without noise, both float32, of images (N, H, W, C) uint8."""
    device = next(aae.parameters()).device

    def both(batch: Tensor) -> Tensor:
        logits, styles = aae.encode(as_input(planes(batch.numpy(), device)))
        return torch.cat([aae.merge(logits.softmax(1)), styles], 1)

    codes = in_batches(both, images)
    return codes[:, : aae.classes], codes[:, aae.classes :]


def decode(aae: SemiAAE, probabilities: np.ndarray, styles: np.ndarray) -> np.ndarray:
    """Images (N, H, W, C) float32 in [0, 1] of class probabilities (N, K) and styles (N, d)."""
    device = next(aae.parameters()).device

    def images(codes: Tensor) -> Tensor:
        return aae.decoder(codes.to(device)).permute(0, 2, 3, 1)

    return in_batches(images, np.concatenate([probabilities, styles], 1).astype(np.float32))
