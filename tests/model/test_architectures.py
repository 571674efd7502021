"""The three architectures: shapes, sizes, and torchvision's answers from networks taken apart."""

from functools import partial

import pytest
import torch
from torch import nn
from torchvision import models
from torchvision.models import swin_transformer, vision_transformer

from landmark_core.errors import ConfigError
from landmark_core.model import (
    StagedNetwork,
    backbone_names,
    build_network,
    quiet_torchscript,
    split_network,
    stages_of,
)
from landmark_core.model.backbones import take_apart, torchvision_network

CNN = [(64, 112, 112), (128, 56, 56), (256, 28, 28), (512, 14, 14), (512, 7, 7)]
RESNET = [*CNN, (512, 7, 7)]
# By hand, 3x3 kernels: a convolution a -> b has 9ab weights, its normalisation 2b; the head has
# 512 x 50 and 50. A residual block a -> b has 9ab + 9bb + 4b, and ab + b for its skip.
CNN_PARAMETERS = 1728 + 73728 + 294912 + 589824 + 1179648 + 3 * 2359296 + 5504 + 25650
RESNET_PARAMETERS = 39104 + 230016 + 918784 + 1246464 + 3672576 + 5 * 4983296 + 25650

SMALL = {
    "alexnet": models.alexnet,
    "convnext": partial(
        models.ConvNeXt,
        [
            models.convnext.CNBlockConfig(8, 16, 2),
            models.convnext.CNBlockConfig(16, None, 1),
        ],
    ),
    "densenet": partial(models.DenseNet, 8, (2, 2), 16),
    "efficientnet_b0": models.efficientnet_b0,
    "googlenet": partial(models.GoogLeNet, aux_logits=False, init_weights=False),
    "googlenet-ported": partial(
        models.GoogLeNet, aux_logits=False, init_weights=False, transform_input=True
    ),
    "inception_v3": partial(models.Inception3, aux_logits=False, init_weights=False),
    "maxvit": partial(models.MaxVit, (64, 64), 8, 2, [8, 16], [1, 1], 8, 0.0),
    "mnasnet0_5": models.mnasnet0_5,
    "mobilenet_v2": models.mobilenet_v2,
    "mobilenet_v3_small": models.mobilenet_v3_small,
    "regnet_y_400mf": models.regnet_y_400mf,
    "resnet18": models.resnet18,
    "shufflenet_v2_x0_5": models.shufflenet_v2_x0_5,
    "swin": partial(models.SwinTransformer, [4, 4], 8, [1, 1], [1, 2], [4, 4]),
    "swin_v2": partial(
        *(models.SwinTransformer, [4, 4], 8, [1, 1], [1, 2], [4, 4]),
        block=swin_transformer.SwinTransformerBlockV2,
        downsample_layer=swin_transformer.PatchMergingV2,
    ),
    "vgg-with-normalisation": partial(
        models.VGG, models.vgg.make_layers([8, "M", 512], batch_norm=True), 1000, init_weights=False
    ),
    "vit": partial(vision_transformer.VisionTransformer, 64, 16, 2, 2, 16, 32),
}


def settle(network: nn.Module) -> nn.Module:
    """Give normalisation statistics of its own: with mean 0 and variance 1 some faults hide."""
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.running_mean.normal_(0, 0.1)
                module.running_var.uniform_(0.8, 1.2)
    return network.eval()


def pixels_for(name: str) -> torch.Tensor:
    side = {
        "inception_v3": 76,
        "maxvit": 64,
        "vit": 64,
        "alexnet": 64,
        "vgg-with-normalisation": 16,
    }
    return torch.randn(2, 3, *[side.get(name, 40)] * 2)


@pytest.fixture(autouse=True)
def _seed_and_one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # networks as small as these lose by more
    with torch.random.fork_rng():
        torch.manual_seed(4)
        yield
    torch.set_num_threads(threads)


@pytest.mark.parametrize(
    ("arch", "shapes", "parameters"),
    [
        pytest.param("cnn", CNN, CNN_PARAMETERS, id="cnn"),
        pytest.param("resnet", RESNET, RESNET_PARAMETERS, id="resnet"),
    ],
)
def test_every_stage_has_its_shape_and_the_network_its_size(arch, shapes, parameters):
    network = build_network(arch, 50)
    assert sum(values.numel() for values in network.parameters()) == parameters
    values = torch.empty(1, 3, 224, 224, device="meta")
    network = network.to("meta")
    for stage, shape in zip(stages_of(network), shapes, strict=True):
        values = stage(values)
        assert tuple(values.shape) == (1, *shape)
    assert network.head(values).shape == (1, 50)


@pytest.mark.parametrize("arch", ["cnn", "resnet"])
@pytest.mark.parametrize("size", [(64, 64), (96, 70)], ids=str)
def test_other_sizes_and_classes_are_welcome(arch, size):
    network = build_network(arch, 3).to("meta").eval()
    assert network(torch.empty(2, 3, *size, device="meta")).shape == (2, 3)


