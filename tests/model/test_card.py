"""Model cards: what they refuse, naming the key, and how classes are renamed."""

import math
from dataclasses import replace

import pytest

from landmark_core.errors import ConfigError
from landmark_core.model.card import (
    ModelCard,
    PreprocessSettings,
    TagParents,
    Thresholds,
    rename_classes,
)

CARD = ModelCard(name="two", class_names=("Eiffel Tower", "Taj Mahal"))


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        pytest.param({"name": " "}, "name", id="blank-name"),
        pytest.param({"class_names": ()}, "class_names", id="no-classes"),
        pytest.param({"class_names": ["a", "b"]}, "class_names", id="classes-in-a-list"),
        pytest.param({"class_names": ("a", "")}, "class_names", id="empty-class"),
        pytest.param({"class_names": ("a", 3)}, "class_names", id="number-as-class"),
        pytest.param({"class_names": ("a", "b", "a")}, "duplicates", id="class-twice"),
        pytest.param({"output": "scores"}, "output", id="unknown-output"),
        pytest.param({"temperature": 0.0}, "temperature", id="temperature-zero"),
        pytest.param({"temperature": -1.0}, "temperature", id="temperature-negative"),
        pytest.param({"temperature": math.nan}, "temperature", id="temperature-nan"),
        pytest.param({"temperature": True}, "temperature", id="temperature-true"),
        pytest.param({"metrics": {"top1": math.inf}}, "metrics", id="infinite-metric"),
        pytest.param({"metrics": {"top1": "0.9"}}, "metrics", id="metric-as-text"),
        pytest.param({"metrics": []}, "metrics", id="metrics-in-a-list"),
        pytest.param({"licence": 3}, "licence", id="licence-as-number"),
        pytest.param({"created_at": "yesterday"}, "created_at", id="no-date"),
        pytest.param({"format_version": 2}, "format_version", id="later-format"),
        pytest.param({"format_version": True}, "format_version", id="format-true"),
        pytest.param({"tag_parents": {"Big Ben": TagParents()}}, "tag_parents", id="stranger"),
        pytest.param(
            {"thresholds": Thresholds(per_class={"Big Ben": 0.5})}, "per_class", id="unknown-class"
        ),
    ],
)
def test_card_refuses_and_names_the_key(changes, key):
    with pytest.raises(ConfigError, match=key) as caught:
        replace(CARD, **changes)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("values", "key"),
    [
        pytest.param({"tagged_from": 1.01}, "tagged_from", id="above-one"),
        pytest.param({"tagged_from": -0.1}, "tagged_from", id="negative"),
        pytest.param({"tagged_from": None}, "tagged_from", id="null"),
        pytest.param({"per_class": {"a": 2}}, "per_class", id="class-above-one"),
        pytest.param({"per_class": {1: 0.5}}, "per_class", id="class-not-text"),
        pytest.param({"no_landmark_below": 1.5}, "no_landmark_below", id="below-above-one"),
        pytest.param({"no_landmark_energy_above": math.nan}, "energy", id="energy-nan"),
    ],
)
def test_thresholds_refuse(values, key):
    with pytest.raises(ConfigError, match=key):
        Thresholds(**values)


def test_energy_threshold_may_be_negative():
    assert Thresholds(no_landmark_energy_above=-3.5).no_landmark_energy_above == -3.5


@pytest.mark.parametrize(
    ("values", "key"),
    [
        pytest.param({"resize_size": 0}, "resize_size", id="no-size"),
        pytest.param({"resize_size": 256.0}, "resize_size", id="size-as-float"),
        pytest.param({"crop_size": True}, "crop_size", id="crop-true"),
        pytest.param({"crop_size": 5000}, "crop_size", id="crop-too-large"),
        pytest.param({"interpolation": "nearest"}, "interpolation", id="nearest"),
        pytest.param({"resize_rule": "long_side"}, "resize_rule", id="unknown-rule"),
        pytest.param({"antialias": False}, "antialias", id="no-antialias"),
        pytest.param({"mean": (0.5, 0.5)}, "mean", id="two-means"),
        pytest.param({"mean": (0.5, 0.5, math.nan)}, "mean", id="nan-mean"),
        pytest.param({"std": (0.5, 0.0, 0.5)}, "std", id="std-zero"),
        pytest.param({"std": (0.5, -0.1, 0.5)}, "std", id="std-negative"),
        pytest.param({"std": (0.5, math.inf, 0.5)}, "std", id="std-infinite"),
    ],
)
def test_preprocess_settings_refuse(values, key):
    with pytest.raises(ConfigError, match=key):
        PreprocessSettings(**values)


def test_parents_refuse_numbers():
    with pytest.raises(ConfigError, match="city"):
        TagParents(city=7)


def test_long_values_are_cut_in_messages():
    with pytest.raises(ConfigError) as caught:
        replace(CARD, output="x" * 10_000)
    assert len(str(caught.value)) < 200


