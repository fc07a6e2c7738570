import numpy as np
import pytest

from stages.show.sheets import as_rgb, pairs, sheet, tile


def test_grey_images_become_ink_on_paper_and_colours_stay():
    grey = np.array([[[[0.0], [1.0]]]], np.float32)
    assert as_rgb(grey).tolist() == [[[[255] * 3, [0] * 3]]]
    colour = np.array([[[[0.0, 0.5, 1.0]]]], np.float32)
    assert as_rgb(colour).tolist() == [[[[0, 128, 255]]]]
    assert as_rgb(as_rgb(grey)).tolist() == as_rgb(grey).tolist()


def test_every_cell_stands_where_the_sheet_says():
    images = np.random.default_rng(0).integers(0, 255, (4, 3, 12, 6, 3), dtype=np.uint8)
    picture, top, left = tile(images, gap=1, band=2)
    for i, j in np.ndindex(4, 3):
        assert np.array_equal(picture[top[i] : top[i] + 12, left[j] : left[j] + 6], images[i, j])
    assert top.tolist() == [0, 13, 28, 41]  # two pixels more between the bands
    assert picture.shape == (53, 20, 3)


def test_reconstructions_stand_below_their_originals():
    originals = np.arange(6, dtype=np.uint8).reshape(2, 3, 1, 1, 1)
    both = pairs(originals, originals / np.float32(255) / 2)
    assert both.shape == (4, 3, 1, 1, 3)
    assert (255 - both[:, :, 0, 0, 0].astype(int)).tolist() == [[0, 1, 2], [0, 0, 1], [3, 4, 5], [2, 2, 2]]


def test_labels_stand_at_their_rows():
    images = np.zeros((2, 3, 8, 8, 1), np.float32)
    figure = sheet(images, "A sheet", row_labels=["first", "second"])
    figure.draw_without_rendering()
    boxes = {text.get_text(): text.get_window_extent() for text in figure.axes[0].texts}
    assert boxes["first"].y0 > boxes["second"].y1
    assert min(box.x0 for box in boxes.values()) >= 0
    assert max(box.x1 for box in boxes.values()) <= figure.axes[0].get_window_extent().x0


def test_a_label_too_few_is_refused():
    with pytest.raises(ValueError, match="zip"):
        sheet(np.zeros((2, 1, 8, 8, 1)), "A sheet", row_labels=["only"])
