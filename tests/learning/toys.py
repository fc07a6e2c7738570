"""A trainer of one linear layer, whose steps are as random as those of a network."""

from pathlib import Path

import torch

from stages.learning.fitting import fitted

CURVES = Path("curves")


class Toy:
    """Learns for 4 steps per epoch; is interrupted in the middle of epoch `stop_at`."""

    steps = 4

    def __init__(self, stop_at: int | None = None) -> None:
        torch.manual_seed(0)
        self.generator = torch.Generator().manual_seed(0)
        self.model = torch.nn.Linear(3, 1)
        self.optimizer = torch.optim.Adam(self.model.parameters(), 0.1)
        self.state = {"model": self.model, "optimizer": self.optimizer}
        self.stop_at, self.trained = stop_at, 0

    def epoch(self, number):
        for step in range(self.steps):
            if number == self.stop_at and step == 2:
                raise KeyboardInterrupt
            loss = self.model(torch.randn(5, 3, generator=self.generator) + torch.rand(3)).square().mean()
            loss.backward()
            self.optimizer.step()
            self.optimizer.zero_grad()
            self.trained += 1
            yield {"loss": loss.detach()}

    def measure(self):
        return {"weight": self.model.weight[0, 0].item()}


def train(epochs: int, stop_at: int | None = None, digest: str = "same") -> Toy:
    toy = Toy(stop_at)
    with fitted(toy, name="toy", epochs=epochs, digest=digest, curves=CURVES):
        pass
    return toy


def curves() -> dict[str, bytes]:
    return {str(path.relative_to(CURVES)): path.read_bytes() for path in sorted(CURVES.rglob("*")) if path.is_file()}
