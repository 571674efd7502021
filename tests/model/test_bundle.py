"""Model files: saved whole, loaded as saved, and one clear line for what cannot be used."""

import hashlib
import io
import json
import random
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import fsspec
import pytest
import torch
from torch import Tensor, nn

from landmark_core.errors import ConfigError
from landmark_core.model import (
    ModelCard,
    PreprocessSettings,
    TagParents,
    Thresholds,
    load_model,
    quiet_torchscript,
    save_model,
    show_model,
)

CARD = ModelCard(
    name="three",
    class_names=("Alhambra", "Angkor Wat", "Tour Eiffel"),
    preprocess=PreprocessSettings(resize_size=72, crop_size=64),
    temperature=1.3,
    thresholds=Thresholds(tagged_from=0.7, per_class={"Alhambra": 0.9}),
    metrics={"top1": 0.9},
    tag_parents={"Tour Eiffel": TagParents(country="France", city="Paris")},
)


@pytest.fixture
def saved(cnn, to_script, tmp_path) -> Path:
    path = tmp_path / "model.pt"
    save_model(to_script(cnn), CARD, path)
    return path


def test_saved_model_loads_as_it_was(saved, cnn):
    model = load_model(str(saved))
    assert model.card == CARD
    assert model.notes == ()
    assert model.model_id == hashlib.sha256(saved.read_bytes()).hexdigest()[:16]
    assert model.size_bytes == saved.stat().st_size
    assert model.preprocess.shape == (64, 64)
    assert not model.module.training
    images = torch.randn(2, 3, 64, 64)
    assert torch.equal(model.module(images), cnn(images))


def test_plain_torch_jit_load_still_works(saved, cnn):
    with quiet_torchscript():
        module = torch.jit.load(str(saved))
    images = torch.randn(2, 3, 64, 64)
    assert torch.equal(module(images), cnn(images))


def test_model_loads_from_a_url(saved):
    fsspec.filesystem("memory").pipe_file("/bundle/model.pt", saved.read_bytes())
    model = load_model("memory://bundle/model.pt")
    assert model.card == CARD
    assert model.path == "memory://bundle/model.pt"


def test_saving_leaves_one_file_and_replaces_the_old(saved, make_cnn, to_script):
    save_model(to_script(make_cnn(seed=7)), replace(CARD, name="newer"), saved)
    assert load_model(str(saved)).card.name == "newer"
    assert [path.name for path in saved.parent.iterdir()] == ["model.pt"]


def test_saving_where_nothing_can_be_written_leaves_nothing(cnn, to_script, tmp_path):
    with pytest.raises(ConfigError, match="cannot be written"):
        save_model(to_script(cnn), CARD, tmp_path / "missing" / "model.pt")
    (tmp_path / "model.pt").mkdir()
    with pytest.raises(ConfigError, match="cannot be written"):
        save_model(to_script(cnn), CARD, tmp_path / "model.pt")
    assert [path.name for path in tmp_path.iterdir()] == ["model.pt"]


