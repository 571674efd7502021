"""Exported files: both formats give the network's own scores, and what they cannot is refused."""

import io
import json
import pickle
import zipfile
from pathlib import Path

import pandas
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from landmark_core.cli import main
from landmark_core.errors import ConfigError
from landmark_core.model import ModelCard, PreprocessSettings, export_network, load_model
from landmark_core.model.program import export_program
from landmark_core.model.program_archive import is_program
from landmark_core.tagging.opening import open_engine

CARD = ModelCard(
    name="three",
    class_names=("Alhambra", "Angkor Wat", "Tour Eiffel"),
    preprocess=PreprocessSettings(resize_size=40, crop_size=32),
    temperature=1.3,
)
SUFFIX = {"torchscript": "pt", "pt2": "pt2"}


class Viewed(nn.Module):
    """Takes the size of the batch from the pixels, and flattens a feature map by it."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Conv2d(3, 4, 3, stride=4)
        self.head = nn.Linear(64 * 4, 3)

    def forward(self, x: Tensor) -> Tensor:
        maps = self.body(x).relu()
        pairs = maps.view(x.size(0) * 2, -1)
        return self.head(pairs.view(x.size(0), -1))


class Branched(nn.Module):
    """Shuffles channels, splits, joins and scales: what efficient networks do."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(3, 8, 3, stride=2), nn.BatchNorm2d(8), nn.SiLU())
        self.gate = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(4, 4, 1), nn.Hardsigmoid())
        self.head = nn.Sequential(nn.Dropout(0.3), nn.Linear(8, 3))

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        left, right = x.chunk(2, dim=1)
        x = torch.cat([left * self.gate(right), right], dim=1)
        count, channels, height, width = x.shape
        x = x.view(count, 2, channels // 2, height, width).transpose(1, 2).contiguous()
        return self.head(x.view(count, channels, height, width).mean([2, 3]))


class Unscriptable(nn.Module):
    """Plain but for a line that TorchScript's language has no words for."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 3, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten())

    def forward(self, *images: Tensor) -> Tensor:
        return self.body({"x": images[0]}.pop("x"))


class CountsPhotos(nn.Module):
    """Decides by the size of the batch: what tracing fixes and exporting refuses."""

    def forward(self, *images: Tensor) -> Tensor:
        scores = images[0].mean(dim=(2, 3))
        return scores if len(scores) == 2 else scores + 1


def seeded(network: nn.Module) -> nn.Module:
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for name, value in network.state_dict().items():
            if value.is_floating_point():
                value.copy_(torch.rand(value.shape, generator=generator) * 0.6 - 0.2)
            if name.endswith("running_var"):
                value.abs_()
    return network.eval()


@pytest.fixture(params=["pooled", "viewed", "branched"])
def network(request, make_cnn) -> nn.Module:
    if request.param == "pooled":
        return make_cnn()
    return seeded({"viewed": Viewed, "branched": Branched}[request.param]())


@pytest.mark.parametrize("kind", ["torchscript", "pt2"])
def test_the_loaded_file_gives_the_networks_scores_for_any_number_of_photos(
    network, kind, tmp_path
):
    path = tmp_path / f"model.{SUFFIX[kind]}"
    assert export_network(network, CARD, path, format=kind) == ()
    model = load_model(str(path))
    assert model.card == CARD
    assert model.notes == ()
    for photos in (1, 2, 5):
        pixels = torch.randn(photos, 3, 32, 32)
        with torch.no_grad():
            torch.testing.assert_close(model.module(pixels), network(pixels), rtol=1e-5, atol=1e-5)


def test_both_formats_tag_and_explain_alike(network, tmp_path):
    pixels = torch.randint(0, 256, (3, 3, 32, 32), dtype=torch.uint8)
    answers = []
    for kind, suffix in SUFFIX.items():
        path = tmp_path / f"model.{suffix}"
        export_network(network, CARD, path, format=kind)
        model = load_model(str(path))
        engine = open_engine(
            model.module,
            normalise=model.preprocess.normalise,
            image_size=model.preprocess.shape,
            device="cpu",
            precision="fp32",
        )
        forwarded = engine.forward(pixels)
        maps = engine.explain(forwarded, [0, 1, 2], [2, 0, 1])
        answers.append((engine.explains_by, forwarded.scores, maps))
    (way, scores, maps), (other_way, other_scores, other_maps) = answers
    assert way == other_way is not None
    assert maps.max() > 0
    torch.testing.assert_close(other_scores, scores, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(other_maps, maps, rtol=1e-5, atol=1e-5)


def test_torch_itself_loads_the_program(make_cnn, tmp_path):
    network, pixels = make_cnn(), torch.randn(3, 3, 32, 32)
    export_network(network, CARD, tmp_path / "model.pt2", format="pt2")
    program = torch.export.load(tmp_path / "model.pt2").module()
    torch.testing.assert_close(program(pixels), network(pixels))


def test_an_exported_program_names_no_path_of_this_machine(tmp_path, make_cnn):
    export_network(make_cnn(), CARD, tmp_path / "model.pt2", format="pt2")
    with zipfile.ZipFile(tmp_path / "model.pt2") as archive:
        for name in archive.namelist():
            assert str(Path(__file__).parents[2]).encode() not in archive.read(name), name
            assert b"site-packages" not in archive.read(name), name


def test_a_network_that_cannot_be_scripted_is_traced_and_says_so(tmp_path):
    network = seeded(Unscriptable())
    (note,) = export_network(network, CARD, tmp_path / "model.pt")
    assert "was traced" in note
    pixels = torch.randn(5, 3, 32, 32)
    torch.testing.assert_close(
        load_model(str(tmp_path / "model.pt")).module(pixels), network(pixels)
    )


@pytest.mark.parametrize(
    ("network", "kind", "message"),
    [
        pytest.param(CountsPhotos().eval(), "torchscript", "gives other scores", id="traced"),
        pytest.param(CountsPhotos().eval(), "pt2", "cannot export it", id="exported"),
        pytest.param(Viewed(), "torchscript", r"call \.eval\(\)", id="training"),
        pytest.param(Viewed().eval(), "onnx", "torchscript, pt2, got 'onnx'", id="format"),
        pytest.param(nn.Flatten().eval(), "pt2", "names 3 classes", id="not-scores"),
        pytest.param(
            nn.Sequential(nn.Conv2d(1, 3, 3)).eval(), "pt2", "cannot export it", id="one-channel"
        ),
    ],
)
def test_what_cannot_be_exported_faithfully_is_refused(network, kind, message, tmp_path):
    with pytest.raises(ConfigError, match=message) as caught:
        export_network(network, CARD, tmp_path / "model", format=kind)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["torchscript", "pt2"])
def test_a_folder_that_is_not_there_is_one_line(kind, make_cnn, tmp_path):
    with pytest.raises(ConfigError, match="cannot be written"):
        export_network(make_cnn(), CARD, tmp_path / "gone" / "model", format=kind)


@pytest.mark.filterwarnings("default::DeprecationWarning")
def test_landmarks_tag_gives_the_same_rows_with_both_formats(tmp_path, capsys):
    library = tmp_path / "library"
    library.mkdir()
    for number in range(5):
        Image.effect_noise((60, 48), 30 * number + 10).convert("RGB").save(
            library / f"{number}.png"
        )
    tables = []
    for kind, suffix in SUFFIX.items():
        path, out = tmp_path / f"model.{suffix}", tmp_path / f"out-{suffix}"
        export_network(seeded(Branched()), CARD, path, format=kind)
        arguments = ["tag", str(library), "--out", str(out), "--model", str(path)]
        options = ["--workers", "0", "--no-progress", "--review-below", "1", "--batch-size", "2"]
        assert main([*arguments, *options]) == 0, capsys.readouterr().err
        table = pandas.read_parquet(out / "tags").sort_values("uri", ignore_index=True)
        assert table.heatmap.notna().all()
        tables.append(table)
    same = ["uri", "status", "decision", "tag"]
    pandas.testing.assert_frame_equal(tables[0][same], tables[1][same])
    pandas.testing.assert_series_equal(tables[0].confidence, tables[1].confidence, rtol=1e-5)
    assert len(set(tables[0].model_id) | set(tables[1].model_id)) == 2


@pytest.fixture(scope="module")
def program() -> bytes:
    return export_program(seeded(Viewed()), 32, {"landmarks.json": "{}"})


class Bomb:
    """Writes a file where it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return (Path.touch, (self.path,))


def edited(program: bytes, member: str, change) -> bytes:
    """Return the archive with one member changed, or added where it is not there."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(program)) as source, zipfile.ZipFile(buffer, "w") as target:
        top = source.namelist()[0].partition("/")[0]
        for name in source.namelist():
            if name != f"{top}/{member}":
                target.writestr(name, source.read(name))
        there = f"{top}/{member}" in source.namelist()
        target.writestr(f"{top}/{member}", change(source.read(f"{top}/{member}") if there else b""))
    return buffer.getvalue()


def replaced(old: str, new: str):
    def change(data: bytes) -> bytes:
        assert old.encode() in data
        return data.replace(old.encode(), new.encode())

    return change


MODEL = "models/model.json"
WEIGHTS = "data/weights/model_weights_config.json"
EVIL = "__import__('os').system('touch {}')"


@pytest.mark.parametrize(
    ("member", "change", "message"),
    [
        pytest.param(
            *(MODEL, replaced("torch.ops.aten.relu.default", "torch.os.system")),
            "the target 'torch.os.system'",
            id="any-attribute-as-operator",
        ),
        pytest.param(
            *(MODEL, replaced("torch.ops.aten.relu.default", "torch.ops.aten.from_file.default")),
            "the target 'torch.ops.aten.from_file.default'",
            id="operator-that-opens-files",
        ),
        pytest.param(
            *(MODEL, replaced("Symbol('s", "__import__('os').system('s")),
            "the expr_str",
            id="evaluated-shape",
        ),
        pytest.param(
            *(MODEL, replaced("Symbol('s", f"{'1' * 5000}!Symbol('s")),
            "the expr_str",
            id="shape-that-takes-for-ever-to-refuse",
        ),
        pytest.param(
            *(MODEL, replaced('"name": "x"', '"name": "x=print(1)"')),
            "the name 'x=print",
            id="code-in-a-name",
        ),
        pytest.param(
            *(MODEL, replaced("builtins.tuple", "some.module.Type")),
            "a structure of type 'some.module.Type'",
            id="imported-structure",
        ),
        pytest.param(
            *(WEIGHTS, replaced('"use_pickle": false', '"use_pickle": true')),
            "the pickle 'weight_0'",
            id="pickled-weight",
        ),
        pytest.param(
            *(WEIGHTS, replaced('"weight_0"', '"../../weight_0"')), "the pickle", id="path"
        ),
        pytest.param(
            "data/weights/model.pt", lambda _: b"x", "a member 'data/weights/model.pt'", id="legacy"
        ),
        pytest.param(
            *("data/aotinductor/model/model.so", lambda _: b"x"), "a member 'data/aot", id="library"
        ),
        pytest.param(MODEL, lambda data: data[:100], "damaged", id="cut-off"),
        pytest.param(MODEL, lambda _: b"[]", "damaged", id="no-object"),
        pytest.param(MODEL, lambda _: b"{}", "damaged", id="empty-object"),
    ],
)
def test_a_program_that_could_run_code_is_not_opened(program, member, change, message, tmp_path):
    path = tmp_path / "evil.pt2"
    path.write_bytes(edited(program, member, change))
    with pytest.raises(ConfigError, match=message) as caught:
        load_model(str(path))
    assert "\n" not in str(caught.value)


def test_pickled_samples_and_guards_are_left_behind_unread(make_cnn, tmp_path):
    """torch's own loader runs both; ours reads neither, and the network is the same."""
    data = export_program(make_cnn(), 32, {})
    pickled, guarded = tmp_path / "pickled", tmp_path / "guarded"
    data = edited(data, "data/sample_inputs/model.pt", lambda _: pickle.dumps((Bomb(pickled),)))
    guard = f"__import__('pathlib').Path({str(guarded)!r}).touch() is None"
    data = edited(
        data,
        MODEL,
        lambda text: json.dumps(json.loads(text) | {"guards_code": [guard]}).encode(),
    )
    path, names = tmp_path / "evil.pt2", tmp_path / "names.txt"
    path.write_bytes(data)
    names.write_text("\n".join(CARD.class_names))
    pixels = torch.randn(2, 3, 224, 224)
    model = load_model(str(path), classes=str(names))
    assert not pickled.exists()
    assert not guarded.exists()
    assert model.module(pixels).shape == (2, 3)


def test_programs_are_told_from_other_archives(program, tiny_model, tmp_path):
    assert is_program(program)
    assert not is_program(tiny_model.read_bytes())
    assert not is_program(program[:1000])
    assert not is_program(b"")
