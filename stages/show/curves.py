"""Loss curves, from the tables that dvclive writes while a model trains."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from stages.base.errors import StageError
from stages.show.style import QUIET, Style, figure_with_axes


def read_curves(folder: str | Path) -> dict[str, np.ndarray]:
    """One value per epoch for each metric in dvclive's `folder`. Raises StageError where there is none."""
    tables = sorted(Path(folder, "plots/metrics").rglob("*.tsv"))
    if not tables:
        raise StageError(f"{folder} holds no curves: run the training stage with `dvc repro`")
    return {table.stem: np.loadtxt(table, skiprows=1, delimiter="\t", ndmin=2)[:, 1] for table in tables}


def losses(curves: Mapping[str, np.ndarray], watched: str, style: Style, title: str) -> Figure:
    """Reconstruction errors beside the two losses of the adversarial game; other terms are left out.

    `curves` has the losses and measures of `stages.aae.training`; `watched` names the split that `watched_mse` is of.
    Both errors are of as many images, without noise or flips, by the network as it is after each epoch.
    """
    figure, (left, right) = figure_with_axes(title, 8.6, 3.5, 2)
    panels = (
        (left, {"train_mse": "training images", "watched_mse": f"{watched} images"}),
        (right, {"discriminator": "discriminator", "generator": "generator (encoder)"}),
    )
    for k, (axes, names) in enumerate(panels):
        for j, (name, label) in enumerate(names.items()):
            epochs = np.arange(1, len(curves[name]) + 1)
            marker = "o" if len(epochs) == 1 else None  # a line of one point is not seen
            axes.plot(epochs, curves[name], color=style.line(2 * k + j), marker=marker, label=label)
        axes.grid(axis="y")
        axes.set_xlabel("epoch")
        axes.xaxis.get_major_locator().set_params(integer=True)
    left.set_title("reconstruction: mean squared error per pixel")
    right.set_title("regularisation: cross-entropy in nats")
    right.axhline(np.log(2), color=QUIET, lw=0.8, ls="--", label="ln 2: a guess at random")
    left.legend()
    right.legend()
    return figure
