"""Pictures of codes of many dimensions: their variances and norms, and what each number of dimensions costs."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator
from scipy import stats

from stages.show.style import INK, QUIET, Style, figure_with_axes

PALE = "#cfcfcf"
SHOWN = 0.995  # share of each set of codes that the picture of their norms holds


def variances(codes: np.ndarray) -> np.ndarray:
    """Eigenvalues, the largest first, of the covariance of codes (N, d): the N - 1 at most that need not be zero."""
    n = len(codes) - 1
    return np.linalg.svd(codes - codes.mean(0), compute_uv=False)[:n] ** 2 / n


def match(codes: Mapping[str, np.ndarray], samples: np.ndarray, dim: int, style: Style, title: str) -> Figure:
    """How codes (N, dim) of each name differ from `samples` (N, dim) of a standard Gaussian of `dim` dimensions.

    Left the variances along their principal directions, right the distribution of their squared norm over `dim`, which
    is a chi-square's for the Gaussian. Bins are as wide as numpy's rule "auto" takes them for each set of codes.
    """
    figure, (left, right) = figure_with_axes(title, 9.2, 3.9, 2)
    # the samples below all others, as a pale ground
    sets = {"samples of the prior": (samples, PALE, 5)}
    sets |= {name: (rows, style.line(k), 1.2) for k, (name, rows) in enumerate(codes.items())}
    deviation = np.sqrt(2 / dim)
    low, high = 1 - 4 * deviation, 1 + 4 * deviation
    for name, (rows, colour, width) in sets.items():
        values = variances(rows.astype(np.float64))
        marker = "o" if len(values) == 1 else None  # a line of one point is not seen
        left.plot(np.arange(1, len(values) + 1), values, color=colour, lw=width, marker=marker, label=name)
        norms = np.square(rows, dtype=np.float64).mean(1)
        filled = rows is samples
        right.stairs(*np.histogram(norms, "auto", density=True), color=colour, lw=width, fill=filled)
        low, high = min(low, np.quantile(norms, 1 - SHOWN)), max(high, np.quantile(norms, SHOWN))
    low = max(low, 0)
    line = np.linspace(low, high, 1001)[1:]  # without 0, where the density of one dimension is not finite
    density = dim * stats.chi2.pdf(dim * line, dim)
    right.plot(line, density, color=INK, lw=1, ls="--", label="prior: chi-square density")

    left.set_title("eigenvalues of the codes' covariance")
    left.set(xlabel="principal direction of the codes", ylabel="variance along it")
    plain_logarithms(left, (1, 3))
    right.set_title("squared norms of the codes")
    right.set(xlabel="squared norm over the dimension", ylabel="density", xlim=(low, high), ylim=(0, None))
    for axes in (left, right):
        axes.set_axisbelow(True)
        axes.grid(axis="y")
    figure.legend(loc="outside lower center", ncols=len(sets) + 1)
    return figure


def dimensions(errors: Mapping[int, float], dim: int, error: float, style: Style, title: str) -> Figure:
    """Errors of principal components by their number, beside the AAE's `error` at `dim` dimensions, which both have."""
    figure, (axes,) = figure_with_axes(title, 5.6, 3.7)
    numbers = sorted(errors)
    axes.axhline(error, color=QUIET, lw=0.8, ls="--")
    label = f"PCA, {errors[dim]:.5f} at {dim}"
    axes.plot(numbers, [errors[n] for n in numbers], color=style.line(1), marker="o", ms=4, label=label)
    axes.plot([dim], [error], color=style.line(0), marker="D", ms=5, ls="", label=f"AAE, {error:.5f} at {dim}")
    plain_logarithms(axes, (1, 1.5, 2, 3, 4, 5, 6, 8))
    axes.grid(axis="y")
    axes.set(xlim=(0, None), xlabel="dimensions of the code", ylabel="mean squared error per pixel")
    axes.legend()
    return figure


def plain_logarithms(axes: Axes, ticks: tuple[float, ...]) -> None:
    """A logarithmic axis upwards with plain numbers: `ticks` times each power of ten."""
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=ticks))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_locator(NullLocator())
