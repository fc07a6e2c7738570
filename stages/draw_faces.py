"""Draw faces beside their reconstructions, faces made of samples of the prior, and the loss curves."""

from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure

from stages.aae.inference import decode
from stages.aae.networks import AAE
from stages.base.params import Count, DataSource, Section, Seed, load
from stages.base.tables import Images, Latents
from stages.learning.weights import load_weights
from stages.show.curves import losses, read_curves
from stages.show.sheets import pairs, sheet
from stages.show.style import Style, note_on, save


class DrawFaces(Section):
    """Section `draw.faces`."""

    seed: Seed
    rows: Count
    columns: Count


def draw_faces(
    aae: AAE, data: Images, latents: Latents, curves: Path, label: str, params: DrawFaces, style: Style
) -> dict[str, Figure]:
    """All figures by name; `data` and `latents` have the same rows, `curves` is dvclive's folder."""
    random = np.random.default_rng(params.seed)
    figures = {"curves": losses(read_curves(curves), "held-out", style, f"Faces, {label}: losses")}
    for split, title in (("train", "Training people"), ("held_out", "Held-out people")):
        rows = np.flatnonzero(data.split == split)
        shape = (min(params.rows, -(-len(rows) // params.columns)), min(params.columns, len(rows)))
        rows = random.choice(rows, shape, replace=len(rows) < np.prod(shape))
        reconstructions = decode(aae, latents.codes[rows.ravel()]).reshape(*shape, *data.images.shape[1:])
        figures["training" if split == "train" else split] = sheet(
            pairs(data.images[rows], reconstructions),
            f"{title}, each above the reconstruction",
            cell=0.6,
            band=2,
            row_labels=["photo", "reconstruction"] * shape[0],
        )
    codes, _ = aae.prior.sample(2 * params.rows * params.columns, torch.Generator().manual_seed(params.seed))
    samples = decode(aae, codes.numpy()).reshape(2 * params.rows, params.columns, *data.images.shape[1:])
    figures["samples"] = sheet(samples, "Decoded random samples of the prior: nobody's faces", cell=0.6)
    return figures


def main(variant: str) -> None:
    style, note = load("draw.style", Style), note_on(load("data.source", DataSource))
    figures = draw_faces(
        load_weights(AAE, f"data/models/faces/{variant}.safetensors"),
        Images.read("data/faces/faces.npz"),
        Latents.read(f"data/latents/faces/{variant}.npz"),
        Path(f"plots/faces/{variant}/curves"),
        load(f"faces.variants.{variant}.label", str),
        load("draw.faces", DrawFaces),
        style,
    )
    for name, figure in figures.items():
        save(figure, f"plots/faces/{variant}/{name}.png", style, note)
