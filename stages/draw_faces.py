"""Draw faces beside their reconstructions, samples, how codes match the prior, and the loss curves."""

from pathlib import Path
from typing import Annotated

import numpy as np
import torch
from matplotlib.figure import Figure
from pydantic import Field
from sklearn.decomposition import PCA

from stages.aae.faces import FaceAAE
from stages.aae.inference import decode
from stages.aae.shell import Shell
from stages.base.params import Count, DataSource, Section, Seed, load
from stages.base.people import Which, choose_images, first_images
from stages.base.tables import Images, Latents
from stages.learning.weights import load_weights
from stages.measure.images import mse
from stages.measure.pca import fit_pca, pca_decode, pca_encode
from stages.measure.people import few_people
from stages.show.curves import losses, read_curves
from stages.show.sheets import pairs, sheet
from stages.show.spectra import dimensions, match
from stages.show.style import Style, note_on, save


class DrawFaces(Section):
    """Section `draw.faces`."""

    seed: Seed
    rows: Count
    columns: Count
    widths: Annotated[list[Annotated[float, Field(gt=0)]], Field(min_length=1)]
    dimensions: list[Count]


def draw_faces(
    aae: FaceAAE,
    data: Images,
    latents: Latents,
    which: Which,
    curves: Path,
    label: str,
    params: DrawFaces,
    style: Style,
) -> dict[str, Figure]:
    """All figures by name; `data` and `latents` have the same rows, `curves` is dvclive's folder.

    PCA, also with a Gaussian's norms, learns those of the training images that the AAE learned, which `which` tells; of
    each person, the first image is shown and compared; of many people, some are.
    """
    learned = choose_images(data.part("train"), which)
    first = np.intersect1d(few_people(data, params.seed), first_images(data))
    data, latents, title = data.where(first), latents.where(first), f"Faces, {label}:"
    held_out, codes = data.part("held_out").images, latents.part("held_out").codes

    # the baselines: principal components, and their codes with a Gaussian's norms
    dim = aae.prior.dim
    pca, shell = fit_pca(learned.images, dim, params.seed), Shell(dim)
    shell.fit(torch.from_numpy(pca_encode(pca, learned.images)))
    white = pca_encode(pca, held_out)
    generator = torch.Generator().manual_seed(params.seed)
    drawn, _ = aae.prior.sample(len(codes), generator)
    compared = {
        "AAE": codes,
        "PCA, whitened": white,
        "PCA with a Gaussian's norms": shell(torch.from_numpy(white)).numpy(),
    }
    numbers = [number for number in params.dimensions if number < dim] + [dim]
    errors = {number: truncated_mse(pca, white, number, held_out) for number in numbers}
    error = mse(held_out, decode(aae, codes))

    random = np.random.default_rng(params.seed)
    return {
        "training": reconstructions(
            aae, data.part("train").images, latents.part("train").codes, f"{title} training people", params, random
        ),
        "held_out": reconstructions(aae, held_out, codes, f"{title} held-out people", params, random),
        "samples": samples(aae, pca, shell, data.images.shape[1:], f"{title} decoded samples of the prior", params),
        "match": match(compared, drawn.numpy(), dim, style, f"{title} codes of held-out people beside the prior"),
        "dimensions": dimensions(errors, dim, error, style, f"{title} error on held-out people"),
        "curves": losses(read_curves(curves), "validation", style, f"{title} losses"),
    }


def reconstructions(
    aae: FaceAAE, images: np.ndarray, codes: np.ndarray, title: str, params: DrawFaces, random: np.random.Generator
) -> Figure:
    """Some of the images (N, H, W, C), each above what the decoder makes of its code (N, d)."""
    shape = (min(params.rows, -(-len(images) // params.columns)), min(params.columns, len(images)))
    rows = random.choice(len(images), shape, replace=len(images) < np.prod(shape))
    decoded = decode(aae, codes[rows.ravel()]).reshape(*shape, *images.shape[1:])
    return sheet(
        pairs(images[rows], decoded),
        f"{title}, each above the reconstruction",
        cell=0.6,
        band=2,
        row_labels=["photo", "reconstruction"] * shape[0],
    )


def samples(aae: FaceAAE, pca: PCA, shell: Shell, shape: tuple[int, ...], title: str, params: DrawFaces) -> Figure:
    """What the AAE and the PCA with a Gaussian's norms make of the same samples of the prior, at each width.

    It is the white features that are scaled: a code's norm says nearly nothing, and its last dimension the contrast.
    """
    codes, _ = aae.prior.sample(params.columns, torch.Generator().manual_seed(params.seed))
    rows = []
    for width in params.widths:
        rows.append(decode(aae, narrow(aae.decoder.shell, codes, width).numpy()))
        rows.append(pca_decode(pca, width * shell.inverse(codes).numpy(), shape))
    return sheet(
        np.stack(rows),
        title,
        cell=0.6,
        band=2,
        row_labels=[f"{width:g} x {name}" for width in params.widths for name in ("AAE", "PCA")],
        subtitle="nobody's faces, the same sample down each column, from the mean face outwards: 1 x is the prior",
    )


def narrow(shell: Shell, codes: torch.Tensor, width: float) -> torch.Tensor:
    """Codes (N, d) whose white features are `width` times those of codes (N, d)."""
    return shell(width * shell.inverse(codes))


def truncated_mse(pca: PCA, codes: np.ndarray, number: int, images: np.ndarray) -> float:
    """Error on images (N, H, W, C) uint8 of the first `number` of their whitened components (N, d)."""
    first = np.where(np.arange(codes.shape[1]) < number, codes, 0)
    return mse(images, pca_decode(pca, first, images.shape[1:]))


def main(variant: str) -> None:
    style, note = load("draw.style", Style), note_on(load("data.source", DataSource))
    figures = draw_faces(
        load_weights(FaceAAE, f"data/models/faces/{variant}.safetensors"),
        Images.read("data/faces/faces.npz"),
        Latents.read(f"data/latents/faces/{variant}.npz"),
        load(f"faces.variants.{variant}.images", Which),
        Path(f"plots/faces/{variant}/curves"),
        load(f"faces.variants.{variant}.label", str),
        load("draw.faces", DrawFaces),
        style,
    )
    for name, figure in figures.items():
        save(figure, f"plots/faces/{variant}/{name}.png", style, note)
