"""The one place that decides where and how exactly a network computes."""

import os
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Literal

import torch

from stages.base.errors import StageError
from stages.base.params import Section


class MissingDevice(StageError):
    """(name): the machine lacks the device that params.yaml asks for."""


class ComputeParams(Section):
    """Section `compute` of params.yaml."""

    device: Literal["auto", "cpu", "cuda", "mps"]
    precision: Literal["auto", "float32", "bf16"]


@dataclass(frozen=True)
class Machine:
    """A device and the precision of its matrix products."""

    device: torch.device
    bf16: bool

    def autocast(self) -> AbstractContextManager:
        """Matrix products and convolutions in bf16 inside the block, where this machine is faster so."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16)

    def seed(self, seed: int) -> torch.Generator:
        """Seed torch's global generators, which initialise networks, and make one for all else on the device."""
        torch.manual_seed(seed)
        return torch.Generator(self.device).manual_seed(seed)


def prepare(params: ComputeParams) -> Machine:
    """Choose device and precision, and ask for deterministic kernels where the device has them.

    Prints the choice. Raises MissingDevice where params.yaml asks for a device that this machine lacks.
    """
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # read when cuBLAS starts
    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    name = params.device if params.device != "auto" else next(name for name in available if available[name])
    if not available[name]:
        raise MissingDevice(name)
    torch.use_deterministic_algorithms(name != "mps")  # which lacks some of the kernels
    # filling new memory would expose reads of what nobody wrote, and cost a sixth of the time
    torch.utils.deterministic.fill_uninitialized_memory = False
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.allow_tf32 = False  # float32 means float32, in convolutions too
    bf16 = params.precision == "bf16" or (params.precision == "auto" and fast_bf16(name))
    print(f"on {name} in {'bf16' if bf16 else 'float32'}, {torch.get_num_threads()} threads, torch {torch.__version__}")
    return Machine(torch.device(name), bf16)


def fast_bf16(device: str) -> bool:
    """Whether the device multiplies bf16 matrices in hardware."""
    if device == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    capabilities = torch.cpu.get_capabilities()
    return device == "cpu" and bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))
