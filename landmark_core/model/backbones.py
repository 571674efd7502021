"""Take torchvision's classification networks apart: a name in, stages and a new head out.

Each family of torchvision.models (https://docs.pytorch.org/vision/stable/models.html) computes its
forward in its own way. Here every family is written as one list of layers up to its pooling and one
list from the pooling on, in the order of its own forward; the tests compare both with torchvision's
answers. The first list is grouped to stages: a stage begins at a layer with weights of its own and
takes along what follows it without (normalisation, activation, pooling).

Auxiliary heads (GoogLeNet, Inception) are left out: they serve training from random weights only.
"""

import difflib
import warnings
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torchvision import models
from torchvision.models import get_model, list_models

from landmark_core.errors import ConfigError
from landmark_core.model.weights import fill_network

Layers = list[nn.Module]
Parts = tuple[Layers, Layers]  # up to the pooling, and from it on

_AUXILIARY = ("googlenet", "inception_v3")


def backbone_names() -> tuple[str, ...]:
    """Return the backbones that this torchvision knows, sorted."""
    return tuple(sorted(list_models(module=models)))


def torchvision_network(name: str, weights: str) -> nn.Module:
    """Return torchvision's own network with its 1000 classes.

    Args:
        name: of torchvision.models.
        weights: none, default or a file.

    Raises:
        ConfigError: no such backbone; weights that cannot be had or do not fit.
    """
    known = backbone_names()
    if name not in known:
        near = difflib.get_close_matches(name.lower().replace("-", "_"), known, n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(known)}"
        raise ConfigError(f"torchvision has no backbone {name!r}; {hint}")
    options: dict[str, bool] = {}
    if name in _AUXILIARY:
        # Their weights were made for pixels that are normalised in another way.
        options = {"aux_logits": False, "transform_input": weights != "none"}
        options["init_weights"] = weights == "none"  # drawing them takes half a minute
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # how an old network draws its weights is no news
        network: nn.Module = get_model(name, weights=None, **options)
    if weights != "none":
        fill_network(network, name, weights)
    return network


def take_apart(
    network: nn.Module, classes: int, dropout: float | None
) -> tuple[Layers, nn.Sequential]:
    """Return the stages of torchvision's network, and its head with a new last layer.

    Args:
        network: of torchvision.models; its layers are used, not copied.
        classes: outputs of the new layer, which is zero.
        dropout: before the new layer; null leaves what the family has.

    Raises:
        ConfigError: a family that this version does not know.
    """
    for family, split in _FAMILIES.items():
        if isinstance(network, getattr(models, family)):
            layers, head = split(network)
            return list(_group(layers)), _renew(head, classes, dropout)
    raise ConfigError(
        f"backbones like {type(network).__name__} are not known here; known: {', '.join(_FAMILIES)}"
    )


def _renew(head: Layers, classes: int, dropout: float | None) -> nn.Sequential:
    """Replace the last layer by a zero one with `classes` outputs, and set the dropout."""
    *before, last = head
    assert isinstance(last, nn.Linear)
    new = nn.Linear(last.in_features, classes)
    nn.init.zeros_(new.weight)  # the first predictions are uniform
    nn.init.zeros_(new.bias)
    if dropout is not None:
        before = [layer for layer in before if not isinstance(layer, nn.Dropout)]
        before.append(nn.Dropout(dropout))
    return nn.Sequential(*before, new)


def _group(layers: Iterable[nn.Module]) -> Iterable[nn.Module]:
    """Yield stages: each begins at a layer with a matrix or a kernel of its own."""
    stage: Layers = []
    for layer in layers:
        if stage and _weighs(layer) and any(map(_weighs, stage)):
            yield _joined(stage)
            stage = []
        stage.append(layer)
    yield _joined(stage)


def _weighs(layer: nn.Module) -> bool:
    return any(values.ndim > 1 for values in layer.parameters())


def _joined(layers: Layers) -> nn.Module:
    return layers[0] if len(layers) == 1 else nn.Sequential(*layers)


def _flat(*modules: nn.Module) -> Layers:
    """Return the modules, plain sequences of them opened; a subclass of Sequential is one block."""
    layers: Layers = []
    for module in modules:
        layers += _flat(*module) if type(module) is nn.Sequential else [module]
    return layers


def _pool() -> Layers:
    return [nn.AdaptiveAvgPool2d(1), nn.Flatten(1)]


def _features_then_classifier(network: Any) -> Parts:
    """alexnet, convnext, efficientnet, mobilenet_v3 and vgg; a flatten where the family has one."""
    head = _flat(network.classifier)
    flatten = [] if any(isinstance(layer, nn.Flatten) for layer in head) else [nn.Flatten(1)]
    return _flat(network.features), [network.avgpool, *flatten, *head]


def _densenet(network: Any) -> Parts:
    return [*network.features, nn.ReLU()], [*_pool(), network.classifier]


