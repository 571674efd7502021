"""Grad-CAM against the grad-cam package and plain hooks on eager twins, each way forced."""

import copy
import functools

import numpy as np
import pytest
import torch
import torchvision
from pytorch_grad_cam import GradCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import nn
from torch.nn import functional

from landmark_core.model import quiet_torchscript
from landmark_core.tagging.opening import open_engine

SIZE = 64
CLASSES = (0, 3, 4, 1)


class SmallCnn(nn.Module):
    """conv-bn-relu-maxpool twice, conv, global average, dropout, linear."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            *(nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(8, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(4)),
            *(nn.Conv2d(16, 24, 3, padding=1), nn.ReLU(inplace=True)),
        )
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.drop = nn.Dropout(0.5)
        self.head = nn.Linear(24, 5)

    def forward(self, x):
        return self.head(self.drop(self.pool(self.features(x)).flatten(1)))


class FlatCnn(nn.Module):
    """The same features, flattened into two linear layers; a functional relu between them."""

    def __init__(self):
        super().__init__()
        self.features = SmallCnn().features
        self.first = nn.Linear(24 * 8 * 8, 16)
        self.second = nn.Linear(16, 5)

    def forward(self, x):
        batch = x.size(0)
        return self.second(functional.relu(self.first(self.features(x).view(batch, -1))))


class Predictor(nn.Module):
    """What wraps the original project's models: no gradients, probabilities out."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, x):
        with torch.no_grad():
            return functional.softmax(self.model(x), dim=1)


def normalise(pixels, dtype):
    return pixels.to(dtype).div(255).sub(0.45).div(0.225)


def lively(model):
    """Give an untrained network batch norms that differ, as training leaves them."""
    generator = torch.Generator().manual_seed(1)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1, generator=generator)
            module.running_var.uniform_(0.5, 1.5, generator=generator)
            module.weight.data.uniform_(0.7, 1.3, generator=generator)
            module.bias.data.normal_(0, 0.1, generator=generator)
    return model.eval()


@functools.cache  # scripting takes longer than the test; nothing here changes a model
def make(name):
    """Return an eager model and the layer whose output feeds its head."""
    torch.manual_seed(7)
    if name == "cnn":
        model = lively(SmallCnn())
        return model, model.features[-1]
    if name == "flat":
        model = lively(FlatCnn())
        return model, model.features[-1]
    model = lively(getattr(torchvision.models, name)(weights=None, num_classes=5))
    layer = {
        "resnet18": lambda: model.layer4[-1],
        "mobilenet_v2": lambda: model.features[-1],
        "mobilenet_v3_small": lambda: model.features[-1],
        "squeezenet1_1": lambda: model.classifier[-2],
        "densenet121": lambda: None,  # its last feature map is made by a function, not by a layer
        "vgg11": lambda: model.features[-1],
    }[name]()
    return model, layer


@functools.cache
def script(model):
    with quiet_torchscript():
        return torch.jit.script(model).eval()


@functools.cache
def trace(model):
    with quiet_torchscript():
        return torch.jit.trace(model, torch.rand(2, 3, SIZE, SIZE), check_trace=False)


def photos(count=4):
    generator = torch.Generator().manual_seed(2)
    coarse = torch.randint(0, 256, (count, 3, 12, 12), generator=generator).float()
    return functional.interpolate(coarse, size=(SIZE, SIZE), mode="bilinear").to(torch.uint8)


def maps_by_package(model, layer, pixels, classes):
    """Raw maps of the grad-cam package, before it stretches them to 0..1 and to the photo."""

    class RawGradCam(GradCAM):
        def get_cam_image(self, *arguments, **options):
            self.raw = super().get_cam_image(*arguments, **options)
            return self.raw

    with RawGradCam(model=model, target_layers=[layer]) as cam:
        cam(normalise(pixels, torch.float32), [ClassifierOutputTarget(c) for c in classes])
        return np.maximum(cam.raw, 0)


