"""Cards survive the way through JSON; strange JSON is refused by the name of its key."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landmark_core.errors import ConfigError
from landmark_core.model.card import ModelCard, PreprocessSettings, TagParents, Thresholds
from landmark_core.model.card_json import MAX_CARD_CHARACTERS, card_from_json, card_to_json

CARD = ModelCard(name="two", class_names=("Eiffel Tower", "Taj Mahal"))

texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
names = texts.filter(lambda text: bool(text.strip()))
optional_texts = st.none() | texts
shares = st.floats(0, 1)
finite = st.floats(-1e6, 1e6)
positive = st.floats(1e-6, 1e3)
parents = st.builds(TagParents, country=optional_texts, city=optional_texts, kind=optional_texts)
settings = st.builds(
    PreprocessSettings,
    resize_size=st.integers(1, 4096),
    crop_size=st.integers(1, 4096),
    resize_rule=st.sampled_from(["short_side", "stretch"]),
    interpolation=st.sampled_from(["bilinear", "bicubic"]),
    mean=st.tuples(finite, finite, finite),
    std=st.tuples(positive, positive, positive),
)


@st.composite
def cards(draw):
    classes = draw(st.lists(names, min_size=1, max_size=6, unique=True))
    some = st.dictionaries(st.sampled_from(classes), shares)
    return ModelCard(
        name=draw(names),
        class_names=tuple(classes),
        preprocess=draw(settings),
        output=draw(st.sampled_from(["logits", "probabilities"])),
        temperature=draw(positive),
        thresholds=Thresholds(
            tagged_from=draw(shares),
            per_class=draw(some),
            no_landmark_below=draw(st.none() | shares),
            no_landmark_energy_above=draw(st.none() | finite),
        ),
        metrics=draw(st.dictionaries(texts, finite)),
        data_digest=draw(optional_texts),
        licence=draw(optional_texts),
        created_at=draw(st.none() | st.datetimes().map(lambda when: when.isoformat() + "+00:00")),
        architecture=draw(optional_texts),
        notes=draw(optional_texts),
        tag_parents=draw(st.dictionaries(st.sampled_from(classes), parents)),
    )


@given(card=cards())
def test_card_survives_the_round_trip(card):
    assert card_from_json(card_to_json(card)) == card


def changed(*path, to):
    """The JSON of CARD with one value replaced; `...` removes it."""
    values = json.loads(card_to_json(CARD))
    inner = values
    for key in path[:-1]:
        inner = inner[key]
    if to is ...:
        del inner[path[-1]]
    else:
        inner[path[-1]] = to
    return json.dumps(values)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("", "not valid JSON", id="empty"),
        pytest.param("{", "not valid JSON", id="cut-off"),
        pytest.param("[" * 100_000, "not valid JSON", id="nested-too-deep"),
        pytest.param("[]", "the card must be an object, got list", id="list"),
        pytest.param('{"temperature": NaN}', "NaN is no number", id="nan"),
        pytest.param("{}", "missing format_version, name", id="nothing-in-it"),
        pytest.param(changed("temperature", to=...), "missing temperature", id="missing"),
        pytest.param(changed("format_version", to=2), "update landmark-tagger", id="later"),
        pytest.param(changed("class_names", to="ab"), "class_names", id="classes-as-text"),
        pytest.param(changed("class_names", to=["a", None]), "class_names", id="null-class"),
        pytest.param(changed("preprocess", to=[]), "preprocess must be an object", id="no-object"),
        pytest.param(changed("preprocess", "std", to=...), "preprocess.std", id="missing-std"),
        pytest.param(changed("preprocess", "std", to=1), "preprocess.std", id="std-as-number"),
        pytest.param(changed("preprocess", "mean", to=["a"] * 3), "preprocess.mean", id="texts"),
        pytest.param(changed("thresholds", "tagged_from", to="1"), "tagged_from", id="text"),
        pytest.param(changed("thresholds", "per_class", to=[]), "per_class", id="per-class-list"),
        pytest.param(changed("tag_parents", to={"Taj Mahal": 3}), "tag_parents", id="parents"),
        pytest.param(changed("metrics", to=None), "metrics", id="metrics-null"),
        pytest.param(changed("metrics", to={"a": 10**400}), "metrics", id="hundreds-of-digits"),
        pytest.param(changed("class_names", to=["a\ud800"]), "class_names", id="half-a-character"),
        pytest.param('{"name": "a", "name": "b"}', "'name' stands twice", id="key-twice"),
        pytest.param('{"temperature": 1e999}', "too large", id="infinite"),
    ],
)
def test_strange_json_is_refused_in_one_line(text, message):
    with pytest.raises(ConfigError, match=message) as caught:
        card_from_json(text)
    assert "\n" not in str(caught.value)


def test_too_long_json_is_refused_before_it_is_parsed():
    with pytest.raises(ConfigError, match="at most"):
        card_from_json(" " * (MAX_CARD_CHARACTERS + 1))


@pytest.mark.parametrize(
    "path", [("shiny",), ("preprocess", "shiny"), ("thresholds", "shiny")], ids=".".join
)
def test_keys_of_later_versions_are_passed_over(path):
    assert card_from_json(changed(*path, to={"a": [1]})) == CARD


@given(
    text=st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(list(json.loads(card_to_json(CARD)))), inner, max_size=12
            )
        ),
        max_leaves=20,
    ).map(json.dumps)
)
def test_any_json_gives_a_card_or_a_config_error(text):
    try:
        card = card_from_json(text)
    except ConfigError:
        return
    assert card_from_json(card_to_json(card)) == card
