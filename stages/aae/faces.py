"""An AAE that starts where linear ends: principal components in and out, and convolutions for what they cannot do.

Images are float32 in [0, 1], N x C x H x W; codes are float32, N x d. The linear maps are computed, not trained. What
is trained beside them begins at zero: a path of convolutions in the encoder, and a network that refines the linear
reconstruction, so that error and match with the prior start at those of the principal components.
"""

from collections.abc import Iterator
from itertools import chain, pairwise, repeat
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from stages.aae.networks import AAE, ExactLinear
from stages.aae.priors import AnyPrior
from stages.aae.shell import Shell
from stages.base.params import Count, Section

SLOPE = 0.1  # of the leaky ReLUs
GATE = 0.1  # of the encoder's path: its first updates move all dimensions along one direction, and are to be small
POOLED = (4, 4, 2)  # parts of each side in which feature maps are pooled, from the first on; deeper ones in 1


class FaceArchitecture(Section):
    """All that is needed to rebuild an AAE of faces; it travels with the weights."""

    image_shape: tuple[int, int, int]  # C, H, W
    prior: AnyPrior
    encoder: list[Count]  # channels of the encoder's convolutions, each halving the side
    refiner: list[Count]  # channels of the refining network at a half, a quarter, ... of the side
    discriminator: list[Count]
    classes: Literal[0] = 0  # the discriminator is told no labels


class FaceAAE(AAE):
    """Encoder, decoder and discriminator of faces."""

    Architecture = FaceArchitecture

    def build(self, architecture: FaceArchitecture) -> tuple[nn.Module, nn.Module]:
        shape, dim = architecture.image_shape, architecture.prior.dim
        return FaceEncoder(shape, dim, architecture.encoder), FaceDecoder(shape, dim, architecture.refiner)

    @torch.no_grad()
    def start(self, mean: Tensor, components: Tensor, scales: Tensor) -> None:
        """Let the linear maps be those of principal components.

        `mean` (C, H, W), orthonormal `components` (d, C, H, W), and the deviation (d,) of the images along each, on any
        device.
        """
        mean, components, scales = (values.to(self.encoder.linear.weight) for values in (mean, components, scales))
        rows = components.flatten(1)  # (d, C * H * W)
        self.encoder.linear.weight.copy_(rows / scales[:, None])
        self.encoder.linear.bias.copy_(-self.encoder.linear.weight @ mean.flatten())
        self.decoder.linear.weight.copy_(rows.T * scales)
        self.decoder.linear.bias.copy_(mean.flatten())

    @torch.no_grad()
    def whiten(self, batches: Iterator[Tensor]) -> None:
        """Let the features of the images (N, C, H, W) in `batches` be white and their codes have the prior's norms.

        Reconstructions stay what they were: the linear maps take up the whitening and its inverse.
        """
        # on the CPU, because not every GPU computes in float64, and never all in one piece, which bounds the memory
        features = [self.encoder.features(images).cpu() for images in batches]  # (n, d) each
        number = sum(map(len, features))
        mean = sum(part.double().sum(0) for part in features) / number
        squares = sum(centred.T @ centred for part in features for centred in [part.double() - mean])
        variances, directions = torch.linalg.eigh(squares / (number - 1))
        # of all whitenings the one that moves features least, so that the discriminator's knowledge stays good
        whitening = directions / variances.sqrt() @ directions.T  # (d, d)
        inverse = directions * variances.sqrt() @ directions.T
        for part in features:
            part.copy_((part.double() - mean) @ whitening)
        encoder, decoder = self.encoder, self.decoder
        for shell in (encoder.shell, decoder.shell):
            shell.fit(*features)
        whitening, inverse, mean = (
            values.float().to(encoder.linear.weight.device) for values in (whitening, inverse, mean)
        )
        encoder.linear.bias.copy_(whitening @ (encoder.linear.bias - mean))
        for layer in (encoder.linear, encoder.head):
            layer.weight.copy_(whitening @ layer.weight)
        encoder.head.bias.copy_(whitening @ encoder.head.bias)
        decoder.linear.bias.add_(decoder.linear.weight @ mean)
        decoder.linear.weight.copy_(decoder.linear.weight @ inverse)


