import base64
import io

import numpy as np
from PIL import Image

from stages.page.pictures import atlas, palettes


def test_an_atlas_shows_each_image_in_its_place():
    images = np.zeros((5, 8, 8, 3), np.uint8)
    images[:] = np.arange(0, 250, 50, dtype=np.uint8)[:, None, None, None]
    made = atlas(images, 100)
    assert (made["columns"], made["width"], made["height"]) == (3, 8, 8)
    whole = np.asarray(Image.open(io.BytesIO(base64.b64decode(made["data"]))))
    assert whole.shape == (16, 24, 3)
    for k in range(5):
        row, column = divmod(k, 3)
        part = whole[8 * row : 8 * row + 8, 8 * column : 8 * column + 8].astype(int)
        assert np.abs(part - 50 * k).max() <= 4
    assert atlas(images, 100) == made


def test_colours_are_lighter_on_a_dark_ground():
    assert palettes([(0, 0, 0), (1, 0, 0)]) == {"light": ["#000000", "#ff0000"], "dark": ["#666666", "#ff6666"]}
