"""The vision transformer of DINOv2, ViT-S/14 (arXiv 2010.11929 and 2304.07193).

Its parameters are named as those of timm's `vit_small_patch14_dinov2.lvd142m`, so that the same
weights fit either. timm itself would bring torchvision and torch's compiler into every start.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

PATCH = 14
CHANNELS = 384
BLOCKS = 12
HEADS = 6
GRID = 37  # patches a side of the square photos whose positions were learnt


class Attention(nn.Module):
    """Self-attention of several heads."""

    fused = True  # whether torch's one kernel computes it; its backward pass is slow on a CPU

    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(CHANNELS, 3 * CHANNELS)
        self.proj = nn.Linear(CHANNELS, CHANNELS)

    def forward(self, tokens: Tensor) -> Tensor:
        """B×N×384 → the same shape."""
        heads = self.qkv(tokens).unflatten(-1, (3, HEADS, -1)).permute(2, 0, 3, 1, 4)
        attend = functional.scaled_dot_product_attention if self.fused else attend_plainly
        return self.proj(attend(*heads).transpose(1, 2).flatten(2))


def attend_plainly(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Attention by plain products, each B×heads×N×64."""
    scores = (query * query.shape[-1] ** -0.5) @ key.transpose(-2, -1)
    return scores.softmax(dim=-1) @ value


class LayerScale(nn.Module):
    """A factor for each channel (arXiv 2103.17239)."""

    def __init__(self):
        super().__init__()
        self.gamma = nn.Parameter(torch.full((CHANNELS,), 1e-5))

    def forward(self, x: Tensor) -> Tensor:
        """B×N×384 → the same shape."""
        return x * self.gamma


class Mlp(nn.Module):
    """Two linear layers, applied to each token."""

    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(CHANNELS, 4 * CHANNELS)
        self.fc2 = nn.Linear(4 * CHANNELS, CHANNELS)

    def forward(self, x: Tensor) -> Tensor:
        """B×N×384 → the same shape."""
        return self.fc2(functional.gelu(self.fc1(x)))


class Block(nn.Module):
    """Attention and linear layers, each beside an identity; training may drop their paths."""

    def __init__(self):
        super().__init__()
        self.norm1 = nn.LayerNorm(CHANNELS, eps=1e-6)
        self.attn = Attention()
        self.ls1, self.drop_path1 = LayerScale(), nn.Identity()
        self.norm2 = nn.LayerNorm(CHANNELS, eps=1e-6)
        self.mlp = Mlp()
        self.ls2, self.drop_path2 = LayerScale(), nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """B×N×384 → the same shape."""
        x = x + self.drop_path1(self.ls1(self.attn(self.norm1(x))))
        return x + self.drop_path2(self.ls2(self.mlp(self.norm2(x))))


class PatchEmbedding(nn.Module):
    """One token for each patch of 14×14 pixels."""

    def __init__(self):
        super().__init__()
        self.proj = nn.Conv2d(3, CHANNELS, PATCH, stride=PATCH)

    def forward(self, photo: Tensor) -> Tensor:
        """B×3×H×W → B×384×H/14×W/14."""
        return self.proj(photo)


class VisionTransformer(nn.Module):
    """Photo → patch features of some of its blocks."""

    def __init__(self):
        super().__init__()
        self.cls_token = nn.Parameter(torch.zeros(1, 1, CHANNELS))
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + GRID * GRID, CHANNELS))
        self.patch_embed = PatchEmbedding()
        self.blocks = nn.ModuleList(Block() for _ in range(BLOCKS))
        self.norm = nn.LayerNorm(CHANNELS, eps=1e-6)

    def forward(self, photo: Tensor, layers: Sequence[int]) -> list[Tensor]:
        """Normalised photo B×3×H×W, sides multiples of 14 → B×384×H/14×W/14 for each layer.

        `layers` counts blocks from 0, in rising order. The last norm is applied to every map.
        """
        patches = self.patch_embed(photo)
        size = patches.shape[-2:]
        x = torch.cat([self.cls_token.expand(len(photo), -1, -1), tokens_of(patches)], dim=1)
        x = x + self.positions(size)
        features = []
        for index, block in enumerate(self.blocks[: layers[-1] + 1]):
            x = block(x)
            if index in layers:
                features.append(self.norm(x)[:, 1:].transpose(1, 2).unflatten(-1, size))
        return features

    def positions(self, size: Sequence[int]) -> Tensor:
        """The position embedding for a grid of patches, 1×(1 + h·w)×384."""
        if tuple(size) == (GRID, GRID):
            return self.pos_embed
        grid = self.pos_embed[:, 1:].transpose(1, 2).unflatten(-1, (GRID, GRID)).float()
        grid = functional.interpolate(grid, tuple(size), mode="bicubic", antialias=True)
        return torch.cat([self.pos_embed[:, :1], tokens_of(grid)], dim=1)


def tokens_of(grid: Tensor) -> Tensor:
    """B×C×h×w → B×(h·w)×C."""
    return grid.flatten(2).transpose(1, 2)
