"""Pictures of classifiers: confusion matrices, ROC curves, bars, labelled samples."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from stages.show.style import BOTTOM, INK, QUIET, STRONG, Style, figure_with_axes

WRONG = "#b2182b"
DASHES = ("-", "--", ":", "-.")  # of the first lines of a chart, of the next as many colours, and so on


def confusions(counts: Mapping[str, np.ndarray], names: Sequence[str], title: str) -> Figure:
    """Counts (classes, classes) of each classifier as per cent of each true class."""
    figure, panels = figure_with_axes(title, 4.7 * len(counts) + 0.3, 4.9, len(counts))
    for axes, (name, matrix) in zip(panels, counts.items(), strict=True):
        shares = 100 * matrix / np.maximum(matrix.sum(1, keepdims=True), 1)
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=100)
        for (i, j), share in np.ndenumerate(shares):
            colour = "white" if share > 55 else INK if share >= 0.5 else QUIET
            axes.text(j, i, f"{share:.0f}", ha="center", va="center", fontsize=7, color=colour)
        axes.set_xticks(range(len(names)), names, rotation=45, ha="right", rotation_mode="anchor")
        axes.set_yticks(range(len(names)), names)
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        axes.set(title=name, xlabel="predicted class", ylabel="true class")
    return figure


def rocs(panels: Mapping[str, Mapping[str, tuple[np.ndarray, np.ndarray]]], style: Style, title: str) -> Figure:
    """ROC curves: panel -> label -> false and true positive rates."""
    figure, axes_row = figure_with_axes(title, 4.5 * len(panels), 4.9, len(panels))
    for axes, (heading, lines) in zip(axes_row, panels.items(), strict=True):
        axes.plot([0, 1], [0, 1], color=QUIET, lw=0.8, ls="--")
        for k, (name, (false, true)) in enumerate(lines.items()):
            axes.plot(false, true, color=style.line(k), ls=DASHES[k // len(STRONG) % len(DASHES)], label=name)
        axes.set_aspect("equal")
        axes.set(xlim=(0, 1), ylim=(0, 1), title=heading)
        axes.set(xlabel="false positive rate", ylabel="true positive rate")
        axes.grid()
        axes.legend(loc="lower right", fontsize=7.5)
    return figure


def bars(panels: Mapping[str, Mapping[str, tuple[float, float]]], style: Style, title: str) -> Figure:
    """Accuracy and AUROC of each classifier, one below the other: group -> label -> (accuracy, AUROC).

    A label `chance` becomes a grey bar and a dashed line across its group.
    """
    rows = [len(entries) for entries in panels.values()]
    figure = Figure((9.2, 0.36 * sum(rows) + 0.45 * len(rows) + 0.85), layout="constrained")
    height = figure.get_figheight()
    figure.get_layout_engine().set(rect=(0, BOTTOM / height, 1, 1 - BOTTOM / height))
    figure.suptitle(title, x=0.01, ha="left", fontsize=10, fontweight="bold")
    grid = figure.subplots(len(panels), 2, squeeze=False, height_ratios=rows, sharey="row")
    for row, (group, entries) in zip(grid, panels.items(), strict=True):
        for k, (axes, measure) in enumerate(zip(row, ("accuracy", "AUROC"), strict=True)):
            bar_row(axes, {name: values[k] for name, values in entries.items()}, style.line(k))
            axes.set_title(f"{group}: {measure}")
    return figure


def bar_row(axes: Axes, values: Mapping[str, float], colour: tuple[float, float, float]) -> None:
    """Horizontal bars from the top down, each with its value; a dashed line goes up from the one called chance."""
    for place, (name, value) in enumerate(values.items()):
        axes.barh(place, value, color=QUIET if name == "chance" else colour, height=0.62)
        axes.text(value + 0.01, place, f"{100 * value:.1f}%", va="center", fontsize=7.5)
        if name == "chance":
            axes.axvline(value, color=QUIET, lw=0.9, ls="--", zorder=0)
    axes.set_yticks(range(len(values)), values)
    axes.set_ylim(len(values) - 0.5, -0.5)
    axes.set_xlim(0, 1.12)
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "25%", "50%", "75%", "100%"])
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)


def labelled_samples(
    images: np.ndarray, true: Sequence[str], predicted: Mapping[str, Sequence[str]], columns: int, title: str
) -> Figure:
    """Images (N, H, W, 3) uint8 with their true class above and each classifier's below, wrong ones marked with x."""
    rows = -(-len(images) // columns)
    line = 0.14  # inches
    cell_width, cell_height = 1.05, 0.95 + line * (len(predicted) + 1) + 0.1
    head = 0.62
    width, height = columns * cell_width + 0.1, rows * cell_height + head + BOTTOM
    figure = Figure((width, height))
    figure.text(0.1 / width, 1 - 0.08 / height, title, va="top", fontsize=10, fontweight="bold")
    order = ", then ".join(f"by {name}" for name in predicted)
    figure.text(0.1 / width, 1 - 0.3 / height, f"above: true class; below: predicted {order}; x: wrong", va="top")
    for place, image in enumerate(images):
        left = 0.1 + (place % columns) * cell_width
        top = height - head - (place // columns) * cell_height - line
        axes = figure.add_axes((left / width, (top - 0.95) / height, 0.95 / width, 0.95 / height))
        axes.imshow(image, interpolation="bicubic")
        axes.set_axis_off()
        figure.text(left / width, (top + 0.02) / height, true[place], fontsize=7.5, fontweight="bold", va="bottom")
        for k, guesses in enumerate(predicted.values()):
            right = guesses[place] == true[place]
            below = (top - 0.97 - line * k) / height
            text = guesses[place] if right else f"x {guesses[place]}"
            figure.text(left / width, below, text, fontsize=7.5, va="top", color=INK if right else WRONG)
    return figure