def _googlenet(network: Any) -> Parts:
    names = ["conv1", "maxpool1", "conv2", "conv3", "maxpool2", "inception3a", "inception3b"]
    names += ["maxpool3", *(f"inception4{letter}" for letter in "abcde"), "maxpool4"]
    names += ["inception5a", "inception5b"]
    return _ported(network, names), [*_pool(), network.dropout, network.fc]


def _inception(network: Any) -> Parts:
    names = ["Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_2b_3x3", "maxpool1", "Conv2d_3b_1x1"]
    names += ["Conv2d_4a_3x3", "maxpool2", *(f"Mixed_5{letter}" for letter in "bcd")]
    names += [
        *(f"Mixed_6{letter}" for letter in "abcde"),
        *(f"Mixed_7{letter}" for letter in "abc"),
    ]
    head = [network.avgpool, network.dropout, nn.Flatten(1), network.fc]
    return _ported(network, names), head


def _ported(network: Any, names: list[str]) -> Layers:
    layers = [getattr(network, name) for name in names]
    return [_OtherNormalisation(), *layers] if network.transform_input else layers


def _maxvit(network: Any) -> Parts:
    blocks = [layer for block in network.blocks for layer in block.layers]
    pool, flatten, norm, first, activation, last = network.classifier
    return [*_flat(network.stem), *blocks], [pool, flatten, norm, first, activation, last]


def _mnasnet(network: Any) -> Parts:
    return _flat(network.layers), [*_pool(), *network.classifier]


def _mobilenet_v2(network: Any) -> Parts:
    return _flat(network.features), [*_pool(), *network.classifier]


def _regnet(network: Any) -> Parts:
    blocks = [block for stage in network.trunk_output for block in stage]
    return [network.stem, *blocks], [network.avgpool, nn.Flatten(1), network.fc]


def _resnet(network: Any) -> Parts:
    stem: Layers = [network.conv1, network.bn1, network.relu, network.maxpool]
    blocks = _flat(network.layer1, network.layer2, network.layer3, network.layer4)
    return [*stem, *blocks], [network.avgpool, nn.Flatten(1), network.fc]


def _shufflenet(network: Any) -> Parts:
    blocks = _flat(network.stage2, network.stage3, network.stage4)
    layers = [*_flat(network.conv1), network.maxpool, *blocks, *_flat(network.conv5)]
    return layers, [*_pool(), network.fc]


def _squeezenet(network: Any) -> Parts:
    dropout, last, *_ = network.classifier
    # Its ReLU after the last layer would never let go of a zero: pooling then linear instead.
    return _flat(network.features), [*_pool(), dropout, nn.Linear(last.in_channels, 1000)]


def _swin(network: Any) -> Parts:
    layers = [*_flat(network.features), network.norm, network.permute]
    return layers, [network.avgpool, network.flatten, network.head]


def _vision_transformer(network: Any) -> Parts:
    encoder = network.encoder
    head: Layers = [encoder.ln, _ClassToken(), *network.heads]
    return [_Tokens(network), encoder.dropout, *encoder.layers], head


_FAMILIES: dict[str, Callable[[Any], Parts]] = {
    "AlexNet": _features_then_classifier,
    "ConvNeXt": _features_then_classifier,
    "DenseNet": _densenet,
    "EfficientNet": _features_then_classifier,
    "GoogLeNet": _googlenet,
    "Inception3": _inception,
    "MaxVit": _maxvit,
    "MNASNet": _mnasnet,
    "MobileNetV2": _mobilenet_v2,
    "MobileNetV3": _features_then_classifier,
    "RegNet": _regnet,
    "ResNet": _resnet,
    "ShuffleNetV2": _shufflenet,
    "SqueezeNet": _squeezenet,
    "SwinTransformer": _swin,
    "VGG": _features_then_classifier,
    "VisionTransformer": _vision_transformer,
}


class _OtherNormalisation(nn.Module):
    """From ImageNet's mean and deviation to (x - 0.5) / 0.5, as the ported weights expect it."""

    scale: Tensor
    shift: Tensor

    def __init__(self) -> None:
        super().__init__()
        mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
        self.register_buffer("scale", (std / 0.5).view(3, 1, 1), persistent=False)
        self.register_buffer("shift", ((mean - 0.5) / 0.5).view(3, 1, 1), persistent=False)

    def forward(self, pixels: Tensor) -> Tensor:
        return pixels * self.scale + self.shift


class _Tokens(nn.Module):
    """Pixels to patches with a class token before them and positions added, (N, 1 + P, D)."""

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.projection: nn.Module = network.conv_proj
        self.class_token: nn.Parameter = network.class_token  # (1, 1, D)
        self.positions: nn.Parameter = network.encoder.pos_embedding  # (1, 1 + P, D)

    def forward(self, pixels: Tensor) -> Tensor:
        patches = self.projection(pixels).flatten(2).transpose(1, 2)  # (N, P, D)
        token = self.class_token.expand(pixels.shape[0], -1, -1)
        return torch.cat([token, patches], dim=1) + self.positions


class _ClassToken(nn.Module):
    def forward(self, tokens: Tensor) -> Tensor:
        return tokens[:, 0]
