"""Feature distillation: the student also learns to predict the features of a stronger backbone.

It keeps in the features what a subject is, and stands in for an encoder's pre-training without any.
"""

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional

from autofocus.network import upsample
from autofocus.training.losses import feature_loss
from autofocus.vision_transformer import CHANNELS as DINOV2_CHANNELS


class FeatureDistillation(nn.Module):
    """Auxiliary heads from the student's features to the teacher's; the version goes without them.

    They read the encoder's maps at strides 32 and 16, and the decoder's output.
    """

    def __init__(self, channels: Sequence[int]):
        super().__init__()
        self.heads = nn.ModuleList(nn.Conv2d(c, DINOV2_CHANNELS, 1) for c in channels)
        self.standardise = nn.BatchNorm2d(DINOV2_CHANNELS, affine=False)

    def forward(self, maps: Sequence[Tensor], decoded: Tensor, features: Tensor) -> Tensor:
        """How far the encoder's maps and the decoder's are from the teacher's, B×384×h×w."""
        target = self.standardise(features)
        size = target.shape[-2:]
        pooled = functional.avg_pool2d(decoded, max(1, decoded.shape[-1] // size[-1]))
        pairs = zip(self.heads, (*maps[-2:], pooled), strict=True)
        return sum(feature_loss(upsample(head(x), size), target) for head, x in pairs)
