"""Checkpoints: what a training needs to go on after an interruption and end in the same bytes."""

import hashlib
import io
import pickle
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch

from stages.base.files import replacing
from stages.base.tables import Table

CODE = Path(__file__).parents[1]  # whose changes make a checkpoint another training's
CHECKPOINTS = Path(".checkpoints")  # outside every stage's outs, which DVC deletes before a run


def digest(*parts: Any) -> str:
    """A digest of parameters (by their text), tables (by their arrays), the stage's code, torch and its threads.

    A checkpoint is taken up again only by a training of the same digest.
    """
    sha = hashlib.sha256()
    for part in (torch.__version__, torch.get_num_threads(), *parts):
        arrays = vars(part).values() if isinstance(part, Table) else ()
        for content in [np.ascontiguousarray(array).data for array in arrays] or [repr(part).encode()]:
            sha.update(content)
    modules = [module for name, module in sys.modules.items() if name.startswith("stages.")]
    for file in sorted(Path(module.__file__) for module in modules if getattr(module, "__file__", None)):
        sha.update(file.read_bytes())
    return sha.hexdigest()


class Checkpoint:
    """The last finished epoch of one training, in a file."""

    def __init__(self, name: str, digest: str) -> None:
        self.path, self.digest = CHECKPOINTS / f"{name}.pt", digest

    def save(self, trainer: Any, history: list[dict[str, float]]) -> None:
        """Write the trainer's state and the curves so far."""
        content = {
            "digest": self.digest,
            "history": history,
            "generators": [trainer.generator.get_state(), torch.get_rng_state()],
            "state": {name: part.state_dict() for name, part in trainer.state.items()},
        }
        buffer = io.BytesIO()  # torch's own writer hides why a file cannot be written
        torch.save(content, buffer)
        with replacing(self.path) as part:
            part.write_bytes(buffer.getbuffer())

    def restore(self, trainer: Any) -> list[dict[str, float]]:
        """Give the trainer the saved state, if it is of this very training, and return the curves so far."""
        try:
            content = torch.load(self.path, weights_only=True, map_location=trainer.generator.device)
        except FileNotFoundError:
            return []
        except (EOFError, OSError, RuntimeError, pickle.UnpicklingError) as error:
            print(f"{self.path} cannot be read ({error}): training starts anew", file=sys.stderr)
            return []
        if content.get("digest") != self.digest:
            print(f"{self.path} is of other parameters, data or code: training starts anew", file=sys.stderr)
            return []
        for name, part in trainer.state.items():
            part.load_state_dict(content["state"][name])
        own, everywhere = content["generators"]
        trainer.generator.set_state(own.cpu())
        torch.set_rng_state(everywhere.cpu())
        return content["history"]

    def delete(self) -> None:
        self.path.unlink(missing_ok=True)