def test_a_residual_block_is_body_plus_skip():
    """Two Conv-BN-ReLU, a 1x1 convolution beside them, the sum through ReLU."""
    network = settle(build_network("resnet", 2))
    block = network.stages[0][0]
    values = torch.randn(2, 3, 16, 16)
    body, relu = block.body, nn.functional.relu
    with torch.no_grad():
        inner = relu(body[1](nn.functional.conv2d(values, body[0].weight, padding=1)))
        inner = relu(body[4](nn.functional.conv2d(inner, body[3].weight, padding=1)))
        skip = nn.functional.conv2d(values, block.skip.weight, block.skip.bias)
        torch.testing.assert_close(block(values), relu(inner + skip))
    assert block.skip.kernel_size == (1, 1)


@pytest.mark.parametrize("name", SMALL)
def test_a_backbone_taken_apart_answers_as_torchvision_does(name):
    original = settle(SMALL[name]())
    inputs = pixels_for(name)
    with torch.no_grad():
        expected = original(inputs)
        stages, head = take_apart(original, 1000, None)
        last = [layer for layer in original.modules() if isinstance(layer, nn.Linear)][-1]
        head[-1].weight.copy_(last.weight)
        head[-1].bias.copy_(0 if last.bias is None else last.bias)
        got = StagedNetwork(stages, head).eval()(inputs)
    torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-5 * float(expected.abs().max()))


@pytest.mark.parametrize("name", [*SMALL, "squeezenet1_1"])
def test_prefix_and_rest_are_the_network_wherever_it_is_cut(name):
    original = SMALL[name]() if name in SMALL else models.squeezenet1_1()
    stages, head = take_apart(settle(original), 5, None)
    nn.init.normal_(head[-1].weight)
    network = StagedNetwork(stages, head).eval()
    inputs = pixels_for(name)
    with torch.no_grad():
        expected = network(inputs)
        for frozen in {1, len(stages) // 2, len(stages) - 1}:
            prefix, rest = split_network(network, frozen)
            carried = prefix(inputs)
            kept = carried.clone()
            torch.testing.assert_close(rest(carried), expected)
            assert torch.equal(carried, kept), "the rest changed what was carried"


@pytest.mark.parametrize(
    "name", ["mobilenet_v2", "resnet18", "efficientnet_b0", "swin", "cnn", "resnet"]
)
def test_networks_can_be_scripted(name):
    if name in SMALL:
        network = StagedNetwork(*take_apart(settle(SMALL[name]()), 5, None)).eval()
    else:
        network = settle(build_network(name, 5))
    nn.init.normal_(network.head[-1].weight)
    inputs = pixels_for(name)
    with quiet_torchscript(), torch.no_grad():
        scripted = torch.jit.script(network)
        torch.testing.assert_close(scripted(inputs), network(inputs))


def test_a_new_head_is_zero_and_pools_before_its_only_linear_layer():
    network = build_network("transfer", 7, backbone="mobilenet_v2")
    with torch.no_grad():
        assert torch.equal(network.eval()(torch.randn(2, 3, 64, 64)), torch.zeros(2, 7))
    kinds = [type(layer) for layer in network.head]
    assert kinds == [nn.AdaptiveAvgPool2d, nn.Flatten, nn.Dropout, nn.Linear]
    assert len(stages_of(network)) == 19


@pytest.mark.parametrize(("arch", "expected"), [("transfer", 0.2), ("cnn", 0.5), ("resnet", 0.5)])
def test_dropout_is_the_architectures_own_unless_given(arch, expected):
    assert build_network(arch, 2).head[2].p == expected
    changed = build_network(arch, 2, dropout=0.1).head
    assert [layer.p for layer in changed if isinstance(layer, nn.Dropout)] == [0.1]


@pytest.mark.slow
@pytest.mark.parametrize("name", backbone_names())
def test_every_backbone_of_torchvision_is_known(name):
    computes_its_widths = name.startswith("regnet")  # from tensors, so it needs values
    if computes_its_widths and not name.endswith("mf"):
        pytest.skip("the same class as the small ones, in gigabytes")
    with torch.device("cpu" if computes_its_widths else "meta"):
        network = StagedNetwork(*take_apart(torchvision_network(name, "none"), 9, None)).eval()
        assert network(torch.empty(1, 3, 224, 224)).shape == (1, 9)
        assert len(stages_of(network)) >= 5


@pytest.mark.parametrize(
    ("arch", "options", "message"),
    [
        pytest.param("vgg", {}, "must be one of cnn, resnet, transfer", id="architecture"),
        pytest.param("cnn", {"classes": 1}, "at least 2 classes, got 1", id="one-class"),
        pytest.param("cnn", {"weights": "a.pth"}, "needs --arch transfer", id="weights-for-cnn"),
        pytest.param(
            "transfer",
            {"backbone": "MobileNet-v2"},
            "no backbone 'MobileNet-v2'; did you mean mobilenet_v2",
            id="near-name",
        ),
        pytest.param("transfer", {"backbone": "zzz"}, "known: alexnet, ", id="unknown-name"),
    ],
)
def test_what_cannot_be_built_is_refused(arch, options, message):
    classes = options.pop("classes", 3)
    with pytest.raises(ConfigError, match=message) as caught:
        build_network(arch, classes, **options)
    assert "\n" not in str(caught.value)


def test_more_stages_than_there_are_cannot_be_frozen():
    with pytest.raises(ConfigError, match=r"in 0\.\.5 for this network, got 6"):
        split_network(build_network("cnn", 2), 6)
