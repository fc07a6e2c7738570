"""An AAE of faces whose code has two named parts: the person, and the scene in which the person was photographed.

White features stay white however they are turned. So an AAE of faces that has learned is turned, not trained anew: its
first dimensions become those directions in which images of one person differ least beside images of several people,
and all else that it is good at stays as it was: reconstructions, and the match with the prior.
"""

from collections.abc import Iterator

import torch
from torch import Tensor

from stages.aae.faces import FaceAAE, FaceArchitecture
from stages.base.params import Count


class IdentityArchitecture(FaceArchitecture):
    """All that is needed to rebuild the AAE; it travels with the weights."""

    person: Count  # first dimensions of the code; those left are the scene


class IdentityAAE(FaceAAE):
    """An AAE of faces that knows how much each dimension of its code tells of a person."""

    Architecture = IdentityArchitecture

    def __init__(self, architecture: IdentityArchitecture) -> None:
        super().__init__(architecture)
        self.register_buffer("weights", torch.ones(architecture.person))  # falling, of mean square 1

    @classmethod
    def of(cls, aae: FaceAAE, person: int) -> "IdentityAAE":
        """A copy of `aae` whose first `person` dimensions mean nothing special yet."""
        identity = cls(IdentityArchitecture(**dict(aae.architecture), person=person))
        identity.load_state_dict({**aae.state_dict(), "weights": identity.weights})
        return identity.to(next(aae.parameters()).device)

    def person(self, codes: Tensor) -> Tensor:
        """What codes (N, d) tell of the person (N, person): images of one person have a large cosine."""
        return codes[:, : self.architecture.person] * self.weights

    def scene(self, codes: Tensor) -> Tensor:
        """What is left of codes (N, d) beside the person (N, d - person)."""
        return codes[:, self.architecture.person :]

    @torch.no_grad()
    def turn(self, embedding: Tensor, batches: Iterator[Tensor]) -> None:
        """Let the person be what `embedding` (person, d) makes of white features, and the scene all else.

        An embedding is a rotation, a weight of each of its axes, and a second rotation, which moves no cosine
        (singular value decomposition). The first becomes part of the linear maps. The scene's axes are those along
        which images change most, in falling order. `batches` are the images (N, C, H, W) on which codes are to have
        the prior's norms.
        """
        # on the CPU, because not every GPU computes in float64
        _, weights, axes = torch.linalg.svd(embedding.cpu().double())  # axes: (d, d), the person's first
        person, scene = axes.split([len(weights), len(axes) - len(weights)])
        drawn = self.decoder.linear.weight.cpu().double() @ scene.T  # (C * H * W, d - person)
        _, directions = torch.linalg.eigh(drawn.T @ drawn)  # by rising change
        rotation = torch.cat([person, directions.flip(1).T @ scene]).to(embedding)  # (d, d)
        self.weights.copy_(weights / weights.square().mean().sqrt())
        for layer in (self.encoder.linear, self.encoder.head):
            layer.weight.copy_(rotation @ layer.weight)
            layer.bias.copy_(rotation @ layer.bias)
        self.decoder.linear.weight.copy_(self.decoder.linear.weight @ rotation.T)
        self.whiten(batches)
