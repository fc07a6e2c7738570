from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stages.aae.faces import FaceAAE
from stages.aae.inference import decode, encode
from stages.base.errors import StageError
from stages.render_gifs import (
    Gifs,
    blend,
    choose_ends,
    choose_faces,
    find_nearest,
    measure_walks,
    render_gifs,
    walk,
)
from tests.figures import STYLE
from tests.networks import encoded, faces_aae
from tests.publishers import picture

PARAMS = Gifs(
    model="toy",
    seed=0,
    pairs=3,
    people=[],
    photos=[],
    frames=5,
    milliseconds=50,
    scale=2,
    colours=64,
    columns=2,
    stills=4,
)
FOLDER = Path("plots/interpolation")


@pytest.fixture
def aae() -> FaceAAE:
    return faces_aae()


def test_walks_are_measured_one_by_one_and_a_jump_is_their_largest_step(aae):
    dark, bright = np.full((2, 16, 16, 3), 0.2), np.full((2, 16, 16, 3), 0.8)
    jumping = measure_walks(aae, blend(dark, bright, np.array([0, 0, 0, 1, 1])))
    assert jumping == pytest.approx({"path_length_ratio": 1, "largest_step_ratio": 4})
    wavering = blend(dark, bright, np.array([0, 1, 0, 1]))
    wavering[0, 2] = 0.8  # of the first pair only: dark, bright, bright, bright
    assert measure_walks(aae, wavering) == pytest.approx({"path_length_ratio": (1 + 3) / 2, "largest_step_ratio": 2})


def test_each_face_is_the_first_of_a_held_out_person_or_of_a_named_one(faces):
    drawn = choose_faces(faces, [], 5, seed=0)
    assert (faces.split[drawn] == "held_out").all()
    assert len(set(drawn.tolist())) == 5
    # of the eight held-out people the last four have two images
    assert sorted(choose_faces(faces, [], 100, seed=0)) == [38, 39, 40, 41, 42, 44, 46, 48]
    assert choose_faces(faces, ["Person 7", "Person 3"], 5, seed=0).tolist() == [11, 6]
    with pytest.raises(StageError, match="nobody called 'Persn 7', did you mean Person 7"):
        choose_faces(faces, ["Persn 7"], 5, seed=0)


def test_gifs_strips_and_numbers(aae, faces):
    numbers = render_gifs(aae, faces, encoded(aae, faces), PARAMS, STYLE, "demo data", FOLDER)
    files = [path for path in sorted(FOLDER.rglob("*")) if path.is_file()]
    assert [path.relative_to(FOLDER).as_posix() for path in files] == [
        "grid.gif",
        "pairs/0.gif",
        "pairs/1.gif",
        "pairs/2.gif",
        "strips.png",
    ]
    assert (numbers["pairs"], numbers["frames"]) == (3, 8)
    assert 0 < numbers["distance_min"] <= numbers["distance_mean"] <= numbers["distance_max"]
    assert Image.open(FOLDER / "pairs/0.gif").size == (32, 32 + 12)  # with the note below
    assert Image.open(FOLDER / "grid.gif").size == (68, 68 + 12)
    assert Image.open(FOLDER / "grid.gif").convert("RGB").getpixel((33, 10)) == (255, 255, 255)  # between films
    first = [path.read_bytes() for path in files]
    render_gifs(aae, faces, encoded(aae, faces), PARAMS, STYLE, "demo data", FOLDER)
    assert [path.read_bytes() for path in files] == first


def test_the_walks_are_measured_at_an_even_pace_beside_a_fade_of_their_decoded_ends(aae, faces):
    latents = encoded(aae, faces)
    numbers = render_gifs(aae, faces, latents, PARAMS, STYLE, "demo data", FOLDER)
    pairs = find_nearest(latents.codes, latents.labels, choose_faces(faces, [], 3, seed=0))
    start, end = latents.codes[pairs.faces], latents.codes[pairs.neighbours]
    even = np.linspace(0, 1, 5)
    measured = measure_walks(aae, walk(aae, start, end, even))
    faded = measure_walks(aae, blend(decode(aae, start), decode(aae, end), even))
    assert measured != pytest.approx(faded)
    for name, value in measured.items():
        assert numbers[name] == pytest.approx(value, rel=1e-4)
        assert numbers[f"crossfade_{name}"] == pytest.approx(faded[name], rel=1e-4)


def test_ones_own_pictures_are_walked_one_after_the_other(aae, faces, tmp_path):
    for name, size in (("a.png", (40, 20)), ("b.jpg", (16, 16)), ("c.webp", (9, 30))):
        picture(tmp_path / name, size)
    photos = [str(tmp_path / name) for name in ("a.png", "b.jpg", "c.webp")]
    params = PARAMS.model_copy(update={"photos": photos})
    start, end = choose_ends(aae, faces, encoded(aae, faces), params)
    assert (start.names.tolist(), end.names.tolist()) == (["a", "b"], ["b", "c"])
    assert np.array_equal(start.codes[1], end.codes[0])
    assert start.codes == pytest.approx(encode(aae, start.photos))
    assert render_gifs(aae, faces, encoded(aae, faces), params, STYLE, "", FOLDER)["pairs"] == 2
    with pytest.raises(StageError, match="needs two pictures"):
        choose_ends(aae, faces, encoded(aae, faces), params.model_copy(update={"photos": photos[:1]}))
