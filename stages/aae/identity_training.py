"""How a linear map of white features learns to tell people apart.

The cosines between an image's embedding and a vector of each person, times a scale, are the logits of a softmax over
the people (Wang et al. 2017, NormFace: L2 Hypersphere Embedding for Face Verification, section 3).
"""

from collections.abc import Callable, Iterator
from typing import Annotated, Any

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import AdamW
from torch.optim.lr_scheduler import OneCycleLR

from stages.aae.training import NotNegative, Positive, Rate
from stages.base.batches import batches, steps_per_epoch
from stages.base.params import Count, Section, Seed


class IdentityTraining(Section):
    """How the map learns: section `identity.training`."""

    seed: Seed
    epochs: Count
    batch_size: Annotated[int, Field(ge=2)]
    learning_rate: Rate
    weight_decay: NotNegative
    scale: Positive


class IdentityTrainer:
    """The map, a vector of each person, the features, the optimiser and its schedule."""

    def __init__(
        self,
        features: Tensor,
        people: np.ndarray,
        dim: int,
        training: IdentityTraining,
        watch: Callable[[nn.Linear], dict[str, float]],
        generator: torch.Generator,
    ) -> None:
        """Learn features (views, N, d) of images of `people` (N,) int64, counted from 0; an image has several views.

        The map embeds them in `dim` dimensions. After each epoch `watch` measures what it is worth. Raises
        TooFewImages where the images do not fill a batch.
        """
        self.features, self.training, self.watch, self.generator = features, training, watch, generator
        self.people = torch.from_numpy(people).to(features.device)
        self.steps = steps_per_epoch(len(people), training.batch_size)
        self.embedding = nn.Linear(features.shape[-1], dim, bias=False, device=features.device)
        self.vectors = nn.Linear(dim, int(people.max()) + 1, bias=False, device=features.device)
        self.optimizer = AdamW(
            [self.embedding.weight, self.vectors.weight],
            training.learning_rate,
            weight_decay=training.weight_decay,
            fused=True,
        )
        self.schedule = OneCycleLR(
            self.optimizer, training.learning_rate, training.epochs * self.steps, cycle_momentum=False
        )

    @property
    def state(self) -> dict[str, Any]:
        """What a checkpoint holds, by name."""
        return {
            "embedding": self.embedding,
            "vectors": self.vectors,
            "optimizer": self.optimizer,
            "schedule": self.schedule,
        }

    def epoch(self, number: int) -> Iterator[dict[str, Tensor]]:
        """Learn from a view of each image; the loss of each step."""
        for rows in batches(len(self.people), self.training.batch_size, self.generator):
            views = torch.randint(len(self.features), rows.shape, generator=self.generator, device=rows.device)
            embedded = F.normalize(self.embedding(self.features[views, rows]))  # (N, dim)
            cosines = embedded @ F.normalize(self.vectors.weight).T  # (N, people)
            loss = F.cross_entropy(self.training.scale * cosines, self.people[rows])
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            self.schedule.step()
            yield {"softmax": loss.detach()}

    def measure(self) -> dict[str, float]:
        """What `watch` says of the map."""
        with torch.inference_mode():
            return self.watch(self.embedding)
