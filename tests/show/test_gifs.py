import numpy as np
import pytest
from PIL import Image, ImageSequence

from stages.show.gifs import annotate, arrange_grid, enlarge, write_gif


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
    write_gif(path, frames, 60)
    assert np.array_equal(read(path), frames)  # of fewer than 256 colours
    film = Image.open(path)
    assert (film.info["duration"], film.info["loop"], film.n_frames) == (60, 0, 10)


def test_colours_of_a_photo_are_close_and_closer_with_more_of_them(tmp_path):
    up, right = np.mgrid[:1:48j, :1:64j]
    hues = [np.stack([up, right, 0.5 * up + 0.5 * np.sin(time + 3 * right) ** 2], -1) for time in (0, 0.2, 0.4)]
    frames = np.round(255 * np.stack(hues)).astype(np.uint8)
    errors = []  # mean distances in RGB
    for colours in (16, 256):
        write_gif(tmp_path / "film.gif", frames, 60, colours)
        errors.append(np.linalg.norm(read(tmp_path / "film.gif").astype(int) - frames, axis=-1).mean())
    assert errors[1] < 15 < 25 < errors[0] < 45


def test_the_same_frames_are_the_same_bytes(tmp_path):
    frames = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), dtype=np.uint8)
    for name in ("a.gif", "b.gif"):
        write_gif(tmp_path / name, frames, 60)
    assert (tmp_path / "a.gif").read_bytes() == (tmp_path / "b.gif").read_bytes()


def test_all_frames_share_one_palette(frames, tmp_path):
    write_gif(tmp_path / "film.gif", frames, 60, 8)
    assert len(np.unique(read(tmp_path / "film.gif").reshape(-1, 3), axis=0)) <= 8
    assert local_palettes((tmp_path / "film.gif").read_bytes()) == [False] * 10


def test_white_stays_white_beside_colours_near_it(tmp_path):
    frames = np.random.default_rng(0).integers(240, 255, (2, 16, 16, 3), dtype=np.uint8)
    frames[:, :, 8] = 255
    write_gif(tmp_path / "film.gif", frames, 60, 4)
    assert (read(tmp_path / "film.gif")[:, :, 8] == 255).all()


def test_pixels_that_stay_take_hardly_any_room(tmp_path):
    still = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    frames = np.stack([still] * 20)
    frames[:, 0, 0] = frames[:, -1, -1] = np.arange(20)[:, None] * 10  # something moves, from corner to corner
    sizes = []
    for n in (2, 20):
        write_gif(tmp_path / "film.gif", frames[:n], 60)
        sizes.append((tmp_path / "film.gif").stat().st_size)
    shown = read(tmp_path / "film.gif")
    assert np.array_equal(shown[0, 1:-1], shown[-1, 1:-1])
    assert sizes[1] < 3 * sizes[0]


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
    grid = arrange_grid(films, 2, gap=2)
    assert grid.shape == (10, 50, 66, 3)
    assert np.array_equal(grid[:, :24, 34:], 255 - frames)
    assert (grid[:, 26:, 34:] == 255).all()


def test_a_note_stands_below_the_frames(frames):
    marked = annotate(frames, "demo data")
    assert np.array_equal(marked[:, :24], frames)
    assert marked[:, 24:].min() < 200
    assert annotate(frames, "") is frames


def test_enlarging_keeps_the_picture(frames):
    large = enlarge(frames / np.float32(255), 3)
    assert large.shape == (10, 72, 96, 3)
    assert np.abs(large[:, 1::3, 1::3].astype(int) - frames).mean() < 3
