"""The network: one encoder, one decoder, two heads; photo in, depth and saliency out.

    photo ─▶ Encoder ─▶ five maps at strides 2, 4, 8, 16, 32
                          │
                          ▼
                       Decoder ─▶ 256 channels at half the photo's resolution
                          │
              ┌───────────┴───────────┐
          depth head            saliency head
        256 → 32 → 1            256 → 32 → 1
      upsample, to 0..1       upsample, sigmoid

It follows "Going Deeper with Depth Maps" (Canva Engineering), with one addition: the encoder's
first convolution is handed to the decoder as a skip at stride 2, which carries the boundaries.

An encoder is a module with

    channels    five numbers, of its maps from the finest to the coarsest
    forward     normalised photo B×3×H×W, H and W multiples of 32 → five maps, the finest first

so that for a photo of (1, 3, 384, 512), with "resnet50-v1" and with "dinov2-s":

    stride 2     (1, 64, 192, 256)     (1, 32, 192, 256)
    stride 4     (1, 256, 96, 128)     (1, 64, 96, 128)
    stride 8     (1, 512, 48, 64)      (1, 128, 48, 64)
    stride 16    (1, 1024, 24, 32)     (1, 256, 24, 32)
    stride 32    (1, 2048, 12, 16)     (1, 384, 12, 16)

The decoder makes (1, 256, 192, 256) of them, and each head (1, 1, 192, 256) of that. Another
encoder is a class like these, and a line in `ENCODERS`.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional

from autofocus.resnet import RESNETS, ResNetEncoder
from autofocus.vision_transformer import CHANNELS as DINOV2_CHANNELS
from autofocus.vision_transformer import PATCH, VisionTransformer

STRIDE = 32
WIDEST = 1024  # channels that a config may ask for
LONGEST_SHORT_SIDE = 1536  # pixels that a config may ask for
DECODED_CHANNELS = 256
# Of red, green and blue in [0, 1], which both encoders' public weights expect.
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
DINOV2_LAYERS = (2, 5, 8, 11)  # the third, sixth, ninth and twelfth block
NECK_CHANNELS = 192


@dataclass(frozen=True)
class NetworkConfig:
    """The network's shape, and how it sees a photo; beside the weights."""

    encoder: str  # one of `ENCODERS`
    widths: tuple[int, ...]  # decoder channels at strides 2, 4, 8, 16, 32
    short_side: int = 384  # pixels of the photo that it sees
    # Of the mirror image in which it sees the layout of the depth again; 0: it does not.
    mirrored_side: int = 0

    def __post_init__(self):
        """Refuse what no network can be built of, before anything is."""
        if self.encoder not in ENCODERS:
            raise ValueError(f"the encoder must be one of {', '.join(ENCODERS)}")
        if len(self.widths) != 5 or not all(is_between(w, 1, WIDEST) for w in self.widths):
            raise ValueError(f"widths must be five whole numbers from 1 to {WIDEST}")
        limits = f"a whole number of pixels from {STRIDE} to {LONGEST_SHORT_SIDE}"
        if not is_side(self.short_side):
            raise ValueError(f"short_side must be {limits}")
        if not is_side(self.mirrored_side) and not is_between(self.mirrored_side, 0, 0):
            raise ValueError(f"mirrored_side must be 0 or {limits}")

    @classmethod
    def from_dict(cls, fields: dict) -> "NetworkConfig":
        """Build from `config.json`'s "network" table.

        Raises:
            TypeError: a name is missing or unknown, or `widths` is not a list.
            ValueError: a value is not one that a network can have.

        """
        return cls(**{**fields, "widths": tuple(fields.get("widths", ()))})

    def to_dict(self) -> dict:
        """As a table for `config.json`."""
        return asdict(self)


def is_between(value: object, low: int, high: int) -> bool:
    """Whether a value is a whole number within these limits, both included."""
    return type(value) is int and low <= value <= high


def is_side(value: object) -> bool:
    """Whether a photo that a network sees may have this side."""
    return is_between(value, STRIDE, LONGEST_SHORT_SIDE)


