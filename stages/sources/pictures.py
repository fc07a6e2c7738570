"""A person's own pictures, of any size and usual format, cut to their central square."""

import io
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps
from tqdm import tqdm

from stages.base.errors import StageError

SUFFIXES = {".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}
FORMATS = ("BMP", "GIF", "JPEG", "PNG", "TIFF", "WEBP")
SIDE = 128  # pixels of the pictures that are kept, twice the usual model's
QUALITY = 95  # of their JPEGs
SHOWN = 10  # of pictures that cannot be read, at most, in one sentence
# what Pillow raises where a file is damaged, hostile or no picture
DAMAGES = (OSError, SyntaxError, ValueError, Image.DecompressionBombError)


def read_square(path: Path, side: int) -> Image.Image:
    """The central square of the picture at `path`, upright, in RGB, `side` pixels wide.

    Raises one of `DAMAGES` where it cannot be read.
    """
    with Image.open(path, formats=FORMATS) as image:
        image.draft("RGB", (2 * side, 2 * side))  # a JPEG of a camera is decoded at an eighth of its size
        upright = ImageOps.exif_transpose(image).convert("RGB")
        return ImageOps.fit(upright, (side, side), Image.Resampling.BICUBIC)


def read_pictures(paths: Iterable[str | Path], side: int) -> np.ndarray:
    """Pictures (N, side, side, 3) uint8. Raises StageError, naming all of them, where some cannot be read."""
    pictures, wrong = [], []
    for path in map(Path, paths):
        try:
            pictures.append(np.asarray(read_square(path, side)))
        except DAMAGES as error:
            wrong.append(f"{path} ({error})")
    if wrong:
        raise StageError(f"{count(wrong)} cannot be read: {'; '.join(wrong)}")
    return np.stack(pictures)


def read_people(folder: Path) -> dict[str, bytes]:
    """The pictures below `folder` as small JPEGs by the names PERSON/PERSON_000001.jpg.

    A folder in it is a person; a picture beside these folders is a person of its own. Pictures that cannot be read
    are listed and left out. Raises StageError where none can.
    """
    files, wrong, numbers = {}, [], {}
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    for path in tqdm(found, desc="reading", unit=" pictures"):
        place = path.relative_to(folder)
        person = place.parts[0] if len(place.parts) > 1 else path.stem
        try:
            file = io.BytesIO()
            read_square(path, SIDE).save(file, "JPEG", quality=QUALITY)
        except DAMAGES as error:
            wrong.append(f"{place} ({error})")
            continue
        numbers[person] = numbers.get(person, 0) + 1
        files[f"{person}/{person}_{numbers[person]:06d}.jpg"] = file.getvalue()
    if not files:
        raise StageError(f"{folder} holds no picture that can be read{': ' if wrong else ''}{'; '.join(wrong[:SHOWN])}")
    if wrong:
        print(f"{count(wrong)} cannot be read and are left out: {'; '.join(wrong)}")
    print(f"took {len(files):,} pictures of {len(numbers):,} people from {folder}")
    return files


def count(pictures: list[str]) -> str:
    return f"{len(pictures):,} picture{'s' if len(pictures) != 1 else ''}"
