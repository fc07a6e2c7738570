"""Distributions that a code is to follow.

A new prior is a subclass of `Prior` with a `kind`, `sample`, `component_density` and `extent`; params.yaml names it
by that kind. Codes are float32 tensors (n, dim); points for pictures are float arrays (..., dim).
"""

from abc import abstractmethod
from typing import Annotated, Literal, Union

import numpy as np
import torch
from pydantic import Field
from scipy.special import ndtri

from stages.base.params import Count, Section

Positive = Annotated[float, Field(gt=0)]


class Prior(Section):
    """A distribution over codes; `kind` names its class in params.yaml."""

    kind: str
    dim: int

    @property
    def components(self) -> int:
        """Number of parts that a label can choose; 1 where the prior is not a mixture."""
        return 1

    @abstractmethod
    def sample(
        self, n: int, generator: torch.Generator, component: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """`n` codes (n, dim) and the component (n,) int64 of each, on the generator's device.

        Where `component` (n,) is given, each code comes from that part of the prior.
        """

    @abstractmethod
    def component_density(self, points: np.ndarray) -> np.ndarray:
        """Density (..., components) of each part at points (..., dim), the parts' weights included."""

    def density(self, points: np.ndarray) -> np.ndarray:
        """Probability density (...) at points (..., dim)."""
        return self.component_density(points).sum(-1)

    @abstractmethod
    def extent(self) -> float:
        """Half the side of a square about the origin that shows nearly all of the prior."""

    def embed(self, points: np.ndarray) -> np.ndarray:
        """Codes (..., dim) of points (..., 2) of the plane of the first two dimensions; the others are zero."""
        return np.concatenate([points, np.zeros((*points.shape[:-1], self.dim - 2))], -1)

    def plane_density(self, points: np.ndarray) -> np.ndarray:
        """Probability density (...) at points (..., 2) of that plane."""
        return self.density(self.embed(points))

    def grid(self, n: int) -> np.ndarray:
        """Codes (n, n, 2) that cover the prior's range, rows from top to bottom."""
        line = np.linspace(-self.extent(), self.extent(), n)
        return np.stack(np.meshgrid(line, line[::-1]), -1)

    def styles(self, n: int) -> np.ndarray:
        """Codes (rows, n, 2): each row a walk through one part of the prior; here lines through the origin."""
        angles = np.pi * np.arange(8) / 8
        line = np.linspace(-self.extent(), self.extent(), n)
        return line[:, None] * np.stack([np.cos(angles), np.sin(angles)], -1)[:, None]


def normal(x: np.ndarray, mean: float, std: float) -> np.ndarray:
    """Density of the normal distribution at x, same shape."""
    return np.exp(-(((x - mean) / std) ** 2) / 2) / (std * np.sqrt(2 * np.pi))


class Gaussian(Prior):
    """An isotropic Gaussian about the origin."""

    kind: Literal["gaussian"]
    dim: Count
    std: Positive

    def sample(self, n, generator, component=None):
        codes = torch.randn(n, self.dim, generator=generator, device=generator.device)
        return self.std * codes, torch.zeros(n, dtype=torch.int64, device=generator.device)

    def component_density(self, points):
        return normal(points, 0, self.std).prod(-1, keepdims=True)

    def extent(self):
        return 3 * self.std

    def grid(self, n):
        # equal steps of probability, as in the manifolds of the VAE and AAE papers
        line = self.std * ndtri(np.linspace(0.5 / n, 1 - 0.5 / n, n))
        return np.stack(np.meshgrid(line, line[::-1]), -1)


class Umbrella(Prior):
    """Gaussians on a circle, each stretched along its radius (AAE paper, section 2.3, figure 4).

    Petal k stands at angle 2 pi k / petals and distance `radius`; its standard deviations are `std_along` the
    radius and `std_across` it.
    """

    kind: Literal["umbrella"]
    dim: Literal[2] = 2
    petals: Count
    radius: Positive
    std_along: Positive
    std_across: Positive

    @property
    def components(self):
        return self.petals

    def sample(self, n, generator, component=None):
        device = generator.device
        if component is None:
            component = torch.randint(self.petals, (n,), generator=generator, device=device)
        noise = torch.randn(n, 2, generator=generator, device=device)
        along = self.radius + self.std_along * noise[:, 0]
        across = self.std_across * noise[:, 1]
        angle = 2 * torch.pi * component / self.petals
        cos, sin = angle.cos(), angle.sin()
        return torch.stack([along * cos - across * sin, along * sin + across * cos], 1), component

    def component_density(self, points):
        angle = 2 * np.pi * np.arange(self.petals) / self.petals
        x, y = points[..., 0, None], points[..., 1, None]
        along = normal(x * np.cos(angle) + y * np.sin(angle), self.radius, self.std_along)
        across = normal(y * np.cos(angle) - x * np.sin(angle), 0, self.std_across)
        return along * across / self.petals

    def extent(self):
        return self.radius + 3 * self.std_along

    def styles(self, n):
        angle = 2 * np.pi * np.arange(self.petals) / self.petals
        along = self.radius + self.std_along * np.linspace(-2, 2, n)
        return along[:, None] * np.stack([np.cos(angle), np.sin(angle)], -1)[:, None]


class SwissRoll(Prior):
    """A spiral with Gaussian width, cut into segments of equal probability (AAE paper, section 2.3, figure 4).

    The point at position u in [0, 1) stands at angle 2 pi turns sqrt(u0 + (1 - u0) u), u0 = 1/16, and at a
    distance proportional to its angle, `radius` at u = 1: the square root spreads probability nearly evenly by length.
    """

    kind: Literal["swiss_roll"]
    dim: Literal[2] = 2
    segments: Count
    turns: Positive
    radius: Positive
    std: Positive

    @property
    def components(self):
        return self.segments

    def sample(self, n, generator, component=None):
        device = generator.device
        if component is None:
            component = torch.randint(self.segments, (n,), generator=generator, device=device)
        u = (component + torch.rand(n, generator=generator, device=device)) / self.segments
        share = torch.sqrt(1 / 16 + 15 / 16 * u)
        angle = 2 * torch.pi * self.turns * share
        curve = self.radius * share[:, None] * torch.stack([angle.cos(), angle.sin()], 1)
        return curve + self.std * torch.randn(n, 2, generator=generator, device=device), component

    def component_density(self, points):
        # with the default width, 100 stops in a segment lie much closer together than `std`
        stops = self.curve((np.arange(100 * self.segments) + 0.5) / (100 * self.segments))
        densities = []
        for segment in stops.reshape(self.segments, 100, 2):
            away = ((points[..., None, :] - segment) ** 2).sum(-1)
            densities.append(np.exp(-away / (2 * self.std**2)).mean(-1) / (2 * np.pi * self.std**2))
        return np.stack(densities, -1) / self.segments

    def curve(self, u: np.ndarray) -> np.ndarray:
        """Points (..., 2) of the spiral's middle line at positions u (...) in [0, 1]."""
        share = np.sqrt(1 / 16 + 15 / 16 * u)
        angle = 2 * np.pi * self.turns * share
        return self.radius * share[..., None] * np.stack([np.cos(angle), np.sin(angle)], -1)

    def extent(self):
        return self.radius + 3 * self.std

    def styles(self, n):
        return self.curve((np.arange(self.segments)[:, None] + np.linspace(0, 1, n)) / self.segments)


# every class above; `kind` tells which one a mapping is
AnyPrior = Annotated[Union[tuple(Prior.__subclasses__())], Field(discriminator="kind")]  # noqa: UP007
