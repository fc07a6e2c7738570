"""What every training needs around its loop: progress, curves, checkpoints, and a stop where a loss is not finite.

with Run("digits/gaussian", 30, steps, state, generator, identity(params, images), curves) as run:
    for epoch in run.epochs():
        for rows in batches:
            run.log(reconstruction=step(rows))
        run.record(validation_mse=mse(validation))
"""

import hashlib
import io
import math
import pickle
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol, Self

import numpy as np
import torch
from dvclive import Live
from torch import Tensor
from tqdm import tqdm

from stages.base.errors import StageError
from stages.base.files import naming, replacing

CODE = Path(__file__).parents[1]  # whose changes make a checkpoint another run's
CHECKPOINTS = Path(".checkpoints")  # outside every stage's outs, which DVC deletes before a run


class Stateful(Protocol):
    """A network, an optimiser, a schedule: what a checkpoint holds."""

    def state_dict(self) -> dict[str, Any]: ...
    def load_state_dict(self, state: dict[str, Any]) -> Any: ...


def identity(*parts: Any) -> str:
    """A digest of parameters (by their text), arrays (by their bytes) and this project's imported code.

    A checkpoint is taken up again only by a run of the same identity.
    """
    digest = hashlib.sha256()
    for part in parts:
        digest.update(np.ascontiguousarray(part).data if isinstance(part, np.ndarray) else repr(part).encode())
    files = {Path(module.__file__) for module in sys.modules.values() if getattr(module, "__file__", None)}
    for file in sorted(file for file in files if file.is_relative_to(CODE)):
        digest.update(file.read_bytes())
    return digest.hexdigest()


class Run:
    """One training of `epochs` epochs, which goes on from its last checkpoint after an interruption."""

    def __init__(
        self,
        name: str,
        epochs: int,
        steps: int,
        state: Mapping[str, Stateful],
        generator: torch.Generator,
        identity: str,
        curves: Path,
    ) -> None:
        """`steps` per epoch; `state` and `generator` are what continues; dvclive writes to the folder `curves`."""
        self.total, self.steps, self.state, self.generator, self.identity = epochs, steps, state, generator, identity
        self.checkpoint = CHECKPOINTS / f"{name}.pt"
        self.history: list[dict[str, float]] = []
        self.pending: list[dict[str, Tensor]] = []
        self.sums: dict[str, float] = {}
        self.curves = curves
        self.name = name

    def __enter__(self) -> Self:
        self.restore()
        with naming(self.curves):
            self.live = Live(str(self.curves), dvcyaml=None, save_dvc_exp=False, report=None, monitor_system=False)
        for means in self.history:
            self.plot(means)
        self.bar = tqdm(
            total=self.total * self.steps, initial=len(self.history) * self.steps, desc=self.name, unit="step"
        )
        return self

    def __exit__(self, kind: type | None, *_: Any) -> None:
        self.bar.close()
        with naming(self.curves):
            self.live.end()
        if kind is None:
            self.checkpoint.unlink(missing_ok=True)

    def epochs(self) -> Iterator[int]:
        """The epochs that are still to do; after each, its means join the curves and a checkpoint is saved."""
        for epoch in range(len(self.history), self.total):
            self.sums, self.recorded = {}, {}
            yield epoch
            self.flush()
            means = {name: total / self.steps for name, total in self.sums.items()} | self.recorded
            self.history.append(means)
            self.save()
            self.plot(means)

    def log(self, **losses: Tensor) -> None:
        """Losses of one step, as detached scalars; looked at every 25 steps, to keep a GPU busy."""
        self.pending.append(losses)
        if len(self.pending) == 25:
            self.flush()

    def record(self, **values: float) -> None:
        """Measures of the whole epoch, such as the validation error. Raises StageError where one is not finite."""
        for name, value in values.items():
            self.finite(name, value)
        self.recorded |= values

    def flush(self) -> None:
        """Add the pending losses to the epoch's sums; raises StageError where one is not finite."""
        if not self.pending:
            return
        names = list(self.pending[0])
        rows = torch.stack([torch.stack([step[name].float() for name in names]) for step in self.pending]).tolist()
        for row in rows:
            self.bar.update()
            for name, value in zip(names, row, strict=True):
                self.finite(f"{name} loss", value)
                self.sums[name] = self.sums.get(name, 0.0) + value
        self.pending = []
        self.bar.set_postfix({name: f"{value:.4f}" for name, value in zip(names, rows[-1], strict=True)}, refresh=False)

    def finite(self, name: str, value: float) -> None:
        """Raise StageError where a loss or measure is not finite."""
        if not math.isfinite(value):
            raise StageError(
                f"{self.name}: the {name} is {value} at step {self.bar.n}: lower the learning rate or set "
                "compute.precision to float32, and run `dvc repro`; nothing of this epoch was saved"
            )

    def plot(self, means: Mapping[str, float]) -> None:
        """One more point on each curve."""
        with naming(self.curves):
            for name, value in means.items():
                self.live.log_metric(name, value)
            self.live.next_step()

    def save(self) -> None:
        """Write the checkpoint of the epoch that just ended."""
        content = {
            "identity": self.identity,
            "history": self.history,
            "generators": [self.generator.get_state(), torch.get_rng_state()],
            "state": {name: part.state_dict() for name, part in self.state.items()},
        }
        buffer = io.BytesIO()  # torch's own writer hides why a file cannot be written
        torch.save(content, buffer)
        with replacing(self.checkpoint) as part:
            part.write_bytes(buffer.getbuffer())

    def restore(self) -> None:
        """Take up the last checkpoint, if it is of this very run."""
        try:
            content = torch.load(self.checkpoint, weights_only=True, map_location=self.generator.device)
        except FileNotFoundError:
            return
        except (EOFError, OSError, RuntimeError, pickle.UnpicklingError) as error:
            print(f"{self.checkpoint} cannot be read ({error}): training starts anew", file=sys.stderr)
            return
        if content["identity"] != self.identity:
            print(f"{self.checkpoint} is of other parameters, data or code: training starts anew", file=sys.stderr)
            return
        for name, part in self.state.items():
            part.load_state_dict(content["state"][name])
        own, everywhere = content["generators"]
        self.generator.set_state(own.cpu())
        torch.set_rng_state(everywhere.cpu())
        self.history = content["history"]
