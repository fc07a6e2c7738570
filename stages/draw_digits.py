"""Draw what the AAE of one prior learned: `python -m stages.draw_digits PRIOR`."""

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
from stages.show.planes import discriminator, embedded, posterior
from stages.show.sheets import manifold, pairs, sheet
from stages.show.style import Style, noted, save


class Digits(Section):
    """Section `draw.digits`."""

    seed: Seed
    points: Count
    manifold: Annotated[int, Field(ge=2)]
    styles: Annotated[int, Field(ge=2)]
    examples: Count


def draw_digits(
    aae: AAE, data: Images, latents: Latents, curves: Path, name: str, params: Digits, style: Style
) -> dict[str, Figure]:
    """All figures of one prior by name; `data` and `latents` have the same rows, `curves` is dvclive's folder.

    Codes of more than two dimensions are drawn by their first two; a plane's other dimensions are zero.
    """
    prior, random = aae.prior, np.random.default_rng(params.seed)

    def density(points: np.ndarray) -> np.ndarray:
        """The prior's density (...) at points (..., 2) of the plane."""
        return prior.density(embedded(points, prior.dim))

    def images_of(codes: np.ndarray) -> np.ndarray:
        """Images (..., H, W, C) that the decoder makes of points (..., 2) of the plane."""
        images = decode(aae, embedded(codes, prior.dim).reshape(-1, prior.dim))
        return images.reshape(*codes.shape[:-1], *images.shape[1:])

    # test codes, as many samples of the prior, and a picture that shows both
    test = latents.part("test").where(random.permutation((latents.split == "test").sum())[: params.points])
    samples, components = prior.sample(len(test), torch.Generator().manual_seed(params.seed))
    extent = max(prior.extent(), float(np.quantile(np.abs(test.codes[:, :2]), 0.998)))

    figures = {
        "posterior": posterior(
            test.codes,
            test.labels,
            data.names.tolist(),
            samples.numpy(),
            components.numpy(),
            density,
            extent,
            style,
            f"{name}: codes beside the prior",
        ),
        "manifold": manifold(
            images_of(prior.grid(params.manifold)),
            prior.grid(params.manifold),
            f"{name}: learned manifold over the prior's range",
        ),
        "discriminator": discriminator(
            discriminate(aae, test.codes),
            discriminate(aae, samples.numpy()),
            lambda points: discriminate(aae, embedded(points, prior.dim).reshape(-1, prior.dim)).reshape(
                points.shape[:-1]
            ),
            density,
            extent,
            style,
            f"{name}: the discriminator at the end of training",
        ),
        "curves": losses(read_curves(curves), "validation", style, f"{name}: losses"),
    }

    # some test images of each class, each above its reconstruction
    tested = data.split == "test"
    rows = np.stack(
        [
            some(np.flatnonzero(tested & (data.labels == k)), params.examples, random)
            for k in np.unique(data.labels[tested])
        ],
        1,
    )
    reconstructions = decode(aae, latents.codes[rows.ravel()]).reshape(*rows.shape, *data.images.shape[1:])
    figures["reconstructions"] = sheet(
        pairs(data.images[rows], reconstructions),
        f"{name}: test images, each above its reconstruction",
        band=2,
        row_labels=["image", "reconstruction"] * params.examples,
    )

    walks = prior.styles(params.styles)
    by_component = prior.components > 1
    figures["styles"] = sheet(
        images_of(walks),
        f"{name}: walks {'along each part of the prior' if by_component else 'through the origin'}",
        row_labels=[f"part {k}" if by_component else direction(walk) for k, walk in enumerate(walks)],
        subtitle="" if by_component else "by the direction of the walk in the plane of the first two dimensions",
    )
    return figures


def some(rows: np.ndarray, n: int, random: np.random.Generator) -> np.ndarray:
    """`n` of the rows, repeated only where there are fewer."""
    return random.choice(rows, n, replace=len(rows) < n)


def direction(walk: np.ndarray) -> str:
    """The angle of a straight walk (n, 2) to the first axis."""
    x, y = walk[-1, :2] - walk[0, :2]
    return f"{np.degrees(np.arctan2(y, x)):.0f}°"


def main(name: str) -> None:
    style = load("draw.style", Style)
    figures = draw_digits(
        load_weights(AAE, f"data/models/digits/{name}.safetensors"),
        Images.read("data/digits/mnist.npz"),
        Latents.read(f"data/latents/digits/{name}.npz"),
        Path(f"plots/digits/{name}/curves"),
        name,
        load("draw.digits", Digits),
        style,
    )
    for figure_name, figure in figures.items():
        save(figure, f"plots/digits/{name}/{figure_name}.png", style, noted(load("data.source", DataSource)))
