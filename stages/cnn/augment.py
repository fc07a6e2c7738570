"""Views of images, made for a whole batch by one indexing: mirrored, and shifted with reflected borders.

Images are uint8 N x H x W x C here, as they lie in memory; a view comes out as N x C x H x W, channels last.
"""

from typing import Literal

import torch
from torch import Tensor

Views = Literal["plain", "flips", "flips_and_shifts"]


def view(images: Tensor, down: Tensor, right: Tensor, mirror: Tensor) -> Tensor:
    """Images (N, H, W, C), mirrored left to right where `mirror` (N,) says, then shifted by `down` and `right` (N,).

    What a shift uncovers is filled by reflection at the border. Shape of the result: (N, C, H, W).
    """
    n, height, width, _ = images.shape
    rows, columns = (torch.arange(side, device=images.device) for side in (height, width))
    rows = reflect(rows - down[:, None], height)  # (N, H)
    columns = reflect(columns - right[:, None], width)  # (N, W)
    columns = torch.where(mirror[:, None], width - 1 - columns, columns)
    which = torch.arange(n, device=images.device)[:, None, None]
    return images[which, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


def reflect(positions: Tensor, side: int) -> Tensor:
    """Positions inside [0, side) in place of those up to side - 1 outside, mirrored at the border pixel."""
    return side - 1 - (side - 1 - positions.abs()).abs()


def shift(images: Tensor, most: int, mirror: Tensor, generator: torch.Generator) -> Tensor:
    """A view of images (N, H, W, C), each shifted by up to `most` pixels in both directions, drawn evenly."""
    down, right = torch.randint(-most, most + 1, (2, len(images)), generator=generator, device=images.device)
    return view(images, down, right, mirror)


def draw_mirrored(n: int, generator: torch.Generator) -> Tensor:
    """Which of n images are mirrored in even epochs (the others are in odd ones): booleans (n,).

    Alternating flips show both sides of each image in any two epochs (arXiv 2404.00498, section 3.6).
    """
    return torch.rand(n, generator=generator, device=generator.device) < 0.5


# (down, right, mirrored, weight) of each view whose logits a prediction averages
VIEWS: dict[Views, list[tuple[int, int, bool, float]]] = {
    "plain": [(0, 0, False, 1.0)],
    "flips": [(0, 0, mirrored, 0.5) for mirrored in (False, True)],
    "flips_and_shifts": [
        *((0, 0, mirrored, 0.25) for mirrored in (False, True)),
        *((by, by, mirrored, 0.125) for by in (-1, 1) for mirrored in (False, True)),
    ],
}
