"""Weights on disk: safetensors, with the architecture in the metadata, so that a file is enough to rebuild it."""

import json
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as serialise
from torch import nn

from stages.base.files import DamagedFile, replacing, require_file

Network = TypeVar("Network", bound=nn.Module)  # with a class `Architecture`, of which an instance is enough to make it


def save_weights(network: nn.Module, path: str | Path) -> None:
    """Write a network's weights and its architecture; the same weights are the same bytes."""
    tensors = {name: value.detach().cpu().contiguous() for name, value in network.state_dict().items()}
    with replacing(path) as part:
        part.write_bytes(serialise(tensors, {"architecture": network.architecture.model_dump_json()}))


def load_weights(kind: type[Network], path: str | Path) -> Network:
    """The network of class `kind` that `save_weights` wrote, in evaluation mode; runs no code from the file.

    Raises DamagedFile where its tensors are not those of its architecture.
    """
    try:
        with safe_open(require_file(path), "pt") as file:
            architecture = kind.Architecture.model_validate(json.loads((file.metadata() or {})["architecture"]))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        network = kind(architecture)
        network.load_state_dict(tensors)
    except (KeyError, RuntimeError, SafetensorError, ValidationError, ValueError) as error:
        reason = f"it holds no weights of the class {kind.__name__}: {' '.join(str(error).split())}"
        raise DamagedFile(path, reason) from error
    return network.eval()
