"""The stages of training, each a model, its batches and its loss.

neck      what mixes DINOv2's tokens, on measured and pasted depth
teacher   with it stem, decoder and depth head
student   the article's network: depth from labels, features from DINOv2
saliency  of either: everything frozen but the saliency head
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from autofocus.network import (
    DECODED_CHANNELS,
    DINOV2_CHANNELS,
    NECK_CHANNELS,
    AutoFocusNet,
    upsample,
)
from autofocus.training.losses import depth_loss, feature_loss, relative_loss, saliency_loss

RELATIVE = 2.0  # weight of the relative error, in which measured depth is judged
SUBJECT = 3.0  # weight of the subject: cross-entropies are small beside depth's errors


class Readers(nn.Module):
    """Small maps out of a network that training throws away: they read depth and the subject.

    The subject is read all along, which keeps in the features what the saliency head will need
    later, when it is trained alone.
    """

    def __init__(self, network: AutoFocusNet, channels: int):
        super().__init__()
        self.network = network
        network.saliency_head.requires_grad_(False)
        self.depth_reader = nn.Conv2d(channels, 1, 3, padding=1)
        self.subject_reader = nn.Conv2d(channels, 1, 3, padding=1)

    def losses(
        self, batch: dict[str, Tensor], features: Tensor, depth: Tensor
    ) -> dict[str, Tensor]:
        """What depth and subject cost, at the labels' size."""
        size = batch["disparity"].shape[-2:]
        depth, subject = upsample(depth, size), upsample(self.subject_reader(features), size)
        return {
            "depth": depth_loss(depth, batch["disparity"], batch["edges"], batch["guessed"]),
            "relative": RELATIVE * relative_loss(depth, batch["disparity"], batch["guessed"]),
            "subject": SUBJECT * saliency_loss(subject, batch["mask"], batch["trust"]),
        }


