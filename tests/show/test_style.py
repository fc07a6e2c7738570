import numpy as np
import pytest
from PIL import Image

from stages.base.params import WrongParams, check
from stages.base.sentences import sentence
from stages.show.style import Style, compact, figure_with_axes, note_on, save

TEN = [f"#{k}0{k}0{k}0" for k in range(10)]


@pytest.fixture
def style():
    return Style(colours=TEN, density="Greys", dpi=100)


def drawn(style, path, note=""):
    figure, (axes,) = figure_with_axes("A title", 4, 3)
    axes.plot([0, 1], [0, 1], color=style.colour(3))
    save(figure, path, style, note)
    return np.asarray(Image.open(path).convert("RGB"))


def test_the_same_picture_is_the_same_bytes(style, tmp_path):
    drawn(style, tmp_path / "a.png")
    drawn(style, tmp_path / "b.png")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert not Image.open(tmp_path / "a.png").text  # no program, no date


def test_a_note_stands_at_the_foot_and_nowhere_else(style, tmp_path):
    without, marked = drawn(style, tmp_path / "a.png"), drawn(style, tmp_path / "b.png", note_on("demo"))
    changed = np.flatnonzero((without != marked).any((1, 2)))
    assert len(changed)
    assert changed.min() > 0.9 * len(without)


@pytest.mark.parametrize("colours", [2, 256, 257])
def test_a_palette_changes_no_pixel(colours):
    pixels = np.random.default_rng(0).integers(0, 255, (colours, 3), dtype=np.uint8)[np.arange(3 * 257) % colours]
    picture = compact(pixels.reshape(3, 257, 3))
    assert np.array_equal(np.asarray(picture.convert("RGB")), pixels.reshape(3, 257, 3))


def test_only_the_publishers_data_go_without_a_note():
    assert note_on("publishers") == ""
    assert note_on("demo") == "demo data"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"colours": TEN[:9]}, "ten colours are needed"),
        ({"colours": [*TEN[:9], "bluish"]}, "'bluish' is no colour"),
        ({"density": "Grays!"}, "no colour map"),
        ({"dpi": 10}, "draw.style.dpi: "),
    ],
)
def test_a_style_that_cannot_be_drawn_is_refused(wrong, message):
    with pytest.raises(WrongParams) as fault:
        check({"colours": TEN, "density": "Greys", "dpi": 100, **wrong}, Style, "draw.style")
    assert message in sentence(fault.value)
