"""A trained AAE as functions from arrays to arrays, in float32 and in batches."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from stages.aae.networks import AAE


def as_input(images: Tensor) -> Tensor:
    """Float32 images in [0, 1] of uint8 ones, same shape."""
    return images.float() / 255


def planes(images: np.ndarray, device: torch.device) -> Tensor:
    """Images (N, H, W, C) uint8 as a tensor (N, C, H, W) on the device, channels last in memory."""
    return torch.from_numpy(images).to(device).permute(0, 3, 1, 2)


def resize(images: Tensor, side: int) -> Tensor:
    """Images (N, C, H, W) uint8 as (N, C, side, side) uint8: bicubic, antialiased where they shrink."""
    if images.shape[2:] == (side, side):
        return images
    resized = F.interpolate(images.float(), (side, side), mode="bicubic", antialias=True, align_corners=False)
    return resized.round().clamp(0, 255).byte()  # a cubic overshoots at edges


def in_batches(function: Callable[[Tensor], Tensor], rows: np.ndarray, size: int = 500) -> np.ndarray:
    """`function` over `rows`, `size` at a time, without gradients."""
    whole = np.empty(0)
    with torch.inference_mode():
        for start in range(0, len(rows), size):
            part = function(torch.from_numpy(rows[start : start + size])).cpu().numpy()
            if not start:  # at once, since joining a list of parts needs twice the memory
                whole = np.empty((len(rows), *part.shape[1:]), part.dtype)
            whole[start : start + size] = part
    return whole


def encode(aae: AAE, images: np.ndarray) -> np.ndarray:
    """Codes (N, d) float32 of images (N, H, W, C) uint8; those of another size are resized to the encoder's."""
    device, side = next(aae.parameters()).device, aae.architecture.image_shape[1]
    return in_batches(lambda batch: aae.encoder(as_input(resize(planes(batch.numpy(), device), side))), images)


def decode(aae: AAE, codes: np.ndarray) -> np.ndarray:
    """Images (N, H, W, C) float32 in [0, 1] of codes (N, d) float32."""
    device = next(aae.parameters()).device
    return in_batches(lambda batch: aae.decoder(batch.to(device)).permute(0, 2, 3, 1), codes.astype(np.float32))


def reconstruct(aae: AAE, images: np.ndarray) -> np.ndarray:
    """Images (N, H, W, C) float32 in [0, 1] that the AAE makes of images (N, H, W, C) uint8."""
    return decode(aae, encode(aae, images))


def discriminate(aae: AAE, codes: np.ndarray) -> np.ndarray:
    """Probability (N,) in [0, 1] that the discriminator gives each code (N, d) of being a sample of the prior."""
    device = next(aae.parameters()).device
    return in_batches(lambda batch: aae.tell_apart(batch.to(device)).sigmoid(), codes.astype(np.float32))
