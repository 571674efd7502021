"""A recipe: read from TOML, checked once, and taken apart into the trainings that it averages."""

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