class NeckStage(Readers):
    """Depth and subject at one cell a token, from cached tokens alone."""

    def __init__(self, network: AutoFocusNet):
        super().__init__(network, NECK_CHANNELS)

    def forward(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Batch of tokens and labels of the same size → losses."""
        mixed = self.network.encoder.neck(batch["tokens"].float().flatten(1, 2))
        return self.losses(batch, mixed, self.depth_reader(mixed))


class DepthStage(Readers):
    """What the teacher and the student share: depth and subject from the encoder's maps.

    Most of the work lies in the decoder's last step and the heads, so a coarse stage leaves them
    out and reads depth at stride 4: it sees more than twice as many photos in the same time.
    """

    def __init__(self, network: AutoFocusNet, coarse: bool = False):
        channels = network.config.widths[1] if coarse else DECODED_CHANNELS
        super().__init__(network, channels)
        self.coarse = coarse

    def decode(self, maps: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """The encoder's maps → what the decoder makes of them, and depth at its resolution."""
        decoded = self.network.decoder.coarse(maps)
        if self.coarse:
            return decoded, self.depth_reader(decoded)
        decoded = self.network.decoder.fine(decoded, maps[0])
        return decoded, self.network.depth_head(decoded)


class Teacher(DepthStage):
    """Depth from cached tokens; the backbone never runs.

    First all but the decoder's last step learns, then that step and the head alone: trained along
    with them on the few photos that this affords, the rest forgot what it knew of other rooms.
    """

    def __init__(self, network: AutoFocusNet, coarse: bool = False):
        super().__init__(network, coarse)
        self.last_step = (network.decoder.fusions[-1], network.decoder.expand, network.depth_head)
        if not coarse:
            freeze_but(network, self.last_step)

    def train(self, mode: bool = True) -> "Teacher":
        """What learns goes into training mode."""
        super().train(mode)
        if not self.coarse:
            train_only(self.network, self.last_step, mode)
        return self

    def forward(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Batch with all four layers of tokens → losses."""
        photo = batch["photo"].contiguous(memory_format=torch.channels_last)
        return self.losses(batch, *self.depth_of(photo, batch["tokens"]))

    def depth_of(self, photo: Tensor, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Photo B×3×H×W and its tokens B×4×384×h×w → as `decode`."""
        net = self.network
        return self.decode(net.encoder.assemble(net.normalise(photo), tokens.flatten(1, 2)))


class Student(DepthStage):
    """The article's network; its features also imitate DINOv2's last layer.

    Three more readers read DINOv2's tokens out of the encoder at strides 16 and 32 and out of the
    decoder: this replaces pre-training on ImageNet.
    """

    def __init__(self, network: AutoFocusNet, mean: Tensor, std: Tensor, coarse: bool = False):
        super().__init__(network, coarse)
        read_from = (*network.encoder.channels[-2:], self.depth_reader.in_channels)
        self.readers = nn.ModuleList(nn.Conv2d(c, DINOV2_CHANNELS, 1) for c in read_from)
        self.register_buffer("mean", mean.view(1, -1, 1, 1))
        self.register_buffer("std", std.view(1, -1, 1, 1))

    def forward(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Batch with the last layer of tokens → losses."""
        net, photo = self.network, batch["photo"].contiguous(memory_format=torch.channels_last)
        maps = net.encoder(net.normalise(photo))
        decoded, depth = self.decode(maps)
        imitation = self.imitation(maps, decoded, batch["tokens"][:, 0])
        return {**self.losses(batch, decoded, depth), "imitation": imitation}

    def imitation(self, maps: Sequence[Tensor], decoded: Tensor, tokens: Tensor) -> Tensor:
        """How far the features at strides 32 and 16 and the decoder's are from B×384×h×w tokens."""
        tokens = (tokens - self.mean) / self.std
        pooled = functional.avg_pool2d(decoded, decoded.shape[-1] // tokens.shape[-1])
        return sum(
            feature_loss(upsample(read(x), tokens.shape[-2:]), tokens)
            for read, x in zip(self.readers, (*maps[-2:], pooled), strict=True)
        )


class Saliency(nn.Module):
    """The saliency head alone; batch-norm statistics stay as they are too."""

    def __init__(self, network: AutoFocusNet):
        super().__init__()
        self.network = network
        freeze_but(network, (network.saliency_head,))

    def train(self, mode: bool = True) -> "Saliency":
        """Only the head goes into training mode."""
        super().train(mode)
        train_only(self.network, (self.network.saliency_head,), mode)
        return self

    def forward(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Batch with masks, and all four layers of tokens where they are cached → losses."""
        net, photo = self.network, batch["photo"].contiguous(memory_format=torch.channels_last)
        with torch.no_grad():
            if "tokens" in batch:
                normal = net.normalise(photo)
                maps = net.encoder.assemble(normal, batch["tokens"].flatten(1, 2))
                decoded = net.decoder(maps)
            else:
                decoded = net.decode(photo)
        logits = upsample(net.saliency_head(decoded), photo.shape[-2:])
        return {"saliency": saliency_loss(logits, batch["mask"], batch["trust"])}


def freeze_but(network: nn.Module, parts: Sequence[nn.Module]) -> None:
    """Let gradients reach these parts of a network alone."""
    network.requires_grad_(False)
    for part in parts:
        part.requires_grad_(True)


def train_only(network: nn.Module, parts: Sequence[nn.Module], mode: bool) -> None:
    """Bring these parts into (or out of) training mode; batch-norm statistics of the rest stay."""
    network.eval()
    for part in parts:
        part.train(mode)


def loss_of(model: nn.Module, batch: dict[str, Tensor]) -> dict[str, Tensor]:
    """What `loop.train` calls: the model computes its own losses."""
    return model(batch)


def token_statistics(files: Iterator[Path]) -> tuple[Tensor, Tensor]:
    """Mean and deviation of each channel of the last layer, over some cached files."""
    import numpy as np

    last = [torch.from_numpy(np.load(f)[3]).float().flatten(1) for f in files]
    values = torch.cat(last, dim=1)
    return values.mean(dim=1), values.std(dim=1)
