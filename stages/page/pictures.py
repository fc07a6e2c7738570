"""Pictures and colours for a page."""

import base64
import io
from collections.abc import Sequence

import numpy as np
from matplotlib.colors import to_hex
from PIL import Image


def atlas(images: np.ndarray, quality: int) -> dict[str, int | str]:
    """Images (N, H, W, C) uint8 in rows of `columns`, as WebP in base64; the last places may be empty."""
    n, height, width, _ = images.shape
    columns = int(np.ceil(np.sqrt(n)))
    rows = -(-n // columns)
    cells = np.zeros((rows * columns, *images.shape[1:]), np.uint8)
    cells[:n] = images
    whole = cells.reshape(rows, columns, *images.shape[1:]).swapaxes(1, 2).reshape(rows * height, columns * width, -1)
    whole = np.repeat(whole, 3, 2) if whole.shape[2] == 1 else whole
    file = io.BytesIO()
    Image.fromarray(whole).save(file, "WEBP", quality=quality, method=6)
    return {"columns": columns, "width": width, "height": height, "data": base64.b64encode(file.getvalue()).decode()}


def palettes(colours: Sequence[tuple[float, float, float]]) -> dict[str, list[str]]:
    """Colours (red, green, blue) in [0, 1] as hexadecimal numbers, and lighter ones for a dark ground."""
    rows = np.array(colours)
    return {"light": [to_hex(row) for row in rows], "dark": [to_hex(0.6 * row + 0.4) for row in rows]}
