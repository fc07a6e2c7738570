"""Nearest neighbours of codes among those of other people."""

from dataclasses import dataclass

import numpy as np
from sklearn.neighbors import NearestNeighbors

from stages.base.errors import StageError


@dataclass(frozen=True)
class Neighbours:
    """Rows of faces, rows of their neighbours, and the distances between their codes, all (N,)."""

    faces: np.ndarray
    neighbours: np.ndarray
    distances: np.ndarray


def find_nearest(codes: np.ndarray, people: np.ndarray, rows: np.ndarray) -> Neighbours:
    """The nearest of codes (N, d) that is of another person to each of the rows' codes, by Euclidean distance.

    `people` (N,) int64 tells whose codes they are. Raises StageError where all are of one person.
    """
    most = np.bincount(people).max() + 1  # so many neighbours hold at least one other person
    search = NearestNeighbors(n_neighbors=min(most, len(codes))).fit(codes)
    distances, found = search.kneighbors(codes[rows])
    other = people[found] != people[rows, None]
    if not other.any(1).all():
        raise StageError("the faces are of one person only: interpolation needs another one")
    place = other.argmax(1)
    each = np.arange(len(rows))
    return Neighbours(rows, found[each, place], distances[each, place])
