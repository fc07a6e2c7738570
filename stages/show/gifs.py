"""Animated GIFs: one palette for all frames, no dithering, the same bytes for the same frames."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from stages.base.files import replacing
from stages.show.sheets import as_rgb

NOTE_HEIGHT = 12  # pixels


def enlarged(frames: np.ndarray, scale: int) -> np.ndarray:
    """Frames (N, H, W, C), each side `scale` times as long, as uint8 colours; smooth between the pixels."""
    size = (frames.shape[2] * scale, frames.shape[1] * scale)
    return np.stack([np.asarray(Image.fromarray(frame).resize(size, Image.BICUBIC)) for frame in as_rgb(frames)])


def in_grid(films: np.ndarray, columns: int, gap: int = 2) -> np.ndarray:
    """Frames (N, height, width, 3) uint8 that show films (M, N, H, W, 3) uint8 at once; empty places are white."""
    rows = -(-len(films) // columns)
    height, width = films.shape[2] + gap, films.shape[3] + gap
    frames = np.full((films.shape[1], rows * height - gap, columns * width - gap, 3), 255, np.uint8)
    for place, film in enumerate(films):
        top, left = place // columns * height, place % columns * width
        frames[:, top : top + film.shape[1], left : left + film.shape[2]] = film
    return frames


def annotated(frames: np.ndarray, note: str) -> np.ndarray:
    """Frames (N, H, W, 3) uint8 with `note` on a strip below; as they are where the note is empty."""
    if not note:
        return frames
    strip = Image.new("RGB", (frames.shape[2], NOTE_HEIGHT), "white")
    ImageDraw.Draw(strip).text((2, 0), note, fill="#666666", font_size=10)
    return np.concatenate([frames, np.broadcast_to(np.asarray(strip), (len(frames), *np.asarray(strip).shape))], 1)


def palette_of(frames: np.ndarray, colours: int = 256) -> Image.Image:
    """White, for gaps and notes, and the `colours` - 1 that fit frames (N, H, W, 3) uint8 best.

    Found by median cut over at most 64 of the frames.
    """
    chosen = frames[np.linspace(0, len(frames) - 1, min(len(frames), 64)).astype(int)]
    picture = Image.fromarray(chosen.reshape(-1, *chosen.shape[2:]))
    palette = picture.quantize(colours - 1, Image.Quantize.MEDIANCUT)
    palette.putpalette([*palette.getpalette(), 255, 255, 255])
    return palette


def in_colours(frame: np.ndarray, palette: Image.Image) -> Image.Image:
    """A frame (H, W, 3) uint8 in the palette's nearest colours; white stays white."""
    picture = Image.fromarray(frame).quantize(palette=palette, dither=Image.Dither.NONE)
    # Pillow looks colours up in steps of four, so that a colour near white may win over white, the palette's last
    picture.paste(len(palette.getpalette()) // 3 - 1, None, Image.fromarray((frame == 255).all(-1)))
    return picture


def write_gif(path: str | Path, frames: np.ndarray, palette: Image.Image, milliseconds: int) -> None:
    """Write frames (N, H, W, 3) uint8 as an endless GIF, each shown for `milliseconds` (GIFs count in tens).

    `palette` is one of `palette_of`.
    """
    images = [in_colours(frame, palette) for frame in frames]
    shared = {"palette": bytes(palette.getpalette()), "optimize": False}  # else Pillow gives each frame one of its own
    with replacing(path) as part:
        images[0].save(part, save_all=True, append_images=images[1:], duration=milliseconds, loop=0, **shared)
