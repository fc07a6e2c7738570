"""Faces without duplicates: small images, split by person, and a list of the pictures that were filed twice."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import imagehash
import numpy as np
from PIL import Image
from pydantic import Field
from tqdm import tqdm

from stages.base.errors import StageError
from stages.base.files import replacing, write_json
from stages.base.params import DataSource, Seed, load
from stages.base.tables import Images
from stages.sources.jpegs import read_jpegs

RAW = Path("data/raw/lfw.npz")
BLOCK = 256  # images compared with all earlier ones at a time, which bounds the memory
SPLITS = ("train", "validation", "held_out")  # as they lie in the table: what a training learns is one piece of it
HASH_SIDE = 16  # a hash of 16 x 16 bits; by 8 x 8, some different pictures are closer than some copies of one

ImageSize = Annotated[int, Field(ge=16, le=128)]  # the limit bounds the memory
Share = Annotated[float, Field(gt=0, lt=1)]
HashDistance = Annotated[int, Field(ge=0, lt=HASH_SIDE**2 // 4)]


@dataclass(frozen=True)
class Duplicate:
    """A picture that is filed a second time."""

    kept: str
    dropped: str
    distance: int  # bits of the hash that differ

    @property
    def reason(self) -> str:
        same = self.kept.split("/")[0] == self.dropped.split("/")[0]
        return "same picture of the same person" if same else "same picture filed under another name"


def decode(files: Mapping[str, bytes], name: str) -> Image.Image:
    """An image of `files` in RGB. Raises StageError where it does not decode."""
    try:
        with Image.open(io.BytesIO(files[name]), formats=["JPEG"]) as image:
            return image.convert("RGB")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise StageError(f"{name} does not decode as a JPEG ({error}): delete {RAW} and run `dvc repro`") from error


def hash_images(files: Mapping[str, bytes]) -> np.ndarray:
    """Perceptual hashes (N, bits) bool: signs of low frequencies of the cosine transform, about their median."""
    return np.stack(
        [
            imagehash.phash(decode(files, name), hash_size=HASH_SIDE).hash.ravel()
            for name in tqdm(files, desc="hashing", unit=" images")
        ]
    )  # (N, 256)


def find_duplicates(names: list[str], bits: np.ndarray, distance: int) -> list[Duplicate]:
    """Each image at most `distance` bits from an earlier one that is kept, with the nearest of those.

    No two images that remain are that close. `bits` is (N, bits) bool, in the order of `names`.
    """
    signs = bits.astype(np.float32) * 2 - 1  # (N, bits), so that a product counts equal less different bits
    near: dict[int, list[tuple[int, int]]] = {}
    for start in range(0, len(signs), BLOCK):
        equal = signs[start : start + BLOCK] @ signs[: start + BLOCK].T  # bits, less the different ones
        for row, column in np.argwhere(equal >= signs.shape[1] - 2 * distance):
            if column < start + row:
                apart = (signs.shape[1] - int(equal[row, column])) // 2
                near.setdefault(int(start + row), []).append((apart, int(column)))
    duplicates: dict[int, Duplicate] = {}
    for row in sorted(near):
        kept = [(bits_apart, column) for bits_apart, column in near[row] if column not in duplicates]
        if kept:
            bits_apart, column = min(kept)
            duplicates[row] = Duplicate(names[column], names[row], bits_apart)
    return list(duplicates.values())


def count_people(people: int, validation: float, held_out: float) -> tuple[int, int]:
    """How many people the two shares set aside. Raises StageError where one of them or the rest would be empty."""
    counts = round(people * validation), round(people * held_out)
    if not min(counts) or sum(counts) >= people:
        shares = f"faces.validation is {validation} and faces.held_out {held_out}"
        raise StageError(f"params.yaml: {shares}: of {people} people they leave a split empty")
    return counts


def split_people(people: int, validation: float, held_out: float, seed: int) -> np.ndarray:
    """The split (people,) of each: `train`, `validation` or `held_out`. Raises StageError where one would be empty."""
    n_validation, n_held_out = count_people(people, validation, held_out)
    split = np.full(people, "train", dtype="<U10")
    order = np.random.default_rng(seed).permutation(people)
    split[order[:n_held_out]] = "held_out"
    split[order[n_held_out : n_held_out + n_validation]] = "validation"
    return split


def dedupe_lfw(
    files: Mapping[str, bytes], image_size: int, validation: float, held_out: float, hash_distance: int, seed: int
) -> tuple[Images, list[Duplicate]]:
    """The faces in JPEGs named PERSON/PERSON_0001.jpg, and the duplicates among them.

    Images are `image_size` pixels square, reduced with antialiasing; they lie split by split, within each person by
    person. Labels are people, split `train`, `validation` or `held_out`, index the row among the sorted names. Raises
    StageError where a JPEG is damaged.
    """
    names = sorted(files)
    duplicates = find_duplicates(names, hash_images({name: files[name] for name in names}), hash_distance)
    dropped = {duplicate.dropped for duplicate in duplicates}
    kept = np.array([row for row, name in enumerate(names) if name not in dropped])
    people, labels = np.unique([names[row].split("/")[0] for row in kept], return_inverse=True)
    split = split_people(len(people), validation, held_out, seed)[labels]
    order = np.argsort([SPLITS.index(name) for name in split], kind="stable")
    rows = kept[order]
    small = np.empty((len(rows), image_size, image_size, 3), dtype=np.uint8)
    for place, row in enumerate(tqdm(rows, desc="resizing", unit=" images")):
        # Pillow's filters widen with the reduction, so that this is no plain interpolation
        small[place] = decode(files, names[row]).resize((image_size, image_size), Image.Resampling.BICUBIC)
    return Images(labels[order].astype(np.int64), split[order], rows, small, people), duplicates


def summary(faces: Images, duplicates: list[Duplicate], in_archive: int, source: str) -> dict[str, int | str]:
    """The metrics of the data set."""
    counts: dict[str, int | str] = {
        "data": source,
        "duplicates": len(duplicates),
        "images": len(faces),
        "images_in_archive": in_archive,
        "people": len(faces.names),
    }
    for split in SPLITS:
        people = faces.labels[faces.split == split]  # of all faces, a part would be a copy
        counts |= {f"{split}_images": len(people), f"{split}_people": len(np.unique(people))}
    return counts


def write_duplicates(path: Path, duplicates: list[Duplicate]) -> None:
    """The duplicates as CSV, one row for each image that was dropped."""
    with replacing(path) as part, part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["kept", "dropped", "distance", "reason"])
        writer.writerows(
            [duplicate.kept, duplicate.dropped, duplicate.distance, duplicate.reason] for duplicate in duplicates
        )


def main() -> None:
    files = read_jpegs(RAW)
    faces, duplicates = dedupe_lfw(
        files,
        load("faces.image_size", ImageSize),
        load("faces.validation", Share),
        load("faces.held_out", Share),
        load("faces.hash_distance", HashDistance),
        load("data.seed", Seed),
    )
    faces.write("data/faces/faces.npz")
    write_json("metrics/faces/dataset.json", summary(faces, duplicates, len(files), load("data.source", DataSource)))
    write_duplicates(Path("plots/faces/dropped.csv"), duplicates)
