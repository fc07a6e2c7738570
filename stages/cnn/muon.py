"""Muon: steps of orthogonal matrices, for the filters of convolutions.

The form of Jordan's airbench94_muon (github.com/KellerJordan/cifar10-airbench): filters keep their norm, because a
normalisation behind them takes it out again. torch's own Muon takes no filters and multiplies in bf16, which costs
most of the time on a machine without it.
"""

from collections.abc import Iterable

import torch
from torch import Tensor
from torch.optim import Optimizer

STEPS = 3  # of the Newton-Schulz iteration
QUINTIC = (3.4445, -4.7750, 2.0315)  # its coefficients, which bring singular values near 1 soonest


class Muon(Optimizer):
    """Momentum orthogonalised by a Newton-Schulz iteration (Jordan et al. 2024, kellerjordan.github.io/posts/muon)."""

    def __init__(self, filters: Iterable[Tensor], lr: float, momentum: float) -> None:
        """`filters` are (outputs, ...); `momentum` is Nesterov's."""
        super().__init__(filters, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self) -> None:
        for group in self.param_groups:
            for weight in group["params"]:
                sums = self.state[weight].setdefault("sums", torch.zeros_like(weight))
                sums.mul_(group["momentum"]).add_(weight.grad)
                gradient = weight.grad.add(sums, alpha=group["momentum"])
                weight.mul_(len(weight) ** 0.5 / weight.norm())
                weight.sub_(group["lr"] * orthogonalise(gradient.flatten(1)).view_as(weight))


def orthogonalise(matrix: Tensor) -> Tensor:
    """The matrix (m, n) with all singular values moved to about 1: between 0.6 and 1.2 unless they are far smaller."""
    a, b, c = QUINTIC
    wide = matrix.T if matrix.shape[0] > matrix.shape[1] else matrix
    wide = wide / (wide.norm() + 1e-7)  # singular values of at most 1
    for _ in range(STEPS):
        square = wide @ wide.T
        wide = a * wide + (b * square + c * square @ square) @ wide
    return wide.T if matrix.shape[0] > matrix.shape[1] else wide
