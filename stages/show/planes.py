"""Pictures of the latent plane: the aggregated posterior, the prior, the discriminator."""

from collections.abc import Callable, Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize, to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from stages.show.style import QUIET, Style, figure_with_axes

Values = Callable[[np.ndarray], np.ndarray]  # points (..., 2) -> values (...)


def extent_of(prior: float, codes: np.ndarray) -> float:
    """Half the side of a square about the origin that shows the prior's extent and nearly all codes (N, d)."""
    return max(prior, float(np.quantile(np.abs(codes[:, :2]), 0.998)))


def plane(axes: Axes, extent: float, title: str) -> None:
    """A square picture of the plane about the origin."""
    axes.set_title(title)
    axes.set_aspect("equal")
    axes.set(xlim=(-extent, extent), ylim=(-extent, extent), xlabel="code, dimension 1", ylabel="code, dimension 2")


def sample_field(field: Values, extent: float, n: int = 160) -> np.ndarray:
    """Values (n, n) of a field at the middles of the picture's pixels, the lowest row first."""
    line = (np.arange(n) + 0.5) / n * 2 * extent - extent
    return field(np.stack(np.meshgrid(line, line), -1))


def shade(axes: Axes, values: np.ndarray, extent: float, style: Style) -> None:
    """A density as a light ground for points."""
    axes.imshow(
        values,
        extent=(-extent, extent, -extent, extent),
        origin="lower",
        cmap=style.density,
        vmin=0,
        vmax=2.5 * values.max(),  # keeps the ground pale
        interpolation="bilinear",
    )


def scatter(axes: Axes, codes: np.ndarray, classes: np.ndarray, style: Style, size: float = 4) -> None:
    """Codes (N, 2) as points in their classes' colours; grey where there is but one class."""
    colours = np.array([style.colour(k) for k in range(classes.max() + 1)] if classes.max() else [to_rgb(QUIET)])
    axes.scatter(*codes[:, :2].T, s=size, c=colours[classes], alpha=0.75, linewidths=0)


def legend(figure: Figure, names: list[str], style: Style, title: str) -> None:
    """The classes' colours, at the right of the figure."""
    marks = [Line2D([], [], color=style.colour(k), marker="o", ls="", ms=4, label=name) for k, name in enumerate(names)]
    figure.legend(handles=marks, title=title, loc="outside right center", handletextpad=0.1)


def posterior(
    codes: np.ndarray,
    labels: np.ndarray,
    names: list[str],
    samples: np.ndarray,
    components: np.ndarray,
    density: Values,
    extent: float,
    style: Style,
    title: str,
) -> Figure:
    """Codes of images by class, beside samples of the prior by component; both on the prior's density."""
    figure, (left, right) = figure_with_axes(title, 9.4, 4.9, 2)
    ground = sample_field(density, extent)
    for axes, points, classes, heading in (
        (left, codes, labels, "aggregated posterior: codes of test images, by digit"),
        (right, samples, components, "prior: samples" + (", by component" if components.max() else "")),
    ):
        plane(axes, extent, heading)
        shade(axes, ground, extent, style)
        scatter(axes, points, classes, style)
    legend(figure, names, style, "digit;\nat the right:\ncomponent" if components.max() else "digit")
    return figure


def posteriors(
    panels: Mapping[str, tuple[np.ndarray, np.ndarray, Values, float]], names: list[str], style: Style, title: str
) -> Figure:
    """The posterior of each prior: name -> codes (N, 2), labels (N,), density, extent; four in a row."""
    columns = min(4, len(panels))
    rows = -(-len(panels) // columns)
    figure, (unused,) = figure_with_axes(title, 2.75 * columns + 0.9, 2.85 * rows + 0.7)
    unused.remove()
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes in grid[len(panels) :]:
        axes.remove()
    for axes, (name, (codes, labels, density, extent)) in zip(grid, panels.items(), strict=False):
        plane(axes, extent, name)
        axes.set(xlabel="", ylabel="")
        shade(axes, sample_field(density, extent), extent, style)
        scatter(axes, codes, labels, style, size=2.5)
    legend(figure, names, style, "digit")
    return figure


def discriminator(
    on_codes: np.ndarray,
    on_samples: np.ndarray,
    probability: Values,
    density: Values,
    extent: float,
    style: Style,
    title: str,
) -> Figure:
    """The discriminator's output (N,) in [0, 1] on codes and on samples of the prior, and over the plane."""
    figure, (left, right) = figure_with_axes(title, 9.2, 4.2, 2)
    bins = np.linspace(0, 1, 51)
    for outputs, name, colour in ((on_codes, "codes of test images", 0), (on_samples, "samples of the prior", 1)):
        shares = np.histogram(outputs, bins)[0] / len(outputs)
        left.stairs(shares, bins, fill=True, color=style.line(colour), alpha=0.35)
        left.stairs(shares, bins, color=style.line(colour), lw=1.4, label=f"{name}, mean {outputs.mean():.3f}")
    left.axvline(0.5, ymax=0.76, color=QUIET, lw=0.8, ls="--")
    left.set_title("output; at 0.5 (dashed) it cannot tell them apart")
    left.set(xlabel="probability of being a sample of the prior", ylabel="share per bin of 0.02", xlim=(0, 1))
    left.set_ylim(0, 1.3 * left.get_ylim()[1])  # room for the legend
    left.legend(loc="upper left")

    plane(right, extent, "output over the plane; lines: the prior's density")
    values = sample_field(probability, extent)
    colours = {"cmap": "PuOr", "norm": Normalize(0, 1)}
    sides = (-extent, extent, -extent, extent)
    right.imshow(values, extent=sides, origin="lower", interpolation="bilinear", **colours)
    ground = sample_field(density, extent)
    right.contour(ground, ground.max() * np.array([0.02, 0.2, 0.6]), extent=sides, colors="#333333", linewidths=0.5)
    figure.colorbar(ScalarMappable(**colours), ax=right, label="probability of being a sample of the prior", pad=0.02)
    return figure
