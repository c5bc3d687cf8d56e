"""Between the photo's sRGB encoding and the light that a lens adds up."""

import torch


def to_linear(encoded: torch.Tensor) -> torch.Tensor:
    """sRGB-encoded values in [0, 1] → linear light in [0, 1] (IEC 61966-2-1)."""
    curved = encoded.clamp(min=0.04045).add_(0.055).div_(1.055).pow_(2.4)
    return torch.where(encoded <= 0.04045, encoded / 12.92, curved)


def encode_srgb(linear: torch.Tensor) -> torch.Tensor:
    """Linear light, any range → sRGB-encoded values, clipped to [0, 1]."""
    light = linear.clamp(0, 1)
    curved = light.clamp(min=0.0031308).pow_(1 / 2.4).mul_(1.055).sub_(0.055)
    return torch.where(light <= 0.0031308, light * 12.92, curved)
