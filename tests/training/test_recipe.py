"""A recipe: read from TOML, checked once, and taken apart into the trainings that it averages."""

import dataclasses

import pytest

from landmark_core.errors import ConfigError
from landmark_core.training.recipe import Recipe, read_recipe


def test_a_file_sets_what_it_names_and_leaves_the_rest(tmp_path):
    (tmp_path / "r.toml").write_text('arch = "cnn"\nepochs = 3\nmixup = 0.2\n')
    assert read_recipe(tmp_path / "r.toml") == Recipe(arch="cnn", epochs=3, mixup=0.2)


def test_variants_are_trainings_that_change_some_settings(tmp_path):
    text = "epochs = 4\n[[variants]]\n[[variants]]\nmixup = 0.2\nepochs = 5\n"
    (tmp_path / "r.toml").write_text(text)
    members = read_recipe(tmp_path / "r.toml").members()
    assert members == (Recipe(epochs=4), Recipe(epochs=5, mixup=0.2))


def test_a_recipe_without_variants_is_its_own_only_member():
    assert Recipe(epochs=7).members() == (Recipe(epochs=7),)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("epochs = 0", "epochs must be a whole number of at least 1", id="none"),
        pytest.param("epochs = 2.5", "epochs must be a whole number", id="fraction"),
        pytest.param("epochs = true", "epochs must be a whole number", id="truth"),
        pytest.param("rate = nan", "rate must be a number in 0..10", id="nan"),
        pytest.param("smoothing = 1.0", "smoothing must be", id="too-smooth"),
        pytest.param("test_crop = 300", "at most test_resize", id="crop-beyond-resize"),
        pytest.param('arch = "vgg"', "arch must be one of cnn, resnet, transfer", id="arch"),
        pytest.param("epoch = 3", "no setting 'epoch'; known: arch", id="unknown"),
        pytest.param("epochs = ", "cannot be read", id="no-toml"),
        pytest.param('[[variants]]\nbackbone = "x"', "a variant must be about", id="other-network"),
        pytest.param("[[variants]]\nepochs = 0", "epochs must be", id="wrong-variant"),
        pytest.param("weights = 5", "weights must be a text, got 5", id="weights-no-text"),
        pytest.param("backbone = false", "backbone must be a text", id="backbone-no-text"),
        pytest.param("variants = 3", "variants must be a list of tables", id="variants-no-list"),
        pytest.param(
            "epochs = 3\nhead_epochs = 4", r"head_epochs must be at most epochs \(3\)", id="head"
        ),
        pytest.param("variants = [3]", "each of variants must be a table", id="no-table"),
    ],
)
def test_a_wrong_recipe_is_refused_in_one_line(tmp_path, text, message):
    (tmp_path / "r.toml").write_text(text)
    with pytest.raises(ConfigError, match=message) as caught:
        read_recipe(tmp_path / "r.toml")
    assert "\n" not in str(caught.value)


def test_what_a_recipe_leaves_open_is_as_in_the_guide():
    assert dataclasses.asdict(Recipe()) == {
        "arch": "transfer",
        "backbone": "mobilenet_v2",
        "weights": "default",
        "dropout": None,
        "frozen_stages": 0,
        "batch_norm": "train",
        "augment": "light",
        "train_size": 224,
        "test_resize": 256,
        "test_crop": 224,
        "views": 0,
        "writing": 0.0,
        "mixup": 0.0,
        "cutmix": 0.0,
        "erasing": 0.0,
        "epochs": 20,
        "batch_size": 64,
        "rate": 0.002,
        "body_rate": 0.0005,
        "early_rate": 1.0,
        "head_epochs": 0,
        "weight_decay": 0.02,
        "warm_up": 0.1,
        "smoothing": 0.1,
        "other_weight": 1.0,
        "averaged": 0.4,
        "patience": 0,
        "variants": (),
    }


LEAST = {"frozen_stages": 0, "train_size": 32, "views": 0, "epochs": 1, "batch_size": 2}
LEAST |= {"head_epochs": 0, "patience": 0, "test_crop": 32}
RANGES = {
    "dropout": (0, 0.95),
    "writing": (0, 1),
    "mixup": (0, 10),
    "cutmix": (0, 10),
    "erasing": (0, 1),
    "rate": (0, 10),
    "body_rate": (0, 10),
    "early_rate": (0, 1),
    "weight_decay": (0, 1),
    "warm_up": (0, 0.9),
    "smoothing": (0, 0.9),
    "other_weight": (0, 100),
    "averaged": (0, 1),
}


@pytest.mark.parametrize(("name", "least"), LEAST.items(), ids=LEAST)
def test_counts_begin_at_their_least(name, least):
    assert getattr(Recipe(**{name: least}), name) == least
    with pytest.raises(ConfigError, match=f"{name} must be a whole number of at least {least},"):
        Recipe(**{name: least - 1})


def test_a_photo_of_32_pixels_is_the_smallest():
    assert Recipe(test_resize=32, test_crop=32)
    with pytest.raises(ConfigError, match="test_resize must be a whole number of at least 32"):
        Recipe(test_resize=31, test_crop=31)


@pytest.mark.parametrize(("name", "ends"), RANGES.items(), ids=RANGES)
def test_numbers_reach_their_ends(name, ends):
    for value, beyond in zip(ends, (-0.01, ends[1] + 0.01), strict=True):
        assert getattr(Recipe(**{name: value}), name) == value
        for wrong in (beyond, "1", True):
            with pytest.raises(ConfigError, match=f"{name} must be a number in 0..{ends[1]},"):
                Recipe(**{name: wrong})


@pytest.mark.parametrize("name", [name for name in RANGES if name != "dropout"])
def test_only_dropout_may_be_left_to_the_architecture(name):
    with pytest.raises(ConfigError, match=f"{name} must be a number"):
        Recipe(**{name: None})


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("arch", ["cnn", "resnet", "transfer"]),
        ("augment", ["light", "original", "strong"]),
        ("batch_norm", ["train", "frozen"]),
    ],
)
def test_words_that_a_recipe_knows(name, values):
    assert [getattr(Recipe(**{name: value}), name) for value in values] == values
    with pytest.raises(ConfigError, match=f"{name} must be one of {', '.join(values)}, got 'x'"):
        Recipe(**{name: "x"})


@pytest.mark.parametrize(
    "setting",
    [
        *({name: "x"} for name in ("arch", "backbone", "weights", "batch_norm")),
        *({"frozen_stages": 1}, {"dropout": 0.5}, {"test_resize": 300}, {"test_crop": 100}),
        {"variants": ()},
    ],
    ids=lambda setting: next(iter(setting)),
)
def test_members_share_their_network_and_its_input(setting):
    (name,) = setting
    with pytest.raises(ConfigError, match=f"a variant must be about .*, got '{name}'"):
        Recipe(variants=(setting,))


def test_borders_between_settings():
    assert Recipe(test_crop=256, test_resize=256, epochs=3, head_epochs=3)
    assert Recipe(variants=({"train_size": 64, "rate": 0.1},)).members() == (
        Recipe(train_size=64, rate=0.1),
    )
