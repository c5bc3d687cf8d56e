"""ViT-S/14 under a DPT head, the shape of Depth Anything Small: what our networks are timed beside.

DPT: Ranftl et al. 2021, arXiv 2103.13413. The weights are random, since only the time matters.
"""

from torch import Tensor, nn
from torch.nn import functional

from autofocus.network import DINOV2_LAYERS, ResidualBlock
from autofocus.vision_transformer import CHANNELS, VisionTransformer

DPT_FEATURES = 64
DPT_CHANNELS = (48, 96, 192, 384)


class VitDpt(nn.Module):
    """ViT-S/14 with a DPT decoder; depth only."""

    def __init__(self):
        super().__init__()
        self.backbone = VisionTransformer()
        self.project = nn.ModuleList(nn.Conv2d(CHANNELS, c, 1) for c in DPT_CHANNELS)
        self.narrow = nn.ModuleList(nn.Conv2d(c, DPT_FEATURES, 3, padding=1) for c in DPT_CHANNELS)
        self.before = nn.ModuleList(ResidualBlock(DPT_FEATURES) for _ in DPT_CHANNELS)
        self.after = nn.ModuleList(ResidualBlock(DPT_FEATURES) for _ in DPT_CHANNELS)
        self.first = nn.Conv2d(DPT_FEATURES, DPT_FEATURES // 2, 3, padding=1)
        self.last = nn.Sequential(
            nn.Conv2d(DPT_FEATURES // 2, 32, 3, padding=1), nn.ReLU(), nn.Conv2d(32, 1, 1)
        )

    def forward(self, photo: Tensor) -> Tensor:
        """B×3×H×W, sides multiples of 14 → B×1×H×W."""
        features = self.backbone(photo, DINOV2_LAYERS)
        x = None
        for level in (3, 2, 1, 0):
            scale = (4, 2, 1, 0.5)[level]
            skip = self.project[level](features[level])
            skip = self.narrow[level](functional.interpolate(skip, scale_factor=scale))
            skip = self.before[level](skip)
            x = skip if x is None else skip + resized(x, skip.shape[-2:])
            x = self.after[level](x)
        return self.last(
            resized(self.first(resized(x, [2 * s for s in x.shape[-2:]])), photo.shape[-2:])
        )


def resized(x: Tensor, size: list[int]) -> Tensor:
    """Bilinear to a height and width."""
    return functional.interpolate(x, tuple(size), mode="bilinear", align_corners=True)
