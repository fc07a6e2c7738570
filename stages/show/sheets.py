"""Sheets of small images: reconstructions, manifolds, styles, samples."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from stages.show.style import BOTTOM

TEXT = 0.075  # inches that a letter of a label takes


def as_rgb(images: np.ndarray) -> np.ndarray:
    """Images (..., H, W, 3) uint8 of images (..., H, W, 1 or 3), uint8 or float in [0, 1].

    Grey images become ink on paper: their bright strokes dark on white.
    """
    if images.dtype != np.uint8:
        images = np.round(255 * np.clip(images, 0, 1)).astype(np.uint8)
    return images if images.shape[-1] == 3 else np.repeat(255 - images, 3, -1)


def tile(images: np.ndarray, gap: int = 1, band: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One picture (height, width, 3) uint8 of images (rows, columns, H, W, C), and the top-left pixels of its cells.

    `gap` white pixels part the cells; where `band` is not 0, a wider gap follows every `band` rows. Returned with
    the picture: the top (rows,) of each row and the left (columns,) of each column.
    """
    cells = as_rgb(images)
    rows, columns, height, width = cells.shape[:4]
    wide = height // 6 if band else 0
    top = np.arange(rows) * (height + gap) + wide * (np.arange(rows) // max(band, 1))
    left = np.arange(columns) * (width + gap)
    picture = np.full((top[-1] + height, left[-1] + width, 3), 255, np.uint8)
    for i, j in np.ndindex(rows, columns):
        picture[top[i] : top[i] + height, left[j] : left[j] + width] = cells[i, j]
    return picture, top, left


def sheet(
    images: np.ndarray,
    title: str,
    cell: float = 0.5,
    gap: int = 1,
    band: int = 0,
    row_labels: Sequence[str] = (),
    column_labels: Sequence[str] = (),
    subtitle: str = "",
) -> Figure:
    """Images (rows, columns, H, W, C) as one sheet, each `cell` inches wide."""
    picture, top, left = tile(images, gap, band)
    scale = cell / images.shape[3]  # inches per pixel
    height, width = picture.shape[0] * scale, picture.shape[1] * scale
    margin = 0.12 + TEXT * max((len(line) for label in row_labels for line in label.split("\n")), default=0)
    head = 0.38 + 0.2 * bool(subtitle) + 0.2 * bool(column_labels)
    needed = 0.09 * len(title)  # of the title, in inches
    full_width, full_height = max(margin + width + 0.12, needed), head + height + BOTTOM + 0.06
    figure = Figure((full_width, full_height))
    axes = figure.add_axes(
        (margin / full_width, (BOTTOM + 0.06) / full_height, width / full_width, height / full_height)
    )
    axes.imshow(picture)
    axes.set_axis_off()
    figure.text(0.1 / full_width, 1 - 0.08 / full_height, title, va="top", fontsize=10, fontweight="bold")
    figure.text(0.1 / full_width, 1 - 0.3 / full_height, subtitle, va="top")
    for text, start in zip(row_labels, top, strict=True) if row_labels else ():
        axes.text(-0.07 / scale, start + images.shape[2] / 2, text, ha="right", va="center")
    for text, start in zip(column_labels, left, strict=True) if column_labels else ():
        axes.text(start + images.shape[3] / 2, -0.05 / scale, text, ha="center", va="bottom")
    return figure


def pairs(originals: np.ndarray, reconstructions: np.ndarray) -> np.ndarray:
    """Images (2 x rows, columns, H, W, C): each row of originals above its reconstructions, as uint8 colours."""
    both = np.stack([as_rgb(originals), as_rgb(reconstructions)], 1)
    return both.reshape(-1, *both.shape[2:])


def manifold(images: np.ndarray, codes: np.ndarray, title: str) -> Figure:
    """Decoded images (n, n, H, W, C) of a grid of codes (n, n, 2), with the codes' coordinates at the sides."""
    n = len(images)
    named = sorted({0, n // 4, n // 2, n - 1 - n // 4, n - 1})
    rows = [f"{codes[i, 0, 1]:.1f}" if i in named else "" for i in range(n)]
    columns = [f"{codes[0, j, 0]:.1f}" if j in named else "" for j in range(n)]
    subtitle = "across: first dimension of the code; upwards: second"
    return sheet(images, title, 0.3, 0, row_labels=rows, column_labels=columns, subtitle=subtitle)
