"""Walk from faces to their nearest neighbours in latent space, or between pictures, as GIFs and film strips."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field

from stages.aae.faces import FaceAAE
from stages.aae.inference import encode, in_batches
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
from stages.sources.pictures import read_pictures


class Gifs(Section):
    """Section `gifs`."""

    model: str
    seed: Seed
    pairs: Count
    people: list[str]
    photos: list[str]
    frames: Annotated[int, Field(ge=2)]
    milliseconds: Annotated[int, Field(ge=20, le=2000)]
    scale: Annotated[int, Field(ge=1, le=8)]
    colours: Annotated[int, Field(ge=3, le=256)]
    columns: Count
    stills: Annotated[int, Field(ge=2)]


@dataclass(frozen=True)
class Ends:
    """Where walks start, or end: photos (N, H, W, C) uint8, their codes (N, d), and the people's names (N,)."""

    photos: np.ndarray
    codes: np.ndarray
    names: np.ndarray

    def __getitem__(self, rows: np.ndarray | slice) -> "Ends":
        return Ends(self.photos[rows], self.codes[rows], self.names[rows])


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


def choose_ends(aae: FaceAAE, data: Images, latents: Latents, params: Gifs) -> tuple[Ends, Ends]:
    """From each face to its nearest neighbour; where the parameters name photos, from each of these to the next.

    Raises StageError where photos cannot be read or there is only one.
    """
    if params.photos:
        if len(params.photos) < 2:
            raise StageError("params.yaml: gifs.photos: a walk needs two pictures, or none for one between faces")
        photos = read_pictures(params.photos, aae.architecture.image_shape[1])
        ends = Ends(photos, encode(aae, photos), np.array([Path(path).stem for path in params.photos]))
        return ends[:-1], ends[1:]
    rows = choose_faces(data, params.people, params.pairs, params.seed)
    found = find_nearest(latents.codes, latents.labels, rows)
    ends = Ends(data.images, latents.codes, data.names[data.labels])
    return ends[found.faces], ends[found.neighbours]


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
    start, end = choose_ends(aae, data, latents, params)
    films = there_and_back(as_rgb(walk(aae, start.codes, end.codes, ease(params.frames))))
    gifs = {f"pairs/{k}": film for k, film in enumerate(films)} | {"grid": arrange_grid(films, params.columns)}
    for name, film in gifs.items():
        frames = annotate(enlarge(film, params.scale), note)
        write_gif(folder / f"{name}.gif", frames, params.milliseconds, params.colours)

    # the ends of a strip are the two reconstructions; the photos stand outside it
    strips = as_rgb(walk(aae, start.codes, end.codes, ease(params.stills)))
    middle = [""] * (params.stills - 2)
    faces = f"From {'chosen' if params.people else 'held-out'} faces to their nearest neighbours in latent space"
    figure = sheet(
        np.concatenate([as_rgb(start.photos)[:, None], strips, as_rgb(end.photos)[:, None]], 1),
        "From picture to picture through latent space" if params.photos else faces,
        cell=0.5,
        row_labels=[f"{a} to\n{b}".replace("_", " ") for a, b in zip(start.names, end.names, strict=True)],
        column_labels=["photo", "decoded", *middle, "decoded", "photo"],
    )
    save(figure, folder / "strips.png", style, note)
    # how smooth the ways are shows at an even pace, and beside the same ends mixed pixel by pixel
    even = np.linspace(0, 1, params.frames)
    walks = walk(aae, start.codes, end.codes, even)
    fades = blend(walks[:, 0], walks[:, -1], even)
    distances = np.linalg.norm(end.codes - start.codes, axis=1)
    return {
        "pairs": len(films),
        "frames": films.shape[1],
        "distance_mean": float(distances.mean()),
        "distance_min": float(distances.min()),
        "distance_max": float(distances.max()),
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
