import numpy as np
import pytest
from PIL import Image, ImageSequence

from stages.show.gifs import annotated, enlarged, in_grid, palette_of, write_gif


@pytest.fixture
def frames():
    """A bright square that walks over a gradient: (10, 24, 32, 3)."""
    ground = np.linspace(0, 180, 32, dtype=np.uint8)[None, :, None] + np.zeros((24, 1, 3), np.uint8)
    frames = np.stack([ground] * 10)
    for k, frame in enumerate(frames):
        frame[8:16, 2 * k : 2 * k + 8] = [250, 120, 30]
    return frames


def read(path):
    return np.stack([np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(Image.open(path))])


def test_a_gif_shows_the_frames_at_their_pace_for_ever(frames, tmp_path):
    path = tmp_path / "film.gif"
    write_gif(path, frames, palette_of(frames), 60)
    assert np.abs(read(path).astype(int) - frames).max() <= 8
    film = Image.open(path)
    assert (film.info["duration"], film.info["loop"], film.n_frames) == (60, 0, 10)


def test_the_same_frames_are_the_same_bytes(frames, tmp_path):
    for name in ("a.gif", "b.gif"):
        write_gif(tmp_path / name, frames, palette_of(frames), 60)
    assert (tmp_path / "a.gif").read_bytes() == (tmp_path / "b.gif").read_bytes()


def test_all_frames_share_one_palette(frames, tmp_path):
    write_gif(tmp_path / "film.gif", frames, palette_of(frames, 8), 60)
    assert len(np.unique(read(tmp_path / "film.gif").reshape(-1, 3), axis=0)) <= 8
    assert local_palettes((tmp_path / "film.gif").read_bytes()) == [False] * 10


def test_white_stays_white_beside_colours_near_it(tmp_path):
    frames = np.full((2, 16, 16, 3), 251, np.uint8)
    frames[:, :, 8:] = 255
    write_gif(tmp_path / "film.gif", frames, palette_of(frames, 8), 60)
    shown = np.asarray(Image.open(tmp_path / "film.gif").convert("RGB"))
    assert (shown[:, 8:] == 255).all()
    assert (shown[:, :8] == 251).all()


def local_palettes(data):
    """Whether each frame of a GIF has a palette of its own (GIF89a specification, section 20)."""
    assert data[10] & 0x80  # the global palette
    place, found = 13 + 3 * 2 ** ((data[10] & 7) + 1), []
    while data[place] != 0x3B:
        if data[place] == 0x2C:
            flags = data[place + 9]
            found.append(bool(flags & 0x80))
            place += 11 + (3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0)
        else:
            place += 2
        while data[place]:  # blocks, each led by its length
            place += data[place] + 1
        place += 1
    return found


def test_a_grid_shows_all_films_and_leaves_the_rest_white(frames):
    films = np.stack([frames, 255 - frames, frames])
    grid = in_grid(films, 2, gap=2)
    assert grid.shape == (10, 50, 66, 3)
    assert np.array_equal(grid[:, :24, 34:], 255 - frames)
    assert (grid[:, 26:, 34:] == 255).all()


def test_a_note_stands_below_the_frames(frames):
    marked = annotated(frames, "demo data")
    assert np.array_equal(marked[:, :24], frames)
    assert marked[:, 24:].min() < 200
    assert annotated(frames, "") is frames


def test_enlarging_keeps_the_picture(frames):
    large = enlarged(frames / np.float32(255), 3)
    assert large.shape == (10, 72, 96, 3)
    assert np.abs(large[:, 1::3, 1::3].astype(int) - frames).mean() < 3
