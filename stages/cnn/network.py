"""The CIFAR-10 specialist: a small convolutional network behind a fixed whitening layer.

The design is that of the fast published recipes: Jordan 2024, "94% on CIFAR-10 in 3.29 seconds on a single GPU"
(arXiv 2404.00498, section 3), which stands on Page's ResNet series and tysam-code's hlb-CIFAR10.
"""

from itertools import pairwise
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from stages.base.params import Count, Section

PATCH = 2  # side of the patches that the first layer whitens
EPS = 5e-4  # added to the patches' variances, so that flat directions are not blown up
HEAD_SCALE = 1 / 9  # keeps the first logits small


# channels of the blocks, each of which halves the side: CIFAR-10's 32 pixels bear four
Widths = Annotated[list[Count], Field(min_length=1, max_length=4)]


class CNNArchitecture(Section):
    """All that is needed to rebuild the network; it travels with the weights."""

    image_shape: tuple[int, int, int]  # C, H, W
    classes: Annotated[int, Field(ge=2)]
    widths: Widths


class CNN(nn.Module):
    """Whitening layer, blocks, one maximum over the image, and a linear head.

    A new network has identity convolutions where channels are kept; `calibrate` fits its first layer to data.
    """

    Architecture = CNNArchitecture

    def __init__(self, architecture: CNNArchitecture) -> None:
        super().__init__()
        self.architecture = architecture
        channels = architecture.image_shape[0]
        filters = 2 * channels * PATCH**2  # each direction and its negative
        self.register_buffer("mean", torch.zeros(1, channels, 1, 1))
        self.register_buffer("std", torch.ones(1, channels, 1, 1))
        self.whiten = nn.Conv2d(channels, filters, PATCH)
        self.whiten.weight.requires_grad = False
        nn.init.zeros_(self.whiten.bias)
        self.blocks = nn.Sequential(*(block(*pair) for pair in pairwise([filters, *architecture.widths])))
        self.head = nn.Linear(architecture.widths[-1], architecture.classes, bias=False)
        self.to(memory_format=torch.channels_last)

    def forward(self, images: Tensor) -> Tensor:
        """Logits (N, classes) of images (N, C, H, W) uint8."""
        x = (images.float() / 255 - self.mean) / self.std
        x = self.blocks(F.gelu(self.whiten(x)))  # (N, widths[-1], h, w)
        return self.head(F.max_pool2d(x, x.shape[2:]).flatten(1)) * HEAD_SCALE

    @torch.no_grad()
    def calibrate(self, images: Tensor) -> None:
        """Take mean and deviation of each channel from images (N, C, H, W) uint8, and make the first layer whiten.

        Whitened 2 x 2 patches of these images have uncorrelated components of variance near 1.
        """
        images = images.float() / 255
        self.mean.copy_(images.mean((0, 2, 3), keepdim=True))
        self.std.copy_(images.std((0, 2, 3), keepdim=True))
        directions = whitening((images - self.mean) / self.std)
        self.whiten.weight.copy_(torch.cat([directions, -directions]))


class Norm(nn.BatchNorm2d):
    """Batch normalisation with a learned shift and no learned scale."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, eps=1e-12)
        self.weight.requires_grad = False


def block(inputs: int, outputs: int) -> nn.Sequential:
    """Two 3 x 3 convolutions; the first one's result is halved in height and width."""
    return nn.Sequential(
        convolution(inputs, outputs), nn.MaxPool2d(2), Norm(outputs), nn.GELU(),
        convolution(outputs, outputs), Norm(outputs), nn.GELU(),
    )  # fmt: skip


def convolution(inputs: int, outputs: int) -> nn.Conv2d:
    """A 3 x 3 convolution that keeps height and width, and at first passes its inputs on to as many outputs."""
    layer = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
    nn.init.dirac_(layer.weight.data[:inputs])
    return layer


def whitening(images: Tensor) -> Tensor:
    """Filters (C * 4, C, 2, 2) that decorrelate the 2 x 2 patches of images (N, C, H, W).

    They are the eigenvectors of the patches' second moments, each divided by its eigenvalue's root; found on the CPU,
    because not every GPU computes in float64.
    """
    channels = images.shape[1]
    patches = images.unfold(2, PATCH, 1).unfold(3, PATCH, 1)  # (N, C, H - 1, W - 1, 2, 2)
    patches = patches.permute(0, 2, 3, 1, 4, 5).reshape(-1, channels * PATCH**2).cpu().double()
    variances, directions = torch.linalg.eigh(patches.T @ patches / len(patches))
    filters = directions / (variances + EPS).sqrt()  # a column each
    return filters.T.flip(0).reshape(-1, channels, PATCH, PATCH).to(images)
