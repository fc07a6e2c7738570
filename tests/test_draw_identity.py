import numpy as np
import pytest

from stages.aae.identity import IdentityAAE
from stages.aae.inference import decode
from stages.draw_identity import DrawIdentity, choose_people, draw_identity, draw_walks
from stages.show.sheets import as_rgb
from tests.networks import encoded
from tests.people import PARTS, drawn_people, linear_aae

PARAMS = DrawIdentity(seed=0, faces=3, neighbours=4, frames=5, milliseconds=50)


@pytest.fixture(scope="module")
def parted():
    data = drawn_people()
    aae = IdentityAAE.of(linear_aae(data), PARTS).eval()
    return aae, data, encoded(aae, data)


def cells(figure, columns: int) -> np.ndarray:
    """The images of a sheet of square cells of 16 pixels, parted by one, as (rows, columns, 16, 16, 3)."""
    picture = np.asarray(figure.axes[0].images[0].get_array())
    starts = [range(0, size - 15, 17) for size in picture.shape[:2]]
    assert len(starts[1]) == columns
    return np.array([[picture[y : y + 16, x : x + 16] for x in starts[1]] for y in starts[0]])


def test_people_who_have_several_images_are_shown_first(faces):
    rows = choose_people(faces, 6, seed=0)
    assert (faces.split[rows] == "held_out").all()
    counts = np.bincount(faces.labels)[faces.labels[rows]]
    assert counts.tolist() == [2, 2, 2, 2, 1, 1]


def test_down_the_diagonal_everybody_is_in_their_own_scene(parted):
    aae, data, latents = parted
    figures, _ = draw_identity(aae, data, latents, PARAMS)
    rows = choose_people(data, 3, 0)
    shown = cells(figures["swap"], 4)
    assert np.array_equal(shown[0, 1:], data.images[rows])
    assert np.array_equal(shown[1:, 0], data.images[rows])
    diagonal = shown[1:, 1:][np.arange(3), np.arange(3)]
    assert np.array_equal(diagonal, as_rgb(decode(aae, latents.codes[rows])))
    mixed = np.concatenate([latents.codes[rows[0], :PARTS], latents.codes[rows[1], PARTS:]])
    assert np.array_equal(shown[1, 2], as_rgb(decode(aae, mixed[None]))[0])


def test_each_kind_of_code_walks_to_a_neighbour_of_its_own(parted):
    aae, data, latents = parted
    rows = choose_people(data, 2, 0)
    # by the one kind the nearest is the next person, by the other the one before
    places = 2 * np.pi * data.labels / 90
    circle = np.stack([np.cos(places), np.sin(places)], 1)
    frames = draw_walks(aae, data, latents.codes, {"round": circle, "code": latents.codes}, rows, 5)
    assert frames.shape == (8, 2 * 18 - 2, 2 * 18 - 2, 3)
    start = as_rgb(decode(aae, latents.codes[rows]))
    for line in (0, 18):
        assert np.array_equal(frames[0, line : line + 16, :16], start[0])
        assert np.array_equal(frames[0, line : line + 16, 18:34], start[1])
    assert not np.array_equal(frames[4, :16], frames[4, 18:34])