def maps_by_hooks(model, layer, pixels, classes):
    """Selvaraju's formula, one photo at a time in float64, with a plain forward hook."""
    model = copy.deepcopy(model).double()
    kept = []
    layer = dict(model.named_modules())[layer]
    handle = layer.register_forward_hook(lambda _module, _inputs, output: kept.append(output))
    maps = []
    for photo, index in zip(pixels, classes, strict=True):
        logits = model(normalise(photo[None], torch.float64))
        (activations,) = kept
        (gradient,) = torch.autograd.grad(logits[0, index], activations)
        weights = gradient[0].mean(dim=(1, 2))
        maps.append(sum(w * a for w, a in zip(weights, activations[0], strict=True)).relu())
        kept.clear()
    handle.remove()
    return torch.stack(maps).detach().numpy()


def explain(module, pixels, classes, **options):
    chosen = {"device": "cpu", "precision": "fp32"} | options
    engine = open_engine(module, normalise=normalise, image_size=(SIZE, SIZE), **chosen)
    forwarded = engine.forward(pixels)
    return engine, engine.explain(forwarded, range(len(classes)), classes)


def relative_error(ours, reference):
    assert reference.max() > 0  # two empty maps would agree about nothing
    return np.abs(ours.numpy() - reference).max() / reference.max()


@pytest.mark.parametrize("how", [script, trace])
@pytest.mark.parametrize("way", ["closed_form", "tapped_graph"])
@pytest.mark.parametrize("name", ["cnn", "resnet18", "mobilenet_v2"])
def test_maps_agree_with_the_grad_cam_package(name, way, how):
    model, layer = make(name)
    engine, maps = explain(how(model), photos(), CLASSES, ways=(way,))
    assert engine.explains_by == way
    assert relative_error(maps, maps_by_package(model, layer, photos(), CLASSES)) < 1e-4


@pytest.mark.parametrize(
    ("name", "layer", "ways"),
    [
        pytest.param("cnn", "features", "closed_form tapped_graph submodules", id="cnn"),
        pytest.param("flat", "features", "tapped_graph", id="flattened"),
        pytest.param("resnet18", "layer4", "closed_form tapped_graph submodules", id="resnet18"),
        pytest.param(
            "mobilenet_v2", "features", "closed_form tapped_graph submodules", id="mobilenet_v2"
        ),
        pytest.param("mobilenet_v3_small", "features", "tapped_graph submodules", id="two-linears"),
        pytest.param("squeezenet1_1", "classifier.2", "tapped_graph submodules", id="no-linear"),
    ],
)
def test_every_way_agrees_with_hooks(name, layer, ways):
    model, _ = make(name)
    module = script(model)
    by_hooks = maps_by_hooks(model, layer, photos(), CLASSES)
    for way in ways.split():
        engine, maps = explain(module, photos(), CLASSES, ways=(way,))
        assert engine.explains_by == way
        # float32 with folded batch norms against float64; measured: 2e-7 to 2e-6
        error = relative_error(maps, by_hooks)
        assert error < 5e-6
    assert explain(module, photos(), CLASSES)[0].explains_by == ways.split()[0]


def test_a_file_written_and_loaded_is_explained_alike(tmp_path):
    model, _ = make("cnn")
    with quiet_torchscript():
        torch.jit.save(script(model), tmp_path / "model.pt")
        loaded = torch.jit.load(tmp_path / "model.pt")
    engine, maps = explain(loaded, photos(), CLASSES)
    assert engine.explains_by == "closed_form"
    assert relative_error(maps, maps_by_hooks(model, "features", photos(), CLASSES)) < 5e-6


@pytest.mark.parametrize("way", ["closed_form", "tapped_graph", "submodules"])
def test_probabilities_are_explained_by_the_logit_behind_them(way):
    model, _ = make("cnn")
    engine, maps = explain(script(Predictor(model)), photos(), CLASSES, ways=(way,))
    assert engine.explains_by == way
    expected = model(normalise(photos(), torch.float32)).softmax(dim=1)
    assert torch.allclose(engine.forward(photos()).scores, expected, atol=1e-6)
    assert relative_error(maps, maps_by_hooks(model, "features", photos(), CLASSES)) < 5e-6


def test_bfloat16_keeps_the_maps():
    model, _ = make("mobilenet_v2")
    module = script(model)
    reference = maps_by_hooks(model, "features", photos(), CLASSES)
    for way in ("closed_form", "submodules"):
        _, maps = explain(module, photos(), CLASSES, precision="bf16", ways=(way,))
        assert maps.dtype == torch.float32
        assert relative_error(maps, reference) < 0.05  # bfloat16 has 8 bits, over 50 layers
        assert np.corrcoef(maps.flatten(), reference.flatten())[0, 1] > 0.999


