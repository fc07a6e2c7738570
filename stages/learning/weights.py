"""Weights on disk: safetensors, with the architecture in the metadata, so that a file is enough to rebuild it."""

import json
from pathlib import Path
from typing import Any, Protocol, TypeVar

from pydantic import ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as serialised
from torch import nn

from stages.base.errors import StageError
from stages.base.files import replacing
from stages.base.params import Section


class Rebuildable(Protocol):
    """A network that is made of its architecture alone."""

    Architecture: type[Section]
    architecture: Section

    def __init__(self, architecture: Any) -> None: ...


N = TypeVar("N", bound=Rebuildable)


def save_weights(network: nn.Module, path: str | Path) -> None:
    """Write a network's weights and its architecture; the same weights are the same bytes."""
    tensors = {name: value.detach().cpu().contiguous() for name, value in network.state_dict().items()}
    with replacing(path) as part:
        part.write_bytes(serialised(tensors, {"architecture": network.architecture.model_dump_json()}))


def load_weights(kind: type[N], path: str | Path) -> N:
    """The network of class `kind` that `save_weights` wrote, in evaluation mode; runs no code from the file.

    Raises StageError where the file is damaged, or its tensors do not fit its architecture.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(2, "no such file", str(path))
    try:
        with safe_open(path, "pt") as file:
            architecture = kind.Architecture.model_validate(json.loads((file.metadata() or {})["architecture"]))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        network = kind(architecture)
        network.load_state_dict(tensors)
    except (KeyError, RuntimeError, SafetensorError, ValidationError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise StageError(
            f"{path} holds no weights of the class {kind.__name__} ({reason}): delete it and run `dvc repro`"
        ) from error
    return network.eval()
