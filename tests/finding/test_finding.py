"""Finding: the wanted photos by hand, over an OUT in which people have spoken too."""

import gc
import tempfile

import pytest
from small_out import People, make_out, photo

from landmark_core.errors import ConfigError
from landmark_core.finding import FindSettings, find_photos
from landmark_core.since import Span

DAY = 86_400_000_000  # microseconds


@pytest.fixture
def store(tmp_path):
    given = [
        photo("sure.jpg", "tagged", "Petra", 0.9, modified_us=DAY),
        photo("likely.jpg", "tagged", "Petra", 0.75, modified_us=2 * DAY),
        photo("waits.jpg", "review", "Petra", 0.5, modified_us=3 * DAY),
        photo("none.jpg", "no_landmark", "Petra", 0.2, modified_us=4 * DAY),
        photo("broken.jpg", None),
        photo("corrected.jpg", "tagged", "Giza", 0.6, modified_us=None, etag="e"),
        photo("denied.jpg", "tagged", "Petra", 0.8, modified_us=5 * DAY),
        photo("far.jpg", "tagged", "petra", 0.8, modified_us=2**62),
        photo("other.jpg", "tagged", "Giza", 0.99),
    ]
    store = make_out(tmp_path / "out", given)
    people = People(store)
    people.say("ann", given[5], "tag", "Petra")
    people.say("ann", given[6], "not_a_landmark")
    return store


def names(store, **settings) -> list[str]:
    search = find_photos(store, FindSettings(**{"tag": "petra"} | settings))
    assert search.match.tags == ("Petra", "petra")
    return [one.uri.removeprefix("/photos/").removesuffix(".jpg") for one in search.photos]


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        pytest.param({}, "sure likely corrected far", id="tagged"),
        pytest.param({"decision": "review"}, "waits", id="review"),
        pytest.param({"decision": "no_landmark"}, "none denied", id="no-landmark"),
        pytest.param({"decision": "any"}, "sure likely waits none corrected denied far", id="any"),
        pytest.param({"min_confidence": 0.9}, "sure corrected", id="as-sure-as-float32-is"),
        pytest.param({"min_confidence": 1.0}, "corrected", id="a-person-is-sure"),
        pytest.param({"span": Span(since_us=2 * DAY)}, "likely far", id="since-is-inclusive"),
        pytest.param({"span": Span(until_us=2 * DAY)}, "sure", id="until-is-exclusive"),
        pytest.param({"span": Span(since_us=DAY, until_us=3 * DAY)}, "sure likely", id="between"),
        pytest.param({"limit": 2}, "sure likely", id="limit"),
    ],
)
def test_what_is_found(store, settings, found):
    assert names(store, **settings) == found.split()


def test_a_photo_is_found_by_what_stands_now(store):
    later = photo("sure.jpg", "tagged", "Giza", 0.9, modified_us=DAY)
    make_out(store.place.root, [later], run="run1")
    assert "sure" not in names(store)
    giza = find_photos(store, FindSettings(tag="Giza"))
    assert [one.uri for one in giza.photos] == ["/photos/other.jpg", "/photos/sure.jpg"]


def test_a_tag_that_only_a_person_gave_is_known(store, tmp_path):
    row = photo("new.jpg", "review", "Giza")
    store = make_out(tmp_path / "other", [row])
    People(store).say("ann", row, "tag", "Atomium")
    (found,) = find_photos(store, FindSettings(tag="atomium")).photos
    assert (found.tag, found.decision, found.settled_by) == ("Atomium", "tagged", "person")


def test_a_tag_without_photos_now_is_known_and_finds_none(store):
    assert list(find_photos(store, FindSettings(tag="Giza", decision="review")).photos) == []


def test_nothing_tagged_is_one_line(tmp_path):
    with pytest.raises(ConfigError, match="no photo was tagged in"):
        find_photos(make_out(tmp_path, [photo(decision=None)]), FindSettings(tag="x"))


@pytest.mark.parametrize(
    "wrong", [{"min_confidence": 1.1}, {"min_confidence": float("nan")}, {"limit": 0}], ids=str
)
def test_settings_refuse(wrong):
    with pytest.raises(ConfigError, match="must be"):
        FindSettings(tag="x", **wrong)


def test_a_search_that_ends_early_leaves_no_scratch_room(store, tmp_path, monkeypatch):
    room = tmp_path / "room"
    room.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(room))
    search = find_photos(store, FindSettings(tag="Petra", limit=1))
    assert len(list(search.photos)) == 1
    del search
    gc.collect()
    assert list(room.iterdir()) == []
