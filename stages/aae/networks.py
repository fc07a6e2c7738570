"""Encoder, decoder and discriminator of an adversarial autoencoder.

Images are float32 in [0, 1], N x C x H x W; codes are float32, N x d.
"""

import math
from itertools import pairwise
from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from stages.aae.priors import AnyPrior
from stages.base.params import Count, Section


class Dense(Section):
    """Fully connected encoder and its mirror image as decoder (AAE paper, appendix A).

    The decoder's layers are normalised (Ba et al. 2016, Layer Normalization), with which it learns a Gaussian's codes
    in half the epochs; in the encoder it makes the adversarial game with a mixture unstable.
    """

    kind: Literal["dense"]
    hidden: list[Count]


class Convolutional(Section):
    """Strided 4 x 4 convolutions, each halving the side, then a dense layer to the code; mirrored to decode."""

    kind: Literal["convolutional"]
    channels: list[Count]


class AAEArchitecture(Section):
    """All that is needed to rebuild an AAE's networks; it travels with the weights."""

    image_shape: tuple[int, int, int]  # C, H, W
    prior: AnyPrior
    autoencoder: Annotated[Dense | Convolutional, Field(discriminator="kind")]
    discriminator: list[Count]
    normalise_codes: bool  # to zero mean and unit variance per dimension, with no learned scale
    classes: Annotated[int, Field(ge=0)]  # labels that the discriminator is told, besides 'unlabelled'


class ExactLinear(nn.Linear):
    """A linear layer in float32 also where autocast is on: codes must not be rounded to eight bits."""

    def forward(self, rows: Tensor) -> Tensor:
        with torch.autocast(rows.device.type, enabled=False):
            return super().forward(rows.float())


class AAE(nn.Module):
    """The three networks of an adversarial autoencoder (Makhzani et al. 2015, section 2)."""

    Architecture = AAEArchitecture

    def __init__(self, architecture: AAEArchitecture) -> None:
        super().__init__()
        self.architecture = architecture
        self.prior = architecture.prior
        self.classes = architecture.classes
        build = dense if architecture.autoencoder.kind == "dense" else convolutional
        self.encoder, self.decoder = build(architecture)
        if architecture.normalise_codes:
            self.encoder.append(nn.BatchNorm1d(self.prior.dim, affine=False))
        labels = self.classes + 1 if self.classes else 0
        self.discriminator = perceptron([self.prior.dim + labels, *architecture.discriminator, 1])

    def tell_apart(self, codes: Tensor, labels: Tensor | None = None) -> Tensor:
        """Logits (N,): positive where the discriminator takes a code for a sample of the prior.

        `labels` (N,) int64 in [0, classes]; the class `classes` means 'unlabelled' and is the default.
        """
        if self.classes:
            if labels is None:
                labels = torch.full((len(codes),), self.classes, device=codes.device)
            codes = torch.cat([codes, F.one_hot(labels, self.classes + 1).to(codes.dtype)], 1)
        return self.discriminator(codes).squeeze(1)


def perceptron(widths: list[int]) -> nn.Sequential:
    """Linear layers in float32 with leaky ReLUs between them."""
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(widths):
        layers += [ExactLinear(inputs, outputs), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers[:-1])


def dense(architecture: AAEArchitecture) -> tuple[nn.Sequential, nn.Sequential]:
    """Encoder and decoder of fully connected ReLU layers; the code is linear, the pixels pass a sigmoid."""
    shape, dim, hidden = architecture.image_shape, architecture.prior.dim, architecture.autoencoder.hidden
    widths = [math.prod(shape), *hidden]
    encoder, decoder = nn.Sequential(nn.Flatten()), nn.Sequential(ExactLinear(dim, widths[-1]))
    for inputs, outputs in pairwise(widths):
        encoder.extend([nn.Linear(inputs, outputs), nn.ReLU()])
    for inputs, outputs in pairwise(widths[::-1]):
        decoder.extend([nn.LayerNorm(inputs), nn.ReLU(), nn.Linear(inputs, outputs)])
    return encoder.append(ExactLinear(widths[-1], dim)), decoder.extend([nn.Sigmoid(), nn.Unflatten(1, shape)])


def convolutional(architecture: AAEArchitecture) -> tuple[nn.Sequential, nn.Sequential]:
    """Encoder and decoder of strided convolutions with batch normalisation."""
    channels = [architecture.image_shape[0], *architecture.autoencoder.channels]
    side = architecture.image_shape[1] >> (len(channels) - 1)
    features = channels[-1] * side * side
    encoder, decoder = nn.Sequential(), nn.Sequential()
    for inputs, outputs in pairwise(channels):
        encoder.extend([nn.Conv2d(inputs, outputs, 4, 2, 1, bias=False), nn.BatchNorm2d(outputs), nn.LeakyReLU(0.1)])
    encoder.extend([nn.Flatten(), ExactLinear(features, architecture.prior.dim)])
    decoder.extend([ExactLinear(architecture.prior.dim, features), nn.Unflatten(1, (channels[-1], side, side))])
    for inputs, outputs in pairwise(channels[::-1]):
        decoder.extend([nn.BatchNorm2d(inputs), nn.LeakyReLU(0.1), nn.ConvTranspose2d(inputs, outputs, 4, 2, 1)])
    return encoder, decoder.append(nn.Sigmoid())
