"""Pictures of classes told by few labels: mistakes, learning curves, errors beside those of others."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpecFromSubplotSpec

from stages.show.sheets import as_rgb
from stages.show.style import INK, QUIET, Style, figure_with_axes

TERMS = {
    "cross_entropy": "cross-entropy of the labelled",
    "vat": "change of predictions (VAT)",
    "uncertainty": "uncertainty of the class",
    "imbalance": "uneven shares of classes",
}
REGULARISERS = {
    "discriminator": "discriminators",
    "generator": "generators (encoder)",
    "mmd": "discrepancy of the style (squared)",
}


def mistakes(
    counts: np.ndarray, images: np.ndarray, captions: Sequence[str], names: Sequence[str], columns: int, title: str
) -> Figure:
    """Counts (classes, classes) of true and predicted classes, beside images (N, H, W, C) with their captions."""
    rows = -(-len(images) // columns)
    width, height = 4.4 + 0.95 * columns, max(4.2, 1.05 * rows + 0.6)
    figure, (left, right) = figure_with_axes(title, width, height, 2)
    grid = left.get_gridspec()
    grid.set_width_ratios([4.2, 0.95 * columns])
    wrong = np.where(np.eye(len(counts), dtype=bool), 0, counts)
    left.imshow(wrong, cmap="Reds", vmin=0, vmax=max(1, 1.6 * wrong.max()))
    for (i, j), count in np.ndenumerate(counts):
        left.text(j, i, f"{count:,}", ha="center", va="center", fontsize=7, color=INK if count else QUIET)
    left.set_xticks(range(len(names)), names)
    left.set_yticks(range(len(names)), names)
    left.tick_params(length=0)
    left.spines[:].set_visible(False)
    left.set(title=f"test images: {wrong.sum():,} of {counts.sum():,} wrong", xlabel="predicted", ylabel="true")
    right.set_axis_off()
    cells = GridSpecFromSubplotSpec(max(rows, 1), columns, grid[1])
    for place, (image, caption) in enumerate(zip(as_rgb(images), captions, strict=True)):
        axes = figure.add_subplot(cells[place // columns, place % columns])
        axes.imshow(image)
        axes.set_axis_off()
        axes.set_title(caption, fontsize=7, loc="center", pad=2)
    return figure


def learning(curves: Mapping[str, np.ndarray], named: bool, style: Style, title: str) -> Figure:
    """What a trainer of `stages.aae.semi_training` measured: error, reconstruction, and the terms that it weighs.

    `named` tells that there were labels; else the error is that of clusters with the names of the watched images.
    """
    figure, panels = figure_with_axes(title, 11.5, 3.3, 4)
    lines = (
        ("error on validation images", {"watched_error": "with labels" if named else "clusters, named by them"}),
        (
            "mean squared error per pixel",
            {"reconstruction": "while training, styles with noise", "watched_mse": "validation images, without"},
        ),
        ("the class: nats", TERMS),
        ("the game: nats, and the style", REGULARISERS),
    )
    for axes, (heading, names) in zip(panels, lines, strict=True):
        for k, (name, label) in enumerate(names.items()):
            if name in curves:
                epochs = np.arange(1, len(curves[name]) + 1)
                axes.plot(
                    epochs, curves[name], color=style.line(k), marker="o" if len(epochs) == 1 else None, label=label
                )
        axes.set(title=heading, xlabel="epoch")
        axes.grid(axis="y")
        axes.xaxis.get_major_locator().set_params(integer=True)
        if axes.lines:
            low, high = axes.get_ylim()
            axes.set_ylim(min(0, low), 1.35 * high)  # room for the legend
            axes.legend(fontsize=7)
    panels[0].yaxis.set_major_formatter(lambda value, _: f"{100 * value:.3g}%")
    return figure


def errors(
    ours: Mapping[str, float], others: Mapping[str, Mapping[str, tuple[float, float]]], style: Style, title: str
) -> Figure:
    """Test errors in [0, 1] by variant's label, beside the mean and deviation that others report for some of them."""
    figure, (axes,) = figure_with_axes(title, 1.6 + 1.1 * len(ours), 3.4)
    places = np.arange(len(ours))
    axes.bar(places, [100 * error for error in ours.values()], 0.5, color=style.line(1), label="here, this run")
    for place, error in zip(places, ours.values(), strict=True):
        axes.text(place, 100 * error, f"{100 * error:.2f}", ha="center", va="bottom", fontsize=7.5)
    for k, (name, reported) in enumerate(others.items()):
        known = [(place, *reported[label]) for place, label in zip(places, ours, strict=True) if label in reported]
        if known:
            at, means, deviations = np.array(known).T
            axes.errorbar(at + 0.33, means, deviations, fmt="o", color=style.line(k), ms=4, capsize=3, label=name)
    axes.set_xticks(places, ours)
    axes.tick_params(axis="x", length=0)
    axes.set_ylabel("test error, %")
    axes.grid(axis="y")
    axes.set_axisbelow(True)
    axes.legend()
    return figure
