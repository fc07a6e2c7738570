"""Walk from faces to their nearest neighbours in latent space, as GIFs and film strips."""

from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field

from stages.aae.faces import FaceAAE
from stages.aae.inference import in_batches
from stages.aae.walks import blend, ease, there_and_back, walk
from stages.base.errors import StageError
from stages.base.files import write_json
from stages.base.params import Count, DataSource, Section, Seed, load
from stages.base.people import first_images
from stages.base.problems import hint
from stages.base.tables import Images, Latents
from stages.learning.weights import load_weights
from stages.measure.neighbours import find_nearest
from stages.measure.walks import smoothness
from stages.show.gifs import annotate, arrange_grid, enlarge, write_gif
from stages.show.sheets import as_rgb, sheet
from stages.show.style import Style, note_on, save


class Gifs(Section):
    """Section `gifs`."""

    model: str
    seed: Seed
    pairs: Count
    people: list[str]
    frames: Annotated[int, Field(ge=2)]
    milliseconds: Annotated[int, Field(ge=20, le=2000)]
    scale: Annotated[int, Field(ge=1, le=8)]
    colours: Annotated[int, Field(ge=3, le=256)]
    columns: Count
    stills: Annotated[int, Field(ge=2)]


def choose_faces(data: Images, people: list[str], n: int, seed: int) -> np.ndarray:
    """Rows of one face of each named person; where none is named, of `n` people drawn from the held-out ones.

    Raises StageError for a name that the data lack.
    """
    if not people:
        rows = first_images(data)
        return np.random.default_rng(seed).permutation(rows[data.split[rows] == "held_out"])[:n]
    first = {name: row for row, name in reversed(list(enumerate(data.names[data.labels].tolist())))}
    for name in people:
        if name not in first:
            raise StageError(f"params.yaml: gifs.people: the faces have nobody called {name!r}{hint(name, first)}")
    return np.array([first[name] for name in people])


def measure_walks(aae: FaceAAE, walks: np.ndarray) -> dict[str, float]:
    """Smoothness of walks (pairs, frames, H, W, C) in [0, 1] among the features that the encoder pools."""
    device = next(aae.parameters()).device
    images = walks.reshape(-1, *walks.shape[2:]).astype(np.float32)
    features = in_batches(lambda batch: aae.encoder.pool(batch.to(device).permute(0, 3, 1, 2)), images)
    return smoothness(features.reshape(*walks.shape[:2], -1))


def render_gifs(
    aae: FaceAAE, data: Images, latents: Latents, params: Gifs, style: Style, note: str, folder: Path
) -> dict[str, float]:
    """Write a GIF per pair, one of all pairs in a grid, and the film strips; returns the numbers of the pairs."""
    pairs = find_nearest(latents.codes, latents.labels, choose_faces(data, params.people, params.pairs, params.seed))
    start, end = latents.codes[pairs.faces], latents.codes[pairs.neighbours]
    weights = ease(params.frames)
    walks = walk(aae, start, end, weights)
    fades = blend(walks[:, 0], walks[:, -1], weights)  # the same ends, mixed pixel by pixel
    films = there_and_back(as_rgb(walks))
    gifs = {f"pairs/{k}": film for k, film in enumerate(films)} | {"grid": arrange_grid(films, params.columns)}
    for name, film in gifs.items():
        frames = annotate(enlarge(film, params.scale), note)
        write_gif(folder / f"{name}.gif", frames, params.milliseconds, params.colours)

    # the ends of a strip are the two reconstructions; the photos stand outside it
    strips = as_rgb(walk(aae, start, end, ease(params.stills)))
    photos = [as_rgb(data.images[rows])[:, None] for rows in (pairs.faces, pairs.neighbours)]
    middle = [""] * (params.stills - 2)
    people = data.names[data.labels]
    figure = sheet(
        np.concatenate([photos[0], strips, photos[1]], 1),
        f"From {'chosen' if params.people else 'held-out'} faces to their nearest neighbours in latent space",
        cell=0.5,
        row_labels=[
            f"{people[a]} to\n{people[b]}".replace("_", " ") for a, b in zip(pairs.faces, pairs.neighbours, strict=True)
        ],
        column_labels=["photo", "decoded", *middle, "decoded", "photo"],
    )
    save(figure, folder / "strips.png", style, note)
    return {
        "pairs": len(films),
        "frames": films.shape[1],
        "distance_mean": float(pairs.distances.mean()),
        "distance_min": float(pairs.distances.min()),
        "distance_max": float(pairs.distances.max()),
        **measure_walks(aae, walks),
        **{f"crossfade_{name}": value for name, value in measure_walks(aae, fades).items()},
    }


def main() -> None:
    params, source = load("gifs", Gifs), load("data.source", DataSource)
    numbers = render_gifs(
        load_weights(FaceAAE, f"data/models/faces/{params.model}.safetensors"),
        Images.read("data/faces/faces.npz"),
        Latents.read(f"data/latents/faces/{params.model}.npz"),
        params,
        load("draw.style", Style),
        note_on(source),
        Path("plots/interpolation"),
    )
    write_json("metrics/interpolation.json", numbers | {"data": source})
