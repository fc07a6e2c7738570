"""How smooth walks through images are, as paths of their features: arrays (N, frames, d) of at least two frames."""

import numpy as np

TINY = np.finfo(np.float64).tiny


def smoothness(paths: np.ndarray) -> dict[str, float]:
    """Two ratios of paths (N, frames, d), averaged over them; both are 1 for a path that stands still.

    `path_length_ratio`: sum of the steps' lengths over the distance between the ends, at least 1, which is straight;
    infinite for a path that returns to its start. `largest_step_ratio`: largest over mean step, in [1, frames - 1],
    where 1 is even.
    """
    paths = paths.astype(np.float64)
    steps = np.linalg.norm(np.diff(paths, axis=1), axis=2)  # (N, frames - 1)
    distances = np.linalg.norm(paths[:, -1] - paths[:, 0], axis=1)  # (N,)
    return {
        "path_length_ratio": mean_ratio(steps.sum(1), distances),
        "largest_step_ratio": mean_ratio(steps.max(1), steps.mean(1)),
    }


def mean_ratio(a: np.ndarray, b: np.ndarray) -> float:
    """Mean of a / b over lengths (N,), where 0 / 0 counts as 1."""
    with np.errstate(over="ignore"):
        return float((np.maximum(a, TINY) / np.maximum(b, TINY)).mean())