def test_rows_and_classes_are_explained_as_asked():
    model, _ = make("cnn")
    engine, _ = explain(script(model), photos(), CLASSES)
    forwarded = engine.forward(photos())
    for ways in (("closed_form",), ("tapped_graph",)):
        engine, _ = explain(script(model), photos(), CLASSES, ways=ways)
        forwarded = engine.forward(photos())
        chosen = engine.explain(forwarded, [2, 0, 2], [4, 1, 3])
        single = [engine.explain(forwarded, [r], [c])[0] for r, c in [(2, 4), (0, 1), (2, 3)]]
        assert torch.allclose(chosen, torch.stack(single), rtol=1e-6, atol=1e-9)
        assert engine.explain(forwarded, [], []).shape == (0, 8, 8)
        with pytest.raises(ValueError, match="one class per row, got 1 for 2 rows"):
            engine.explain(forwarded, [0, 1], [2])


def test_a_photo_is_explained_alike_alone_and_in_company():
    model, _ = make("cnn")
    engine, together = explain(script(model), photos(), CLASSES)
    for row, index in enumerate(CLASSES):
        alone = engine.explain(engine.forward(photos()[row : row + 1]), [0], [index])
        assert torch.allclose(alone[0], together[row], rtol=1e-5, atol=1e-7)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["densenet121", "vgg11"])
def test_scores_and_maps_of_other_families(name):
    model, _ = make(name)
    engine, maps = explain(script(model), photos(2), (0, 1))
    expected = model(normalise(photos(2), torch.float32))
    assert torch.allclose(engine.forward(photos(2)).scores, expected, rtol=1e-4, atol=1e-5)
    kept = {}
    with torch.no_grad():
        features = model.features(normalise(photos(2), torch.float32))
        kept["densenet121"] = features.relu()
        kept["vgg11"] = features
    leaf = kept[name].requires_grad_()
    pooled = leaf.mean(dim=(2, 3)) if name == "densenet121" else model.avgpool(leaf).flatten(1)
    logits = model.classifier(pooled)
    (gradient,) = torch.autograd.grad(logits[0, 0] + logits[1, 1], leaf)
    reference = (gradient.mean(dim=(2, 3), keepdim=True) * leaf).sum(dim=1).relu()
    assert relative_error(maps, reference.detach().numpy()) < 1e-4


class Attentive(nn.Module):
    """A vision transformer in small: patches, attention, mean, linear."""

    def __init__(self):
        super().__init__()
        self.patches = nn.Conv2d(3, 16, 16, stride=16)
        self.query = nn.Linear(16, 48)
        self.head = nn.Linear(16, 5)

    def forward(self, x):
        tokens = self.patches(x).flatten(2).transpose(1, 2)
        q, k, v = self.query(tokens).chunk(3, dim=2)
        return self.head(functional.scaled_dot_product_attention(q, k, v).mean(dim=1))


def test_a_transformer_tags_and_says_why_it_has_no_maps():
    torch.manual_seed(3)
    model = Attentive().eval()
    engine, maps = explain(script(model), photos(), CLASSES)
    assert maps is None
    assert engine.explains_by is None
    assert "attention" in engine.no_maps_because
    expected = model(normalise(photos(), torch.float32))
    assert torch.allclose(engine.forward(photos()).scores, expected, atol=1e-6)


def test_without_torch_s_graph_functions_the_children_are_called(monkeypatch):
    model, _ = make("resnet18")
    monkeypatch.delattr(torch._C, "_create_function_from_graph")
    engine, maps = explain(script(model), photos(), CLASSES)
    assert engine.explains_by == "submodules"
    assert relative_error(maps, maps_by_hooks(model, "layer4", photos(), CLASSES)) < 5e-6


def test_without_any_way_photos_are_still_tagged(monkeypatch):
    model, _ = make("flat")  # its children in order lack the relu between the linear layers
    monkeypatch.delattr(torch._C, "_create_function_from_graph")
    engine, maps = explain(script(model), photos(), CLASSES)
    assert maps is None
    assert "do not give its scores" in engine.no_maps_because
    expected = model(normalise(photos(), torch.float32))
    assert torch.allclose(engine.forward(photos()).scores, expected, atol=1e-5)
