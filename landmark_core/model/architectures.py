"""Build the networks that are trained: an architecture's name in, a staged network out.

Three architectures: `cnn` (eight convolutions), `resnet` (residual blocks with a 1x1 convolution
on every skip) and `transfer` (a classification backbone of torchvision with a new last layer,
https://docs.pytorch.org/vision/stable/models.html#classification). All of them come as one shape
of module, `StagedNetwork`: stages that follow each other, then a head. So any of them can be
frozen from its input on, cut in two, or given lower learning rates towards its input.

Every network takes normalised (N, 3, H, W), gives (N, classes) logits and can be scripted. The
backbones are taken apart in `backbones.py`, their trained weights read in `weights.py`.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from landmark_core.errors import ConfigError
from landmark_core.model.backbones import take_apart, torchvision_network

ARCHITECTURES = ("cnn", "resnet", "transfer")
PLAIN_DROPOUT = 0.5  # before the last layer of cnn and resnet

Shape = tuple[int, int, int]  # channels, height, width
# What each stage gives for an input of 224x224 pixels; building a network asserts it.
CNN_SHAPES: tuple[Shape, ...] = (
    (64, 112, 112),
    (128, 56, 56),
    (256, 28, 28),
    (512, 14, 14),
    (512, 7, 7),
)
RESNET_SHAPES: tuple[Shape, ...] = (*CNN_SHAPES, (512, 7, 7))


class StagedNetwork(nn.Module):
    """Stages in the order that the pixels pass them, then a head that gives logits."""

    def __init__(self, stages: Sequence[nn.Module], head: nn.Sequential) -> None:
        """Take the parts as they are, without a copy."""
        super().__init__()
        self.stages = nn.Sequential(*stages)
        self.head = head

    def forward(self, inputs: Tensor) -> Tensor:
        """Turn normalised pixels (N, 3, H, W), or what a prefix gave, into (N, classes) logits."""
        logits: Tensor = self.head(self.stages(inputs))
        return logits


class ResidualBlock(nn.Module):
    """Two Conv-BN-ReLU beside a 1x1 convolution of the input; their sum, then ReLU."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *_convolution(channels_in, channels_out), *_convolution(channels_out, channels_out)
        )
        self.skip = nn.Conv2d(channels_in, channels_out, 1)
        self.activation = nn.ReLU(inplace=True)

    def forward(self, inputs: Tensor) -> Tensor:
        """Turn (N, channels_in, H, W) into (N, channels_out, H, W)."""
        result: Tensor = self.activation(self.body(inputs) + self.skip(inputs))
        return result


def build_network(
    arch: str,
    classes: int,
    *,
    backbone: str = "mobilenet_v2",
    weights: str = "none",
    dropout: float | None = None,
) -> StagedNetwork:
    """Build a network; where the weights are random, torch's generator draws them.

    Args:
        arch: cnn, resnet or transfer.
        classes: outputs, at least 2.
        backbone: of torchvision.models, for transfer alone.
        weights: of the backbone: none, default (torchvision's download) or a file of a state dict.
        dropout: before the last layer, 0..1; null leaves the architecture's own.

    Returns:
        The network in training mode. The last layer of a backbone is new and zero, so that its
        first answers are uniform.

    Raises:
        ConfigError: an unknown architecture or backbone, too few classes, weights that are
            missing, broken or of another network.
    """
    if arch not in ARCHITECTURES:
        raise ConfigError(f"--arch must be one of {', '.join(ARCHITECTURES)}, got {arch!r}")
    if classes < 2:
        raise ConfigError(f"a network needs at least 2 classes, got {classes}")
    if arch == "transfer":
        stages, head = take_apart(torchvision_network(backbone, weights), classes, dropout)
        return StagedNetwork(stages, head)
    if weights not in ("none", "default"):
        raise ConfigError(f"--weights {weights} needs --arch transfer; {arch} starts at random")
    with torch.device("meta"):
        _assert_shapes(_plain_stages(arch), CNN_SHAPES if arch == "cnn" else RESNET_SHAPES)
    share = PLAIN_DROPOUT if dropout is None else dropout
    network = StagedNetwork(_plain_stages(arch), _plain_head(classes, share))
    _initialise(network.stages)
    return network


def stages_of(network: StagedNetwork) -> tuple[nn.Module, ...]:
    """Return the stages before the head, from the input on."""
    return tuple(network.stages)


def split_network(network: StagedNetwork, frozen: int) -> tuple[nn.Sequential, StagedNetwork]:
    """Cut a network in two that share its layers: rest(prefix(x)) == network(x).

    Args:
        network: to cut; it stays usable.
        frozen: stages of the prefix.

    Raises:
        ConfigError: it has fewer stages.
    """
    stages = stages_of(network)
    if not 0 <= frozen <= len(stages):
        raise ConfigError(
            f"frozen_stages must be in 0..{len(stages)} for this network, got {frozen}"
        )
    prefix, rest = stages[:frozen], stages[frozen:]
    return nn.Sequential(*prefix), StagedNetwork(rest, network.head)


def _plain_stages(arch: str) -> list[nn.Module]:
    """Return the stages of cnn or resnet, one for each line of its table of shapes."""
    pool = nn.MaxPool2d(2)
    if arch == "cnn":
        return [
            nn.Sequential(*_convolution(3, 64), pool),
            nn.Sequential(*_convolution(64, 128), pool),
            nn.Sequential(*_convolution(128, 256), *_convolution(256, 256), pool),
            nn.Sequential(*_convolution(256, 512), *_convolution(512, 512), pool),
            nn.Sequential(*_convolution(512, 512), *_convolution(512, 512), pool),
        ]
    return [
        nn.Sequential(ResidualBlock(3, 64), pool),
        nn.Sequential(ResidualBlock(64, 128), pool),
        nn.Sequential(ResidualBlock(128, 256), ResidualBlock(256, 256), pool),
        nn.Sequential(ResidualBlock(256, 512), ResidualBlock(512, 512), pool),
        nn.Sequential(ResidualBlock(512, 512), ResidualBlock(512, 512), pool),
        nn.Sequential(ResidualBlock(512, 512), ResidualBlock(512, 512)),
    ]


def _convolution(channels_in: int, channels_out: int) -> tuple[nn.Module, ...]:
    """Return 3x3 convolution, batch normalisation and ReLU; the side stays."""
    return (
        # No bias: the normalisation that follows has one.
        nn.Conv2d(channels_in, channels_out, 3, padding=1, bias=False),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(inplace=True),
    )


def _plain_head(classes: int, dropout: float) -> nn.Sequential:
    return nn.Sequential(
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(dropout), nn.Linear(512, classes)
    )


def _assert_shapes(stages: Sequence[nn.Module], shapes: Sequence[Shape]) -> None:
    """Carry a photo of 224x224 without values through the stages and compare what each gives."""
    values = torch.empty(1, 3, 224, 224, device="meta")
    for number, (stage, shape) in enumerate(zip(stages, shapes, strict=True), start=1):
        values = stage(values)
        assert values.shape[1:] == shape, f"stage {number}: {tuple(values.shape[1:])}, not {shape}"


def _initialise(stages: nn.Module) -> None:
    """Draw the convolutions as He et al. 2015 do (https://arxiv.org/abs/1502.01852)."""
    for module in stages.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
