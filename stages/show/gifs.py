"""Animated GIFs: one palette per GIF, no dithering, the same bytes for the same frames."""

from pathlib import Path

import imageio.v3 as imageio
import numpy as np
from PIL import Image, ImageDraw
from scipy.spatial import KDTree

from stages.base.files import replacing
from stages.show.sheets import as_rgb

NOTE_HEIGHT = 12  # pixels
SAMPLE = 65_536  # pixels that a palette is fitted to: all 3.5 million of a grid take 30 s and differ by 1% in error
UNCHANGED, WHITE = 0, 1  # places in a palette


def enlarge(frames: np.ndarray, scale: int) -> np.ndarray:
    """Frames (N, H * scale, W * scale, 3) uint8 of frames (N, H, W, C), smooth between the pixels."""
    size = (frames.shape[2] * scale, frames.shape[1] * scale)
    return np.stack([np.asarray(Image.fromarray(frame).resize(size, Image.BICUBIC)) for frame in as_rgb(frames)])


def arrange_grid(films: np.ndarray, columns: int, gap: int = 2) -> np.ndarray:
    """Frames (N, height, width, 3) uint8 that show films (M, N, H, W, 3) uint8 at once.

    White are the `gap` pixels between films, and empty places.
    """
    rows = -(-len(films) // columns)
    height, width = films.shape[2] + gap, films.shape[3] + gap
    frames = np.full((films.shape[1], rows * height - gap, columns * width - gap, 3), 255, np.uint8)
    for place, film in enumerate(films):
        top, left = place // columns * height, place % columns * width
        frames[:, top : top + film.shape[1], left : left + film.shape[2]] = film
    return frames


def annotate(frames: np.ndarray, note: str) -> np.ndarray:
    """Frames (N, H + NOTE_HEIGHT, W, 3) uint8: frames (N, H, W, 3) uint8 with `note` on a white strip below.

    As they are where the note is empty.
    """
    if not note:
        return frames
    strip = Image.new("RGB", (frames.shape[2], NOTE_HEIGHT), "white")
    ImageDraw.Draw(strip).text((2, 0), note, fill="#666666", font_size=10)
    return np.concatenate([frames, np.broadcast_to(np.asarray(strip), (len(frames), *np.asarray(strip).shape))], 1)


def fit_palette(frames: np.ndarray, colours: int) -> np.ndarray:
    """At most `colours` (K, 3) uint8 that fit frames (N, H, W, 3) uint8 best: median cut, refined by k-means."""
    pixels = frames.reshape(-1, 3)
    sample = pixels[np.random.default_rng(0).integers(len(pixels), size=SAMPLE)]
    # kmeans=1: until no pixel changes its colour
    fitted = Image.fromarray(sample[None]).quantize(colours, Image.Quantize.MEDIANCUT, kmeans=1)
    return np.array(fitted.getpalette(), np.uint8).reshape(-1, 3)


def write_gif(path: str | Path, frames: np.ndarray, milliseconds: int, colours: int = 256) -> None:
    """Write frames (N, H, W, 3) uint8 as an endless GIF, each shown for `milliseconds` (GIFs count in tens).

    `colours`, 3 to 256, is the size of its palette: white, a mark for pixels that stay as they are, and the rest
    fitted to the frames.
    """
    palette = np.concatenate([[[0, 0, 0], [255, 255, 255]], fit_palette(frames, colours - 2)]).astype(np.uint8)
    _, nearest = KDTree(palette[WHITE:]).query(frames.reshape(-1, 3))
    shown = (WHITE + nearest).astype(np.uint8).reshape(frames.shape[:3])
    shown[1:][shown[1:] == shown[:-1]] = UNCHANGED  # a tenth smaller
    # left to itself, Pillow's plugin gives each frame a palette of its own: a third larger
    layout = {"mode": "P", "palette": palette.tobytes(), "transparency": UNCHANGED, "disposal": 1}
    # into memory first: on a full disk, imageio's own writer complains a second time as it is deleted
    gif = imageio.imwrite("<bytes>", shown, plugin="pillow", extension=".gif", duration=milliseconds, loop=0, **layout)
    with replacing(path) as part:
        part.write_bytes(gif)
