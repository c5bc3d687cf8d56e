"""ResNets without their pooled classifier (He et al. 2015, arXiv 1512.03385).

Layers, their names and their initial weights are torchvision's. Its package is not imported, since
it brings torch's compiler, which takes longer to load than torch itself.
"""

from torch import Tensor, nn
from torch.nn import functional

STEM_CHANNELS = 64


class BasicBlock(nn.Module):
    """Two 3×3 convolutions beside a shortcut; the first may halve the size."""

    expansion = 1  # output channels for each of the block's width

    def __init__(self, inputs: int, width: int, stride: int):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, width, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = shortcut(inputs, width, stride)

    def forward(self, x: Tensor) -> Tensor:
        """B×C×H×W → the block's channels at 1/stride of the size."""
        inner = functional.relu(self.bn1(self.conv1(x)), inplace=True)
        return join(self.bn2(self.conv2(inner)), self.downsample(x))


class Bottleneck(nn.Module):
    """A 3×3 convolution between two of 1×1, beside a shortcut; it may halve the size."""

    expansion = 4
    halves_first = False  # in the first convolution; else in the 3×3 one, as torchvision does

    def __init__(self, inputs: int, width: int, stride: int):
        super().__init__()
        outputs = width * self.expansion
        first, second = (stride, 1) if self.halves_first else (1, stride)
        self.conv1 = nn.Conv2d(inputs, width, 1, first, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, second, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.downsample = shortcut(inputs, outputs, stride)

    def forward(self, x: Tensor) -> Tensor:
        """B×C×H×W → the block's channels at 1/stride of the size."""
        inner = functional.relu(self.bn1(self.conv1(x)), inplace=True)
        inner = functional.relu(self.bn2(self.conv2(inner)), inplace=True)
        return join(self.bn3(self.conv3(inner)), self.downsample(x))


class OriginalBottleneck(Bottleneck):
    """As in the paper, for weights that were trained so."""

    halves_first = True


RESNETS = {  # name → block, and how many of them in each stage
    "resnet18": (BasicBlock, (2, 2, 2, 2)),
    "resnet34": (BasicBlock, (3, 4, 6, 3)),
    "resnet50": (Bottleneck, (3, 4, 6, 3)),
    "resnet50-v1": (OriginalBottleneck, (3, 4, 6, 3)),
}


def shortcut(inputs: int, outputs: int, stride: int) -> nn.Module:
    """What is beside a block's convolutions: a 1×1 convolution where the shape changes."""
    if inputs == outputs and stride == 1:
        return nn.Identity()
    convolution = nn.Conv2d(inputs, outputs, 1, stride, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs))


def join(inner: Tensor, beside: Tensor) -> Tensor:
    """The end of a block; `inner` is overwritten, which saves memory."""
    inner += beside
    return functional.relu(inner, inplace=True)


class ResNetEncoder(nn.Module):
    """One of `RESNETS` as an encoder."""

    def __init__(self, name: str):
        super().__init__()
        block, counts = RESNETS[name]
        stem = nn.Conv2d(3, STEM_CHANNELS, 7, stride=2, padding=3, bias=False)
        self.stem = nn.Sequential(stem, nn.BatchNorm2d(STEM_CHANNELS), nn.ReLU(inplace=True))
        self.pool = nn.MaxPool2d(3, stride=2, padding=1)
        widths = [STEM_CHANNELS << number for number in range(len(counts))]
        outputs = [width * block.expansion for width in widths]
        self.channels = (STEM_CHANNELS, *outputs)
        shapes = zip(self.channels[:-1], widths, (1, 2, 2, 2), counts, strict=True)
        self.stages = nn.ModuleList(make_stage(block, *shape) for shape in shapes)
        self.apply(initialise)

    def forward(self, photo: Tensor) -> list[Tensor]:
        """Normalised photo B×3×H×W → five maps, finest first, at strides 2, 4, 8, 16, 32."""
        maps = [self.stem(photo)]
        x = self.pool(maps[0])
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        return maps


def make_stage(
    block: type[BasicBlock | Bottleneck], inputs: int, width: int, stride: int, count: int
) -> nn.Sequential:
    """Blocks of one width, of which the first may halve the size."""
    others = [block(width * block.expansion, width, 1) for _ in range(count - 1)]
    return nn.Sequential(block(inputs, width, stride), *others)


def initialise(module: nn.Module) -> None:
    """Random weights of a convolution, of a variance that the layers after it keep."""
    if isinstance(module, nn.Conv2d) and not module.weight.is_meta:  # there, torch would compile
        nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
