"""A map between white features and codes whose norms are those of a standard Gaussian, with nothing trained.

White features of d dimensions have unit variance in all directions, but images differ in contrast, so that their norms
spread several times as much as a Gaussian's. The map splits features into the direction of the first d - 1, their norm
r, and the ratio of the last feature to r. The direction stays. Of r, the rank among the training images becomes the
last dimension of the code, as the value of that rank of a Gaussian; of the ratio, the rank becomes the norm of the
first d - 1, as the value of that rank of a chi distribution of d - 1 degrees of freedom. So all d dimensions carry
something, and of faces like the training ones nothing is lost; of others, `inverse` cuts the ratio.
"""

import numpy as np
import torch
from scipy import stats
from torch import Tensor, nn

KNOTS = 128  # of each function between values and ranks, evenly spaced in rank
SMOOTH = 0.01  # share of a Gaussian in the distributions, which keeps the functions from being steep between few images


class Shell(nn.Module):
    """The map and its inverse, which know the ranks of training images' features once `fit` has seen them."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        ranks = (np.arange(KNOTS) + 0.5) / KNOTS
        gaussian, chi = stats.norm.ppf(ranks), stats.chi.ppf(ranks, dim - 1)
        # until `fit`: what a standard Gaussian's features would have, nearly
        for name, values in {"gaussian": gaussian, "chi": chi, "norms": chi, "ratios": gaussian / chi.mean()}.items():
            self.register_buffer(name, torch.from_numpy(values).float())  # (KNOTS,), rising

    def fit(self, *features: Tensor) -> None:
        """Learn the ranks of norms and ratios from white features (n, d) of the training images, in parts."""
        norms = torch.cat([part[:, :-1].norm(dim=1) for part in features]).to(self.norms)
        last = torch.cat([part[:, -1] for part in features]).to(norms)
        ranks = (torch.arange(KNOTS, device=norms.device) + 0.5) / KNOTS
        for known, values in ((self.norms, norms), (self.ratios, last / norms)):
            normal = values.mean() + values.std() * self.gaussian
            known.copy_((1 - SMOOTH) * values.quantile(ranks) + SMOOTH * normal)

    def forward(self, features: Tensor) -> Tensor:
        """Codes (N, d) of white features (N, d)."""
        rest, last = features[:, :-1], features[:, -1]
        norms = rest.norm(dim=1)
        radii = interpolate(last / norms, self.ratios, self.chi)
        return torch.cat([rest * (radii / norms)[:, None], interpolate(norms, self.norms, self.gaussian)[:, None]], 1)

    def inverse(self, codes: Tensor) -> Tensor:
        """White features (N, d) of codes (N, d); ratios are cut to their range.

        So the shorter codes on the way from one face to another give no ratio that no face has.
        """
        rest, last = codes[:, :-1], codes[:, -1]
        radii = rest.norm(dim=1)
        norms = interpolate(last, self.gaussian, self.norms).clamp(min=0)
        ratios = interpolate(radii.clamp(self.chi[0], self.chi[-1]), self.chi, self.ratios)
        return torch.cat([rest * (norms / radii)[:, None], (ratios * norms)[:, None]], 1)


def interpolate(x: Tensor, xs: Tensor, ys: Tensor) -> Tensor:
    """Values (N,) at x (N,) of the broken line through points (xs, ys), rising, which goes on beyond its ends."""
    right = torch.searchsorted(xs, x.detach().contiguous()).clamp(1, len(xs) - 1)
    left = right - 1
    return ys[left] + (x - xs[left]) * (ys[right] - ys[left]) / (xs[right] - xs[left])
