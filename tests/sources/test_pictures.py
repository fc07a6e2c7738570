import io

import numpy as np
import pytest
from PIL import Image

from stages.base.errors import StageError
from stages.sources.pictures import SIDE, read_people, read_pictures
from tests.publishers import picture

BLUE, RED = (0, 0, 255), (255, 0, 0)


def test_a_picture_is_cut_to_its_central_square_whatever_its_size_and_format(tmp_path):
    paths = [tmp_path / name for name in ("wide.png", "high.webp", "small.jpg", "flat.bmp", "grey.tiff")]
    for path, size in zip(paths, [(300, 100), (100, 300), (9, 9), (64, 64), (500, 400)], strict=True):
        picture(path, size)
    Image.open(paths[4]).convert("L").save(paths[4])
    squares = read_pictures(paths, 32).astype(int)
    assert squares.shape == (5, 32, 32, 3)
    assert tuple(squares[0, 16, 0]) == RED, "the bar at the edge of a wide picture is cut away"
    assert tuple(squares[1, 16, 0]) == pytest.approx(BLUE, abs=40)
    assert tuple(squares[3, 16, 0]) == BLUE
    assert len(set(squares[4, 16, 0])) == 1


def test_a_camera_held_upright_gives_an_upright_picture(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise
    picture(tmp_path / "turned.jpg", (64, 64), exif=exif)
    (square,) = read_pictures([tmp_path / "turned.jpg"], 32).astype(int)
    assert tuple(square[0, 16]) == pytest.approx(BLUE, abs=60), "the left edge is now on top"
    assert tuple(square[16, 0]) == pytest.approx(RED, abs=60)


def test_all_pictures_that_cannot_be_read_are_named_together(tmp_path):
    picture(tmp_path / "good.png", (20, 20))
    (tmp_path / "empty.png").touch()
    (tmp_path / "text.jpg").write_text("no picture")
    with pytest.raises(StageError, match=r"2 pictures cannot be read: .*empty.png .*; .*text.jpg"):
        read_pictures([tmp_path / name for name in ("empty.png", "good.png", "text.jpg")], 16)


def test_of_a_folder_bad_pictures_are_listed_and_the_others_taken(tmp_path, capsys):
    picture(tmp_path / "Ada/b.png", (20, 20))
    picture(tmp_path / "Ada/a.png", (20, 20), "green")
    picture(tmp_path / "Bob.PNG", (20, 20))
    (tmp_path / "Ada/broken.jpg").write_bytes(b"\xff\xd8\xff")
    (tmp_path / "empty.gif").touch()
    files = read_people(tmp_path)
    assert set(files) == {"Ada/Ada_000001.jpg", "Ada/Ada_000002.jpg", "Bob/Bob_000001.jpg"}
    first = np.asarray(Image.open(io.BytesIO(files["Ada/Ada_000001.jpg"])))
    assert first.shape == (SIDE, SIDE, 3)
    assert first[SIDE // 2, SIDE // 2, 1] > 100, "pictures are in the order of their names"
    said = capsys.readouterr().out
    assert "2 pictures cannot be read and are left out: Ada/broken.jpg" in said
    assert "took 3 pictures of 2 people" in said


def test_a_folder_without_pictures_is_a_fault(tmp_path):
    with pytest.raises(StageError, match=r"holds no picture that can be read$"):
        read_people(tmp_path)