class FaceEncoder(nn.Module):
    """A linear map plus a path of strided convolutions, and the shell."""

    def __init__(self, shape: tuple[int, int, int], dim: int, channels: list[int]) -> None:
        super().__init__()
        side = shape[1] >> len(channels)
        self.linear = ExactLinear(shape[0] * shape[1] * shape[2], dim).requires_grad_(False)
        self.path = nn.ModuleList(
            nn.Sequential(nn.Conv2d(inputs, outputs, 4, 2, 1), nn.LeakyReLU(SLOPE))
            for inputs, outputs in pairwise([shape[0], *channels])
        )
        self.head = begin_at_zero(ExactLinear(channels[-1] * side * side, dim))
        self.shell = Shell(dim)

    def maps(self, images: Tensor) -> Iterator[Tensor]:
        """The feature maps (N, channels, h, w) of each convolution, of images (N, C, H, W)."""
        maps = 2 * images - 1
        for convolution in self.path:
            maps = convolution(maps)
            yield maps

    def pool(self, images: Tensor) -> Tensor:
        """Mean and deviation of the feature maps in each of `POOLED` x `POOLED` parts, as rows (N, features)."""
        pooled = []
        for maps, side in zip(self.maps(images), chain(POOLED, repeat(1)), strict=False):
            means, squares = (F.adaptive_avg_pool2d(each, min(side, maps.shape[2])) for each in (maps, maps.square()))
            pooled += [means, (squares - means.square()).clamp_min(0).sqrt()]
        return torch.cat([each.flatten(1) for each in pooled], 1).float()

    def features(self, images: Tensor) -> Tensor:
        """White features (N, d) of images (N, C, H, W)."""
        *_, deepest = self.maps(images)
        return self.linear(images.flatten(1)) + GATE * self.head(deepest.flatten(1))

    def forward(self, images: Tensor) -> Tensor:
        return self.shell(self.features(images))


class FaceDecoder(nn.Module):
    """The shell's inverse, a linear map, and a network that refines the reconstruction."""

    def __init__(self, shape: tuple[int, int, int], dim: int, channels: list[int]) -> None:
        super().__init__()
        self.shape = shape
        self.shell = Shell(dim)
        self.linear = ExactLinear(dim, shape[0] * shape[1] * shape[2]).requires_grad_(False)
        self.refiner = Refiner(shape[0], channels)

    def forward(self, codes: Tensor) -> Tensor:
        linear = self.linear(self.shell.inverse(codes)).unflatten(1, self.shape).clamp(0, 1)
        refined = linear + self.refiner(linear.contiguous(memory_format=torch.channels_last)).float()
        return refined if self.training else refined.clamp(0, 1)


class Refiner(nn.Module):
    """What is to be added to images (N, C, H, W): a U-Net whose finest level has half their side.

    After Ronneberger et al. 2015, U-Net, with residual blocks, and with sums in place of its concatenations.
    """

    def __init__(self, colours: int, channels: list[int]) -> None:
        super().__init__()
        self.inner = nn.Sequential(nn.Conv2d(4 * colours, channels[0], 3, 1, 1), nn.LeakyReLU(SLOPE))
        self.down = nn.ModuleList(
            nn.Sequential(nn.Conv2d(fine, coarse, 2, 2), nn.LeakyReLU(SLOPE)) for fine, coarse in pairwise(channels)
        )
        self.up = nn.ModuleList(nn.Conv2d(coarse, fine, 1) for fine, coarse in pairwise(channels))
        self.before = nn.ModuleList(Residual(width) for width in channels)
        self.after = nn.ModuleList(Residual(width) for width in channels[:-1])
        self.outer = begin_at_zero(nn.Conv2d(channels[0], 4 * colours, 3, 1, 1))

    def forward(self, images: Tensor) -> Tensor:
        maps = self.before[0](self.inner(F.pixel_unshuffle(images, 2)))
        skipped = []
        for down, block in zip(self.down, self.before[1:], strict=True):
            skipped.append(maps)
            maps = block(down(maps))
        for up, block, skip in reversed([*zip(self.up, self.after, skipped, strict=True)]):
            maps = block(skip + F.interpolate(up(maps), scale_factor=2))
        return F.pixel_shuffle(self.outer(maps), 2)


class Residual(nn.Module):
    """Two convolutions whose output, zero at first, is added to the input (He et al. 2016, Identity Mappings)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, 1, 1)
        self.second = begin_at_zero(nn.Conv2d(width, width, 3, 1, 1))

    def forward(self, maps: Tensor) -> Tensor:
        return maps + self.second(F.leaky_relu(self.first(maps), SLOPE))


def begin_at_zero(layer: nn.Module) -> nn.Module:
    """The layer with weights and bias at zero."""
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer
