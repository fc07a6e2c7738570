"""Draw the codes of all priors side by side."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from stages.aae.priors import AnyPrior
from stages.base.params import Count, DataSource, Seed, check, load
from stages.base.tables import Latents
from stages.show.planes import extent_of, posteriors
from stages.show.style import Style, note_on, save


def draw_priors(
    variants: Sequence[dict[str, Any]], latents: Sequence[Latents], points: int, seed: int, style: Style
) -> Figure:
    """The first two dimensions of up to `points` test codes under each prior, on that prior's density.

    `variants` have a label and a prior each; `latents` are theirs.
    """
    panels = {}
    for variant, codes in zip(variants, latents, strict=True):
        prior = check(variant["prior"], AnyPrior, f"digits.priors.{variant['name']}.prior")
        test = codes.part("test")
        test = test.where(np.random.default_rng(seed).permutation(len(test))[:points])
        extent = extent_of(prior.extent(), test.codes)
        panels[variant["label"]] = (test.codes, test.labels, prior.plane_density, extent)
    classes = 1 + max(part.labels.max() for part in latents)
    return posteriors(panels, list(map(str, range(classes))), style, "Codes of test images under each prior")


def main() -> None:
    variants = json.loads(Path("data/variants/digits.json").read_text(encoding="utf-8"))
    latents = [Latents.read(f"data/latents/digits/{variant['name']}.npz") for variant in variants]
    style = load("draw.style", Style)
    points, seed = load("draw.digits.points", Count), load("draw.digits.seed", Seed)
    figure = draw_priors(variants, latents, points, seed, style)
    save(figure, "plots/digits/priors.png", style, note_on(load("data.source", DataSource)))
