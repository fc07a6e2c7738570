"""Which images of a table of faces count."""

from typing import Literal, TypeVar

import numpy as np

from stages.base.tables import Table

Faces = TypeVar("Faces", bound=Table)
Which = Literal["one_per_person", "all"]  # key `faces.variants.VARIANT.images`


def first_images(faces: Table) -> np.ndarray:
    """Rows (people,) of the first image of each person, in the table's order."""
    return np.sort(np.unique(faces.labels, return_index=True)[1])


def choose_images(faces: Faces, which: Which) -> Faces:
    """All rows, or those of the first image of each person."""
    return faces if which == "all" else faces.where(first_images(faces))