class ContextBlock(nn.Module):
    """Two 3×3 convolutions beside an identity; the first also sees the mean of the whole map."""

    def __init__(self, channels: int):
        super().__init__()
        self.norm = nn.GroupNorm(1, channels)
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.context = nn.Conv2d(channels, channels, 1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """B×C×H×W → the same shape."""
        context = self.context(x.mean(dim=(-2, -1), keepdim=True))
        return x + self.second(functional.gelu(self.first(self.norm(x)) + context))


class Neck(nn.Sequential):
    """DINOv2's four layers of patch features, B×1536×h×w, mixed to B×192×h×w.

    All that is known about depth globally is made here, at stride 16, where it costs least; the
    decoder then finds the boundaries.
    """

    def __init__(self):
        super().__init__(
            nn.BatchNorm2d(len(DINOV2_LAYERS) * DINOV2_CHANNELS),
            nn.Dropout2d(0.1),
            nn.Conv2d(len(DINOV2_LAYERS) * DINOV2_CHANNELS, NECK_CHANNELS, 1),
            *(ContextBlock(NECK_CHANNELS) for _ in range(4)),
        )


class Dinov2Encoder(nn.Module):
    """A DINOv2 ViT-S/14 (arXiv 2304.07193), reassembled at four strides as in DPT.

    (DPT: arXiv 2103.13413.) Patches of 14 pixels cannot see boundaries, so a small convolutional
    stem adds the maps at strides 2 and 4. The backbone sees the photo at 14/16 of its size: one
    patch feature is then exactly one pixel of the map at stride 16.
    """

    channels = (32, 64, 128, 256, 384)

    def __init__(self):
        super().__init__()
        self.backbone = VisionTransformer()
        half, fine, quarter, middle, coarse = self.channels
        self.stem = conv_block(3, half, stride=2)
        self.stem_fine = conv_block(half, fine, stride=2)
        self.neck = Neck()
        self.reassemble = nn.ModuleList(
            [
                nn.ConvTranspose2d(NECK_CHANNELS, fine, 4, stride=4),
                nn.ConvTranspose2d(NECK_CHANNELS, quarter, 2, stride=2),
                nn.Conv2d(NECK_CHANNELS, middle, 1),
                nn.Conv2d(NECK_CHANNELS, coarse, 3, stride=2, padding=1),
            ]
        )

    def patch_features(self, photo: Tensor) -> Tensor:
        """Normalised photo B×3×H×W → all four layers' patch features, B×1536×H/16×W/16."""
        size = [side * PATCH // 16 for side in photo.shape[-2:]]
        small = functional.interpolate(photo, size, mode="bilinear", antialias=True)
        return torch.cat(self.backbone(small, DINOV2_LAYERS), dim=1)

    def assemble(self, photo: Tensor, features: Tensor) -> list[Tensor]:
        """Normalised photo and its patch features → five maps."""
        half = self.stem(photo)
        mixed = self.neck(features)
        maps = [layer(mixed) for layer in self.reassemble]
        maps[0] = maps[0] + self.stem_fine(half)
        return [half, *maps]

    def forward(self, photo: Tensor) -> list[Tensor]:
        """Normalised photo B×3×H×W → five maps, finest first, at strides 2, 4, 8, 16, 32."""
        return self.assemble(photo, self.patch_features(photo))


ENCODERS = {
    **{name: partial(ResNetEncoder, name) for name in RESNETS},
    "dinov2-s": Dinov2Encoder,
}


def conv_block(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    """A 3×3 convolution, batch norm and ReLU."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


class ResidualBlock(nn.Module):
    """Two 3×3 convolutions beside an identity."""

    def __init__(self, channels: int):
        super().__init__()
        self.first = conv_block(channels, channels)
        self.second = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels)
        )

    def forward(self, x: Tensor) -> Tensor:
        """B×C×H×W → the same shape."""
        return functional.relu(x + self.second(self.first(x)))


class Fusion(nn.Module):
    """One step of the decoder: from the coarser map, up ×2, join the skip, refine."""

    def __init__(self, coarse: int, skip: int, width: int):
        super().__init__()
        self.narrow = nn.Conv2d(coarse, width, 1)
        self.lateral = nn.Conv2d(skip, width, 3, padding=1)
        self.refine = ResidualBlock(width)

    def forward(self, coarse: Tensor, skip: Tensor) -> Tensor:
        """B×C×h×w and B×S×2h×2w → B×width×2h×2w."""
        return self.refine(upsample(self.narrow(coarse), skip.shape[-2:]) + self.lateral(skip))


class Decoder(nn.Module):
    """Coarse to fine through residual blocks and ×2 upsampling, to 256 channels at stride 2."""

    def __init__(self, channels: Sequence[int], widths: Sequence[int]):
        super().__init__()
        self.coarsest = nn.Sequential(
            nn.Conv2d(channels[-1], widths[-1], 3, padding=1), ResidualBlock(widths[-1])
        )
        steps = range(len(channels) - 2, -1, -1)  # strides 16, 8, 4, 2
        self.fusions = nn.ModuleList(Fusion(widths[i + 1], channels[i], widths[i]) for i in steps)
        self.expand = nn.Sequential(
            nn.Conv2d(widths[0], DECODED_CHANNELS, 1, bias=False),
            nn.BatchNorm2d(DECODED_CHANNELS),
            nn.ReLU(inplace=True),
        )

    def coarse(self, maps: Sequence[Tensor]) -> Tensor:
        """All but the last step: five maps, finest first → B×widths[1]×H/4×W/4."""
        x = self.coarsest(maps[-1])
        for fusion, skip in zip(self.fusions[:-1], reversed(maps[1:-1]), strict=True):
            x = fusion(x, skip)
        return x

    def fine(self, coarse: Tensor, skip: Tensor) -> Tensor:
        """The last step: what `coarse` gave and the map at stride 2 → B×256×H/2×W/2."""
        return self.expand(self.fusions[-1](coarse, skip))

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        """Five maps, finest first → B×256×H/2×W/2."""
        return self.fine(self.coarse(maps), maps[0])


class Head(nn.Sequential):
    """Two convolutions that condense the decoder's 256 channels to one, in two steps."""

    def __init__(self):
        super().__init__(
            nn.Conv2d(DECODED_CHANNELS, 32, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(32, 1, 3, padding=1),
        )


class AutoFocusNet(nn.Module):
    """Photo → how near every pixel is, and how much it belongs to the subject."""

    def __init__(self, config: NetworkConfig):
        super().__init__()
        self.config = config
        self.encoder = ENCODERS[config.encoder]()
        self.decoder = Decoder(self.encoder.channels, config.widths)
        self.depth_head = Head()
        self.saliency_head = Head()
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(IMAGENET_STD).view(1, 3, 1, 1))

    def normalise(self, photo: Tensor) -> Tensor:
        """Photo B×3×H×W in [0, 1] → zero mean, unit variance, sides at multiples of 32."""
        size = [max(STRIDE, round(side / STRIDE) * STRIDE) for side in photo.shape[-2:]]
        return upsample((photo - self.mean) / self.std, size)

    def decode(self, photo: Tensor) -> Tensor:
        """Photo B×3×H×W in [0, 1] → B×256×h/2×w/2, h and w the multiples of 32 near H and W."""
        return self.decoder(self.encoder(self.normalise(photo)))

    def forward(self, photo: Tensor) -> tuple[Tensor, Tensor]:
        """Photo B×3×H×W in [0, 1] → depth (1 nearest) and saliency, both B×1×H×W in [0, 1]."""
        return self.read(self.decode(photo), photo.shape[-2:])

    def read(self, decoded: Tensor, size: Sequence[int]) -> tuple[Tensor, Tensor]:
        """What `decode` gave → both maps as `forward` gives them, at `size` (height, width)."""
        depth = upsample(self.depth_head(decoded), size)
        saliency = upsample(self.saliency_head(decoded), size)
        return rescale(depth.float()), torch.sigmoid(saliency.float())


def upsample(x: Tensor, size: Sequence[int]) -> Tensor:
    """Bilinear to `size` (height, width); nothing happens where the size is right already."""
    if tuple(x.shape[-2:]) == tuple(size):
        return x
    return functional.interpolate(x, tuple(size), mode="bilinear", align_corners=False)


def rescale(depth: Tensor) -> Tensor:
    """Each map of B×1×H×W to fill 0..1; a flat map becomes 0.5 everywhere."""
    low = depth.amin(dim=(-2, -1), keepdim=True)
    span = depth.amax(dim=(-2, -1), keepdim=True) - low
    flat = span <= 1e-6 * (1 + low.abs())
    filled = (depth - low).div_(torch.where(flat, 1.0, span))
    return filled.masked_fill_(flat, 0.5) if flat.any() else filled
