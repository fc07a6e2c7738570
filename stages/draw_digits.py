"""Draw what the AAE of one prior learned."""

from pathlib import Path
from typing import Annotated

import numpy as np
import torch
from matplotlib.figure import Figure
from pydantic import Field

from stages.aae.inference import decode, discriminate
from stages.aae.networks import AAE
from stages.base.params import Count, DataSource, Section, Seed, load
from stages.base.tables import Images, Latents
from stages.learning.weights import load_weights
from stages.show.curves import losses, read_curves
from stages.show.planes import discriminator, extent_of, posterior
from stages.show.sheets import manifold, pairs, sheet
from stages.show.style import Style, note_on, save


class DrawDigits(Section):
    """Section `draw.digits`."""

    seed: Seed
    points: Count
    manifold: Annotated[int, Field(ge=2)]
    styles: Annotated[int, Field(ge=2)]
    examples: Count


def draw_digits(
    aae: AAE, data: Images, latents: Latents, curves: Path, label: str, params: DrawDigits, style: Style
) -> dict[str, Figure]:
    """All figures of one prior by name; `data` and `latents` have the same rows, `curves` is dvclive's folder.

    Codes of more than two dimensions are drawn by their first two; a plane's other dimensions are zero.
    """
    prior, random = aae.prior, np.random.default_rng(params.seed)

    def images_of(points: np.ndarray) -> np.ndarray:
        """Images (..., H, W, C) that the decoder makes of points (..., 2) of the plane."""
        images = decode(aae, prior.embed(points).reshape(-1, prior.dim))
        return images.reshape(*points.shape[:-1], *images.shape[1:])

    def probability(points: np.ndarray) -> np.ndarray:
        """The discriminator's output (...) at points (..., 2) of the plane."""
        return discriminate(aae, prior.embed(points).reshape(-1, prior.dim)).reshape(points.shape[:-1])

    # test codes, as many samples of the prior, and a picture that shows both
    test = latents.part("test").where(random.permutation((latents.split == "test").sum())[: params.points])
    samples, components = prior.sample(len(test), torch.Generator().manual_seed(params.seed))
    extent = extent_of(prior.extent(), test.codes)

    figures = {
        "posterior": posterior(
            test.codes,
            test.labels,
            data.names.tolist(),
            samples.numpy(),
            components.numpy(),
            prior.plane_density,
            extent,
            style,
            f"{label}: codes beside the prior",
        ),
        "manifold": manifold(
            images_of(prior.grid(params.manifold)),
            prior.grid(params.manifold),
            f"{label}: learned manifold over the prior's range",
        ),
        "discriminator": discriminator(
            discriminate(aae, test.codes),
            discriminate(aae, samples.numpy()),
            probability,
            prior.plane_density,
            extent,
            style,
            f"{label}: the discriminator at the end of training",
        ),
        "curves": losses(read_curves(curves), "validation", style, f"{label}: losses"),
    }

    # some test images of each class, each above its reconstruction
    tested = data.split == "test"
    rows = np.stack(
        [
            choose(np.flatnonzero(tested & (data.labels == k)), params.examples, random)
            for k in np.unique(data.labels[tested])
        ],
        1,
    )
    reconstructions = decode(aae, latents.codes[rows.ravel()]).reshape(*rows.shape, *data.images.shape[1:])
    figures["reconstructions"] = sheet(
        pairs(data.images[rows], reconstructions),
        f"{label}: test images, each above its reconstruction",
        band=2,
        row_labels=["image", "reconstruction"] * params.examples,
    )

    walks = prior.styles(params.styles)
    by_component = prior.components > 1
    figures["styles"] = sheet(
        images_of(walks),
        f"{label}: walks {'along each part of the prior' if by_component else 'through the origin'}",
        row_labels=[f"part {k}" if by_component else direction(walk) for k, walk in enumerate(walks)],
        subtitle="" if by_component else "by the direction of the walk in the plane of the first two dimensions",
    )
    return figures


def choose(rows: np.ndarray, n: int, random: np.random.Generator) -> np.ndarray:
    """`n` of the rows, repeated only where there are fewer."""
    return random.choice(rows, n, replace=len(rows) < n)


def direction(walk: np.ndarray) -> str:
    """The angle of a straight walk (n, 2) to the first axis."""
    x, y = walk[-1, :2] - walk[0, :2]
    return f"{np.degrees(np.arctan2(y, x)):.0f}°"


def main(prior: str) -> None:
    style, note = load("draw.style", Style), note_on(load("data.source", DataSource))
    figures = draw_digits(
        load_weights(AAE, f"data/models/digits/{prior}.safetensors"),
        Images.read("data/digits/mnist.npz"),
        Latents.read(f"data/latents/digits/{prior}.npz"),
        Path(f"plots/digits/{prior}/curves"),
        load(f"digits.priors.{prior}.label", str),
        load("draw.digits", DrawDigits),
        style,
    )
    for name, figure in figures.items():
        save(figure, f"plots/digits/{prior}/{name}.png", style, note)
