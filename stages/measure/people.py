"""Whether codes (N, d) tell people apart, by cosine: retrieval and verification."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, roc_auc_score

from stages.base.errors import StageError
from stages.base.tables import Table

ENOUGH = 12_000  # images of a split that are compared with each other at most: all of LFW's
IMAGES = 10  # of one person that make pairs, at most


class NoPairs(StageError):
    """(split): nobody in it has two images."""


@dataclass(frozen=True)
class Pairs:
    """Pairs of images, as many of one person as of two."""

    first: np.ndarray  # (P,) rows
    second: np.ndarray  # (P,) rows
    same: np.ndarray  # (P,) bool: of one person

    def cosines(self, codes: np.ndarray) -> np.ndarray:
        """The cosine (P,) of each pair's codes, which are rows of (N, d)."""
        directions = normalise(codes)
        return (directions[self.first] * directions[self.second]).sum(1)


def normalise(codes: np.ndarray) -> np.ndarray:
    """Codes (N, d) with a norm of 1."""
    return codes / np.linalg.norm(codes, axis=1, keepdims=True)


def few_people(faces: Table, seed: int) -> np.ndarray:
    """Rows of some people's images, in the table's order: in each split all people, or at random about `ENOUGH` images.

    Time and memory of comparisons grow with the square of their number.
    """
    random, kept = np.random.default_rng(seed), np.zeros(len(faces), bool)
    for split in np.unique(faces.split):
        rows = np.flatnonzero(faces.split == split)
        people, counts = np.unique(faces.labels[rows], return_counts=True)
        order = random.permutation(len(people))
        before = np.cumsum(counts[order]) - counts[order]
        kept[rows] = np.isin(faces.labels[rows], people[order[before < ENOUGH]])
    return np.flatnonzero(kept)


def draw_pairs(people: np.ndarray, seed: int, split: str) -> Pairs:
    """Pairs among images of `people` (N,): all those of up to `IMAGES` of each person, and as many of two people.

    Raises NoPairs, naming the split, where nobody has two images or all are of one person.
    """
    random, order = np.random.default_rng(seed), np.argsort(people, kind="stable")
    alike = []
    for rows in np.split(order, np.flatnonzero(np.diff(people[order])) + 1):
        rows = random.permutation(rows)[:IMAGES]
        alike.append(rows[np.stack(np.triu_indices(len(rows), 1))])  # (2, pairs)
    same = np.concatenate(alike, 1)
    drawn = random.integers(len(people), size=(2, 4 * same.shape[1]))
    other = drawn[:, people[drawn[0]] != people[drawn[1]]]
    number = min(same.shape[1], other.shape[1])
    if not number:
        raise NoPairs(split)
    first, second = np.concatenate([random.permutation(same, 1)[:, :number], other[:, :number]], 1)
    return Pairs(first, second, np.repeat([True, False], number))


def verification_auroc(codes: np.ndarray, pairs: Pairs) -> float:
    """Share of all comparisons in which a pair of one person has a larger cosine than one of two, in [0, 1]."""
    return float(roc_auc_score(pairs.same, pairs.cosines(codes)))


def fit_threshold(codes: np.ndarray, pairs: Pairs) -> float:
    """The cosine at which a logistic regression takes pairs of one person and of two for equally likely.

    It rests on all pairs, and so moves less from one sample of them to another than the best threshold among few.
    """
    fitted = LogisticRegression(C=np.inf).fit(pairs.cosines(codes)[:, None], pairs.same)
    return float(-fitted.intercept_[0] / fitted.coef_[0, 0])


def verification_accuracy(codes: np.ndarray, pairs: Pairs, threshold: float) -> float:
    """Share of pairs that `threshold` tells right, in [0, 1]; 0.5 is chance."""
    return float(((pairs.cosines(codes) > threshold) == pairs.same).mean())


def mean_average_precision(codes: np.ndarray, people: np.ndarray) -> float:
    """Mean, over images of people (N,) who have several, of the average precision with which cosine ranks all others.

    In [0, 1]. Raises ValueError where nobody has several.
    """
    precisions = [average_precision_score(relevant, cosines) for relevant, cosines in rankings(codes, people)]
    if not precisions:
        raise ValueError("nobody has several codes")
    return float(np.mean(precisions))


def rankings(codes: np.ndarray, people: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Of each image whose person has others: which of the rest are of that person, and their cosines, both (N - 1,)."""
    directions = normalise(codes)
    for row, person in enumerate(people):
        rest = np.arange(len(people)) != row
        relevant = people[rest] == person
        if relevant.any():
            yield relevant, (directions @ directions[row])[rest]


def nearest(codes: np.ndarray) -> np.ndarray:
    """The row (N,) of the nearest other code of each, by cosine."""
    cosines = normalise(codes) @ normalise(codes).T
    np.fill_diagonal(cosines, -np.inf)
    return cosines.argmax(1)


def same_person_top1(codes: np.ndarray, people: np.ndarray) -> float:
    """Share of codes (N, d) whose nearest other one is of the same person (N,), in [0, 1].

    Asked are the codes of people who have several; the nearest is sought among all. Raises ValueError where nobody
    has several.
    """
    _, person, counts = np.unique(people, return_inverse=True, return_counts=True)
    asked = counts[person] > 1  # (N,)
    if not asked.any():
        raise ValueError("nobody has several codes")
    return float((people[nearest(codes)] == people)[asked].mean())


def border_colours(images: np.ndarray, share: float = 0.125) -> np.ndarray:
    """Features (N, f) of the outermost `share` of images (N, H, W, C) uint8 at each side: colours of blocks that size.

    Without their mean over the images, so that cosines tell them apart.
    """
    side = max(1, round(images.shape[1] * share))
    number = images.shape[1] // side
    blocks = images[:, : number * side, : number * side].reshape(len(images), number, side, number, side, -1)
    colours = blocks.mean((2, 4))  # (N, number, number, C)
    inner = np.zeros((number, number), bool)
    inner[1:-1, 1:-1] = True
    border = colours[:, ~inner].reshape(len(images), -1)
    return border - border.mean(0)