class NotANumber(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.mean(dim=(2, 3)) / 0


@pytest.mark.parametrize(
    ("network", "message"),
    [
        pytest.param(nn.Flatten(), "names 3 classes, the module gives 12288", id="count"),
        pytest.param(nn.Identity(), r"expected \(1, C\) scores", id="picture"),
        pytest.param(nn.Conv2d(1, 3, 3), "fails on a", id="grey"),
        pytest.param(NotANumber(), "NaN", id="nan"),
    ],
)
def test_module_that_does_not_fit_its_card_is_not_saved(network, message, to_script, tmp_path):
    with pytest.raises(ConfigError, match=message):
        save_model(to_script(network), CARD, tmp_path / "model.pt")
    assert not list(tmp_path.iterdir())


def test_module_in_training_mode_is_not_saved(cnn, to_script, tmp_path):
    module = to_script(cnn)
    module.train()
    with pytest.raises(ConfigError, match=r"call \.eval\(\)"):
        save_model(module, CARD, tmp_path / "model.pt")


def test_given_names_rename_an_own_model_and_change_its_preprocess_id(saved, tmp_path):
    classes = tmp_path / "names.txt"
    classes.write_text("Alhambra\nAngkor\nEiffel Tower\n")
    renamed, plain = load_model(str(saved), classes=str(classes)), load_model(str(saved))
    assert renamed.card.class_names == ("Alhambra", "Angkor", "Eiffel Tower")
    assert renamed.card.tag_parents["Eiffel Tower"].city == "Paris"
    assert renamed.preprocess_id != plain.preprocess_id
    assert renamed.model_id == plain.model_id
    assert "--classes" in renamed.notes[0]
    classes.write_text("Alhambra\n")
    with pytest.raises(ConfigError, match=r"expected 3 class names.*got 1"):
        load_model(str(saved), classes=str(classes))


def test_show_gives_plain_json(saved):
    shown = json.loads(json.dumps(show_model(load_model(str(saved)))))
    assert shown["card"]["class_names"] == list(CARD.class_names)
    assert shown["size_bytes"] == saved.stat().st_size


def test_foreign_predictor_survives_being_saved_with_its_card(make_predictor, save_plain, tmp_path):
    foreign = load_model(save_plain(make_predictor()))
    save_model(foreign.module, foreign.card, tmp_path / "ours.pt")
    ours = load_model(str(tmp_path / "ours.pt"))
    images = torch.randn(2, 3, 224, 224)
    assert ours.card == foreign.card
    assert torch.equal(ours.module(images), foreign.module(images))


def edited(path: Path, old: bytes, new: bytes) -> str:
    """Replace bytes inside every member of a TorchScript archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(buffer, "w") as target:
        for name in source.namelist():
            target.writestr(name, source.read(name).replace(old, new))
    path.write_bytes(buffer.getvalue())
    return str(path)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        pytest.param(
            b"torch.conv2d(", b"ops.nobody.knows(", r"operator nobody::knows, which torch", id="op"
        ),
        pytest.param(b"def forward", b"dfe forward", "torch cannot load it: ", id="code"),
        pytest.param(b'"temperature": 1.3', b'"temperature": 0', "temperature", id="card"),
        pytest.param(b'"class_names": [', b'"class_names": ["x", ', "names 4 classes", id="count"),
    ],
)
def test_files_that_cannot_be_used_say_why_in_one_line(old, new, message, saved):
    with pytest.raises(ConfigError, match=message) as caught:
        load_model(edited(saved, old, new))
    assert "\n" not in str(caught.value)
    assert str(saved) in str(caught.value)


def test_damaged_files_never_end_in_anything_but_a_config_error(saved, tmp_path):
    """Flip bits and cut ends: either the file loads unharmed or one line says why not."""
    whole, dice = saved.read_bytes(), random.Random(0)
    refused = 0
    for _ in range(60):
        data = bytearray(whole)
        data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
        cut = len(data) if dice.random() < 0.7 else dice.randrange(len(data))
        damaged = tmp_path / "damaged.pt"
        damaged.write_bytes(data[:cut])
        try:
            model = load_model(str(damaged))
        except ConfigError:
            refused += 1
        else:  # a bit of padding, or of a date in the zip directory
            images = torch.ones(1, 3, 64, 64)
            assert torch.equal(model.module(images), load_model(str(saved)).module(images))
    assert refused > 30


CLIENT = "clients/udacity_student_export.pt"


def test_real_client_file_keeps_its_own_probabilities(shared_data):
    model = load_model(str(shared_data / CLIENT))
    assert len(model.card.class_names) == 50
    assert model.card.class_names[16] == "Eiffel Tower"
    assert (model.card.output, model.card.preprocess.crop_size) == ("logits", 224)
    assert any("does not antialias" in note for note in model.notes)
    with quiet_torchscript():
        own = torch.jit.load(str(shared_data / CLIENT)).eval()
    # 256 pixels short side, so that its resize has nothing to do.
    pixels = torch.randint(
        0, 256, (2, 3, 256, 256), dtype=torch.uint8, generator=torch.Generator().manual_seed(1)
    )
    cropped = pixels[..., 16:240, 16:240]
    with torch.no_grad():
        ours = model.module(model.preprocess.normalise(cropped)).softmax(1)
        assert (ours - own(pixels / 255)).abs().max() <= 1e-6


def test_real_client_file_loads_without_torchvision(shared_data):
    code = (
        "import sys; sys.modules['torchvision'] = None\n"
        "from landmark_core.model import load_model\n"
        "print(load_model(sys.argv[1]).card.class_names[0])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(shared_data / CLIENT)], capture_output=True, text=True
    )
    assert done.stdout.strip() == "Haleakala National Park", done.stderr


def test_importing_the_room_imports_no_torch():
    code = (
        "import sys; from landmark_core.model import Preprocess, ModelCard, packaged_models\n"
        "import landmark_core.model as room\n"
        "print('torch' in sys.modules, sorted(room.__all__) == sorted(room._HOMES))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "False True", done.stderr
