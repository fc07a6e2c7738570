"""Show what person and scene hold: neighbours by each, walks to them, and people in each other's scenes."""

from pathlib import Path
from typing import Annotated

import numpy as np
import torch
from matplotlib.figure import Figure
from pydantic import Field

from stages.aae.identity import IdentityAAE
from stages.aae.inference import decode
from stages.aae.walks import ease, there_and_back, walk
from stages.base.params import Count, DataSource, Section, Seed, load
from stages.base.tables import Images, Latents
from stages.learning.weights import load_weights
from stages.measure.neighbours import find_nearest
from stages.measure.people import normalise
from stages.show.gifs import annotate, arrange_grid, write_gif
from stages.show.sheets import as_rgb, sheet
from stages.show.style import Style, note_on, save


class DrawIdentity(Section):
    """Section `draw.identity`."""

    seed: Seed
    faces: Count
    neighbours: Count
    frames: Annotated[int, Field(ge=2)]
    milliseconds: Annotated[int, Field(ge=20, le=2000)]


def choose_people(data: Images, n: int, seed: int) -> np.ndarray:
    """Rows of the first image of `n` held-out people, as many of them as possible with several images."""
    rows = np.flatnonzero(data.split == "held_out")
    people, first, counts = np.unique(data.labels[rows], return_index=True, return_counts=True)
    order = np.random.default_rng(seed).permutation(len(people))
    order = order[np.argsort(counts[order] == 1, kind="stable")]
    return rows[first[order[:n]]]


def neighbours(data: Images, kinds: dict[str, np.ndarray], rows: np.ndarray, number: int) -> Figure:
    """Each of the rows' photos beside those nearest to it among held-out people, by each kind of codes (N, d)."""
    held_out = np.flatnonzero(data.split == "held_out")
    lines, labels = [], []
    for row in rows:
        for kind, codes in kinds.items():
            cosines = normalise(codes[held_out]) @ normalise(codes[[row]])[0]
            found = held_out[np.argsort(-cosines, kind="stable")]
            found = found[found != row][:number]
            lines.append(data.images[[row, *found]])
            right, there = (int((data.labels[some] == data.labels[row]).sum()) for some in (found, held_out))
            labels.append(f"by {kind}: {right} of {there - 1} found")
    return sheet(
        np.stack(lines),
        "Held-out faces, and those nearest to each by its code and by its person",
        cell=0.6,
        band=len(kinds),
        row_labels=labels,
        column_labels=["asked", *map(str, range(1, number + 1))],
    )


def swap(aae: IdentityAAE, data: Images, codes: np.ndarray, rows: np.ndarray) -> Figure:
    """Each row's person in each row's scene, decoded from codes (N, d); photos at the margins."""
    person = aae.architecture.person
    mixed = np.stack([np.concatenate([codes[a, :person], codes[b, person:]]) for a in rows for b in rows])
    decoded = as_rgb(decode(aae, mixed)).reshape(len(rows), len(rows), *data.images.shape[1:])
    photos = as_rgb(data.images[rows])
    corner = np.full_like(photos[:1], 255)
    images = np.concatenate([np.concatenate([corner, photos])[None], np.concatenate([photos[:, None], decoded], 1)])
    return sheet(
        images,
        "The person of each row in the scene of each column",
        cell=0.6,
        subtitle="photos at the margins; down the diagonal, reconstructions",
    )


def draw_walks(
    aae: IdentityAAE, data: Images, codes: np.ndarray, kinds: dict[str, np.ndarray], rows: np.ndarray, frames: int
) -> np.ndarray:
    """Frames (N, H, W, 3) uint8 of walks from the rows' codes (N, d) to the nearest of other people: a row per kind."""
    films = []
    for known in kinds.values():
        found = find_nearest(normalise(known), data.labels, rows)
        films.append(there_and_back(as_rgb(walk(aae, codes[rows], codes[found.neighbours], ease(frames)))))
    return arrange_grid(np.concatenate(films), len(rows))


def draw_identity(
    aae: IdentityAAE, data: Images, latents: Latents, params: DrawIdentity
) -> tuple[dict[str, Figure], np.ndarray]:
    """All figures by name, and the frames of the walks; `data` and `latents` have the same rows."""
    rows = choose_people(data, params.faces, params.seed)
    codes = torch.from_numpy(latents.codes)
    kinds = {"whole code": latents.codes, "person": aae.person(codes).numpy()}
    figures = {
        "neighbours": neighbours(data, kinds, rows, params.neighbours),
        "swap": swap(aae, data, latents.codes, rows),
    }
    return figures, draw_walks(aae, data, latents.codes, kinds, rows, params.frames)


def main() -> None:
    style, note = load("draw.style", Style), note_on(load("data.source", DataSource))
    params, folder = load("draw.identity", DrawIdentity), Path("plots/faces/identity")
    figures, frames = draw_identity(
        load_weights(IdentityAAE, "data/models/faces/identity.safetensors"),
        Images.read("data/faces/faces.npz"),
        Latents.read("data/latents/faces/identity.npz"),
        params,
    )
    for name, figure in figures.items():
        save(figure, folder / f"{name}.png", style, note)
    write_gif(folder / "walks.gif", annotate(frames, note), params.milliseconds)
