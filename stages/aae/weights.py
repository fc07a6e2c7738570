"""Weights on disk: safetensors, with the architecture in the metadata, so that a file is enough to rebuild an AAE."""

import json
from pathlib import Path

import torch
from pydantic import ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from stages.aae.networks import AAE, Architecture
from stages.errors import StageError
from stages.files import replacing


def save(aae: AAE, path: str | Path) -> None:
    """Write the networks' weights and the architecture."""
    tensors = {name: value.detach().cpu().contiguous() for name, value in aae.state_dict().items()}
    with replacing(path) as part:
        save_file(tensors, part, {"architecture": aae.architecture.model_dump_json()})


def load(path: str | Path, device: torch.device | str = "cpu") -> AAE:
    """The AAE that `save` wrote, ready to use; runs no code from the file.

    Raises StageError where the file is damaged, or its tensors do not fit its architecture.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(2, "no such file", str(path))
    try:
        with safe_open(path, "pt") as file:
            architecture = Architecture.model_validate(json.loads((file.metadata() or {})["architecture"]))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        aae = AAE(architecture)
        aae.load_state_dict(tensors)
    except (KeyError, RuntimeError, SafetensorError, ValidationError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise StageError(f"{path} holds no weights of an AAE ({reason}): delete it and run `dvc repro`") from error
    return aae.eval().to(device)
