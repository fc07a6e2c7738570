"""Encoder, decoder and discriminator of an adversarial autoencoder.

Images are float32 in [0, 1], N x C x H x W; codes are float32, N x d.
"""

import math
from itertools import pairwise
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from stages.aae.priors import AnyPrior
from stages.base.params import Count, Section


class AAEArchitecture(Section):
    """All that is needed to rebuild an AAE's networks; it travels with the weights."""

    image_shape: tuple[int, int, int]  # C, H, W
    prior: AnyPrior
    hidden: list[Count]  # widths of the encoder's layers; the decoder mirrors them
    discriminator: list[Count]
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
        self.encoder, self.decoder = self.build(architecture)
        labels = self.classes + 1 if self.classes else 0
        self.discriminator = perceptron([self.prior.dim + labels, *architecture.discriminator, 1])

    def build(self, architecture: AAEArchitecture) -> tuple[nn.Module, nn.Module]:
        """Encoder and decoder of fully connected ReLU layers (AAE paper, appendix A).

        The code is linear, the pixels pass a sigmoid. The decoder's layers are normalised (Ba et al. 2016, Layer
        Normalization), with which it learns a Gaussian's codes in half the epochs; in the encoder it makes the
        adversarial game with a mixture unstable.
        """
        shape, dim, hidden = architecture.image_shape, architecture.prior.dim, architecture.hidden
        widths = [math.prod(shape), *hidden]
        encoder, decoder = nn.Sequential(nn.Flatten()), nn.Sequential(ExactLinear(dim, widths[-1]))
        for inputs, outputs in pairwise(widths):
            encoder.extend([nn.Linear(inputs, outputs), nn.ReLU()])
        for inputs, outputs in pairwise(widths[::-1]):
            decoder.extend([nn.LayerNorm(inputs), nn.ReLU(), nn.Linear(inputs, outputs)])
        return encoder.append(ExactLinear(widths[-1], dim)), decoder.extend([nn.Sigmoid(), nn.Unflatten(1, shape)])

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
