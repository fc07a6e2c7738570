"""The one look of all figures, and how they become files."""

from pathlib import Path
from typing import Annotated

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import is_color_like, to_rgb
from matplotlib.figure import Figure
from PIL import Image
from pydantic import AfterValidator, Field

from stages.base.files import replacing
from stages.base.params import Section

INK, QUIET = "#333333", "#8a8a8a"
STRONG = (0, 4, 8, 5, 2, 7)  # places in the palette
BOTTOM = 0.18  # inches at the foot of each figure, for the note

# the defaults first, so that a matplotlibrc of the user's changes no picture
matplotlib.rcdefaults()
matplotlib.rcParams.update(
    {
        "font.size": 8,
        "axes.titlesize": 9,
        "axes.titlelocation": "left",
        "axes.edgecolor": QUIET,
        "axes.labelcolor": INK,
        "axes.linewidth": 0.6,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "text.color": INK,
        "xtick.color": QUIET,
        "ytick.color": QUIET,
        "xtick.labelcolor": INK,
        "ytick.labelcolor": INK,
        "xtick.major.width": 0.6,
        "ytick.major.width": 0.6,
        "grid.color": "#e4e4e4",
        "grid.linewidth": 0.6,
        "legend.frameon": False,
        "lines.linewidth": 1.4,
    }
)


def ten_colours(colours: list[str]) -> list[str]:
    """`colours` if they are ten or more that matplotlib knows."""
    for colour in colours:
        if not is_color_like(colour):
            raise ValueError(f"{colour!r} is no colour of matplotlib")
    if len(colours) < 10:
        raise ValueError("ten colours are needed, one per class")
    return colours


def colour_map(name: str) -> str:
    """`name` if matplotlib has a colour map of that name."""
    if name not in matplotlib.colormaps:
        raise ValueError("no colour map of matplotlib")
    return name


class Style(Section):
    """Section `draw.style`: what all figures share."""

    colours: Annotated[list[str], AfterValidator(ten_colours)]
    density: Annotated[str, AfterValidator(colour_map)]
    dpi: Annotated[int, Field(ge=50, le=400)]

    def colour(self, k: int) -> tuple[float, float, float]:
        """The colour of class `k`; they repeat past the last."""
        return to_rgb(self.colours[k % len(self.colours)])

    def line(self, k: int) -> tuple[float, float, float]:
        """The colour of line `k` of a chart: those of the ten that stand out on white."""
        return self.colour(STRONG[k % len(STRONG)])


def figure_with_axes(title: str, width: float, height: float, columns: int = 1) -> tuple[Figure, list[Axes]]:
    """A figure of `width` x `height` inches with a row of axes that arrange themselves."""
    figure = Figure((width, height), layout="constrained")
    figure.get_layout_engine().set(rect=(0, BOTTOM / height, 1, 1 - BOTTOM / height), w_pad=0.08)
    figure.suptitle(title, x=0.01, ha="left", fontsize=10, fontweight="bold")
    return figure, list(figure.subplots(1, columns, squeeze=False)[0])


def save(figure: Figure, path: str | Path, style: Style, note: str = "") -> None:
    """Write a PNG whose bytes depend on the picture alone; `note` stands small at its foot."""
    if note:
        height = figure.get_figheight()
        figure.text(0.99, 0.05 / height, note, ha="right", va="bottom", fontsize=8, color=QUIET, fontstyle="italic")
    figure.set_dpi(style.dpi)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    with replacing(path) as part:
        compact(np.asarray(canvas.buffer_rgba())[..., :3]).save(part, optimize=True)


def compact(pixels: np.ndarray) -> Image.Image:
    """The picture (H, W, 3) uint8, with a palette where 256 colours hold it exactly: a third smaller on disk."""
    packed = pixels.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
    colours, places = np.unique(packed, return_inverse=True)
    if len(colours) > 256:
        return Image.fromarray(np.ascontiguousarray(pixels))
    picture = Image.fromarray(places.reshape(packed.shape).astype(np.uint8), "P")
    picture.putpalette(np.stack([colours >> 16, colours >> 8 & 255, colours & 255], 1).astype(np.uint8).tobytes())
    return picture


def note_on(source: str) -> str:
    """The note on pictures of data from `source` (params.yaml, data.source): none for the publishers' data."""
    return "" if source == "publishers" else f"{source} data"
