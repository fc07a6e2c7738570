"""Whether codes (N, d) tell people apart, by cosine: retrieval and verification."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, roc_auc_score

from stages.base.errors import StageError

PAIRS = 45  # of the images of one person, at most: all of ten images


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


def draw_pairs(people: np.ndarray, seed: int, split: str) -> Pairs:
    """Pairs among images of `people` (N,): of each person at most `PAIRS`, and as many of two people.

    Raises NoPairs, naming the split, where nobody has two images or all are of one person.
    """
    random = np.random.default_rng(seed)
    first, second = np.triu_indices(len(people), 1)
    alike = people[first] == people[second]
    places = random.permutation(np.flatnonzero(alike))
    others = random.permutation(np.flatnonzero(~alike))
    kept = [places[people[first[places]] == person][:PAIRS] for person in np.unique(people[first[places]])]
    number = min(sum(map(len, kept)), len(others))
    if not number:
        raise NoPairs(split)
    rows = np.concatenate([random.permutation(np.concatenate(kept))[:number], others[:number]])
    return Pairs(first[rows], second[rows], np.repeat([True, False], number))


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
            yield relevant, directions[rest] @ directions[row]


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
