"""Draw the codes of all priors side by side."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from stages.aae.priors import AnyPrior, Prior
from stages.base.params import Count, DataSource, Seed, check, load
from stages.base.tables import Latents
from stages.show.planes import Values, embedded, side_by_side
from stages.show.style import Style, noted, save


def draw_priors(
    priors: Mapping[str, Prior], latents: Mapping[str, Latents], points: int, seed: int, style: Style
) -> Figure:
    """The first two dimensions of up to `points` test codes under each prior, on that prior's density."""
    panels = {}
    for name, prior in priors.items():
        test = latents[name].part("test")
        test = test.where(np.random.default_rng(seed).permutation(len(test))[:points])
        extent = max(prior.extent(), float(np.quantile(np.abs(test.codes[:, :2]), 0.998)))
        panels[name] = (test.codes, test.labels, plane_of(prior), extent)
    classes = 1 + max(part.labels.max() for part in latents.values())
    return side_by_side(panels, list(map(str, range(classes))), style, "Codes of test images under each prior")


def plane_of(prior: Prior) -> Values:
    """The prior's density at points (..., 2) of the plane of the first two dimensions."""
    return lambda points: prior.density(embedded(points, prior.dim))


def main() -> None:
    variants = load("digits.priors", dict[str, dict[str, Any]])
    priors = {
        name: check(variant["prior"], AnyPrior, f"digits.priors.{name}.prior") for name, variant in variants.items()
    }
    latents = {name: Latents.read(f"data/latents/digits/{name}.npz") for name in priors}
    style = load("draw.style", Style)
    points, seed = load("draw.digits.points", Count), load("draw.digits.seed", Seed)
    figure = draw_priors(priors, latents, points, seed, style)
    save(figure, "plots/digits/priors.png", style, noted(load("data.source", DataSource)))
