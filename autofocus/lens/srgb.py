"""Between the photo's sRGB encoding and the light that a lens adds up."""

import torch


def to_linear(encoded: torch.Tensor) -> torch.Tensor:
    """sRGB-encoded values in [0, 1] → linear light in [0, 1] (IEC 61966-2-1)."""
    return torch.where(
        encoded <= 0.04045, encoded / 12.92, ((encoded.clamp(min=0.04045) + 0.055) / 1.055) ** 2.4
    )


def encode_srgb(linear: torch.Tensor) -> torch.Tensor:
    """Linear light, any range → sRGB-encoded values, clipped to [0, 1]."""
    light = linear.clamp(0, 1)
    return torch.where(
        light <= 0.0031308, light * 12.92, 1.055 * light.clamp(min=0.0031308) ** (1 / 2.4) - 0.055
    )