def test_renaming_takes_thresholds_and_parents_along():
    card = replace(
        CARD,
        thresholds=Thresholds(per_class={"Taj Mahal": 0.9}),
        tag_parents={"Eiffel Tower": TagParents(country="France")},
    )
    renamed = rename_classes(card, ("Tour Eiffel", "Taj Mahal (Agra)"))
    assert renamed.class_names == ("Tour Eiffel", "Taj Mahal (Agra)")
    assert renamed.thresholds.per_class == {"Taj Mahal (Agra)": 0.9}
    assert renamed.tag_parents == {"Tour Eiffel": TagParents(country="France")}


def test_renaming_refuses_another_number_of_classes():
    with pytest.raises(ConfigError, match="expected 2 class names, one for each score, got 1"):
        rename_classes(CARD, ("Tour Eiffel",))


def test_what_is_absent_is_the_usual_preprocessing_and_no_threshold():
    assert PreprocessSettings() == PreprocessSettings(
        resize_size=256,
        crop_size=224,
        resize_rule="short_side",
        interpolation="bilinear",
        antialias=True,
        mean=(0.485, 0.456, 0.406),  # torchvision's, of ImageNet
        std=(0.229, 0.224, 0.225),
    )
    assert CARD.thresholds == Thresholds(
        tagged_from=0.5, per_class={}, no_landmark_below=None, no_landmark_energy_above=None
    )
    assert (CARD.output, CARD.temperature, CARD.format_version) == ("logits", 1.0, 1)


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: PreprocessSettings(resize_size=1, crop_size=4096), id="sides"),
        pytest.param(lambda: PreprocessSettings(mean=(0, -1, 9), std=(1, 1e-9, 9)), id="pixels"),
        pytest.param(lambda: PreprocessSettings(resize_rule="stretch"), id="stretch"),
        pytest.param(lambda: PreprocessSettings(interpolation="bicubic"), id="bicubic"),
        pytest.param(lambda: Thresholds(tagged_from=0, no_landmark_below=1), id="ends"),
        pytest.param(lambda: Thresholds(tagged_from=1.0, per_class={"a": 0.0}), id="other-ends"),
        pytest.param(lambda: Thresholds(no_landmark_below=0.0, per_class={"a": 1}), id="below-0"),
        pytest.param(lambda: replace(CARD, output="probabilities"), id="probabilities"),
        pytest.param(lambda: replace(CARD, temperature=1e-9), id="small-temperature"),
        pytest.param(lambda: replace(CARD, metrics={"loss": -2}), id="metric"),
        pytest.param(lambda: replace(CARD, licence="", notes=""), id="empty-texts"),
        pytest.param(lambda: replace(CARD, created_at="2026-11-23T16:45:00Z"), id="date"),
    ],
)
def test_what_is_within_the_borders_is_taken(make):
    assert make()


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        *(({key: 3}, key) for key in ("data_digest", "architecture", "notes", "created_at")),
        ({"name": 5}, "name"),
        ({"metrics": {"a": True}}, "metrics"),
        ({"tag_parents": []}, "tag_parents must be an object"),
        ({"class_names": ("a", " ")}, "each of class_names must be a text"),
        ({"format_version": 0}, "format_version must be 1"),
    ],
)
def test_card_refuses_further(changes, key):
    with pytest.raises(ConfigError, match=key):
        replace(CARD, **changes)


@pytest.mark.parametrize("side", [0, 4097, -5])
def test_sides_end_at_4096_pixels(side):
    for key in ("resize_size", "crop_size"):
        with pytest.raises(ConfigError, match=f"{key} must be a whole number of pixels in 1..4096"):
            PreprocessSettings(**{key: side})


@pytest.mark.parametrize("values", [(1, 2, 3, 4), [1, 2, 3], (1, 2, True)])
def test_means_are_three_numbers(values):
    with pytest.raises(ConfigError, match=r"preprocess\.mean"):
        PreprocessSettings(mean=values)


@pytest.mark.parametrize("key", ["country", "city", "kind"])
def test_parents_are_texts_or_null(key):
    assert getattr(TagParents(**{key: "x"}), key) == "x"
    assert getattr(TagParents(), key) is None
    with pytest.raises(ConfigError, match=f"tag_parents {key} must be"):
        TagParents(**{key: 7})


def test_a_value_of_80_characters_is_shown_whole_and_a_longer_one_cut_to_that():
    for length, shown in ((78, repr("x" * 78)), (79, f"'{'x' * 76}...")):
        with pytest.raises(ConfigError, match="output") as caught:
            replace(CARD, output="x" * length)
        assert str(caught.value).endswith(f"got {shown}")
        assert len(shown) == 80


def test_bounds_are_named_where_there_are_some():
    with pytest.raises(ConfigError, match=r"must be a finite number in 0\.\.1, got 2"):
        Thresholds(tagged_from=2)
    with pytest.raises(ConfigError, match=r"must be a finite number in 0\.\.inf, got -1"):
        replace(CARD, temperature=-1)
    with pytest.raises(ConfigError, match=r"must be a finite number, got nan"):
        Thresholds(no_landmark_energy_above=math.nan)
