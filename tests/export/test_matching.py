"""Answers beside their photos: by id, by uri, with what OUT has said of them, in OUT's order."""

from datetime import timedelta

import pytest
from small_out import START, People, make_out, photo

from landmark_core.errors import ConfigError
from landmark_core.export.claims import Claim
from landmark_core.export.known_tags import read_known_tags, speller
from landmark_core.export.matching import ClaimTable
from landmark_core.export.moments import microseconds_of
from landmark_core.tables import REVIEWS_SCHEMA, open_scratch

A, B, C = photo("a.jpg"), photo("b.jpg", tag="Dome"), photo("c.jpg", decision=None)


def claim(row=A, *, by_uri=False, place="row 2", said_us=0, source=None, answer="tag", tag="Petra"):
    ref = row.photo.ref
    return Claim(
        place=place,
        photo_id=None if by_uri else ref.photo_id,
        uri=ref.uri if by_uri else None,
        version="v",
        reviewer="ann",
        answer=answer,
        tag=tag if answer == "tag" else None,
        seconds=1.5,
        said_us=said_us,
        source=source,
        for_all=False,
    )


def reviews_of(store):
    tables = store.read_parts(store.list_reviews(), REVIEWS_SCHEMA)
    return [row for table in tables for row in table.to_pylist()]


def matches(store, entries):
    with open_scratch() as scratch:
        table = ClaimTable(scratch)
        table.fill(entries)
        found = list(table.match(store))
        return table, found


def test_each_photo_comes_once_with_its_claims_oldest_first_in_the_order_of_out(tmp_path):
    store = make_out(tmp_path, [A, B, C])
    late, early, by_uri = claim(B, said_us=9), claim(B, said_us=3), claim(A, by_uri=True)
    same_time = claim(B, said_us=3, place="row 7")
    table, found = matches(store, [late, None, early, by_uri, same_time])
    assert (table.entries, table.claims) == (5, 4)
    assert [(one.photo["uri"], one.claims) for one in found] == [
        ("/photos/a.jpg", (by_uri,)),
        ("/photos/b.jpg", (early, same_time, late)),
    ]
    assert [one.is_ours for one in found] == [(False,), (False,) * 3]
    assert [one.touched_us for one in found] == [None, None]


def test_the_photos_columns_are_flat_and_their_moments_numbers(tmp_path):
    _, (found,) = matches(make_out(tmp_path, [A, B]), [claim(B)])
    assert found.photo == {
        "photo_id": B.photo.ref.photo_id,
        "uri": "/photos/b.jpg",
        "content_sha256": None,
        "size_bytes": 10,
        "modified_at": 1000,
        "etag": None,
        "width": None,
        "height": None,
        "decision": "review",
        "tag": "Dome",
        "confidence": 0.75,
        "margin": 0.5,
        "entropy": 1.0,
        "energy": None,
        "heatmap": None,
        "model_id": "m",
        "run_id": "r",
        "tagged_at": microseconds_of(START),
    }


def test_a_decision_of_out_that_comes_back_is_known(tmp_path):
    store = make_out(tmp_path, [A, B])
    people = People(store)
    people.say("ann", A, "tag", "Petra")  # accepted
    people.say("ann", B, "not_a_landmark")
    rows = reviews_of(store)
    of_a, of_b = (row["decision_id"] for row in rows)
    _, found = matches(
        store,
        [
            claim(A, source=of_a),
            claim(A, source=of_a, tag="Rome"),
            claim(A, source="01UNKNOWN"),
            claim(B, source=of_b, answer="not_a_landmark"),
            claim(B, source=of_b, answer="skip"),
        ],
    )
    assert [one.is_ours for one in found] == [(True, False, False), (True, False)]
    first = microseconds_of(START + timedelta(hours=1))
    assert [one.touched_us for one in found] == [microseconds_of(row["decided_at"]) for row in rows]
    assert found[0].touched_us >= first


def test_a_skip_leaves_a_photo_untouched_and_an_undo_does_not(tmp_path):
    store = make_out(tmp_path, [A, B])
    people = People(store)
    people.say("ann", A, "skip")
    people.say("bob", B, "tag", "Rome")
    people.undo("bob")
    _, found = matches(store, [claim(A), claim(B)])
    assert found[0].touched_us is None
    (undo,) = (row for row in reviews_of(store) if row["undoes"])
    assert found[1].touched_us == microseconds_of(undo["decided_at"])


def test_all_tags_that_models_or_people_have_used_are_known(tmp_path):
    store = make_out(tmp_path, [A, B])
    People(store).say("ann", A, "tag", "Old mill")
    known = read_known_tags(store)
    assert set(known) == {"Petra", "Dome", "Rome", "Old mill"}
    assert known[-1] == "Old mill"  # people's come last


def test_a_tag_of_the_same_letters_is_spelled_as_in_out(tmp_path):
    store = make_out(tmp_path, [A, B])
    entries = [claim(A, tag="PETRA"), claim(B, tag="Pétra!")]
    with open_scratch() as scratch:
        table = ClaimTable(scratch)
        table.fill(entries)
        changed = table.respell(speller(("Rome", "Petra", "petra")))
        said = [one.claims[0].tag for one in table.match(store)]
    assert changed == (("PETRA", "Petra", 1), ("Pétra!", "Petra", 1))
    assert said == ["Petra", "Petra"]


def test_a_photo_that_out_does_not_have_is_named_with_how_many_more(tmp_path):
    store = make_out(tmp_path, [A])
    entries = [claim(A), claim(B, place="row 3"), claim(C, place="row 4", by_uri=True)]
    expected = f"row 3: {store.out} has no photo {B.photo.ref.photo_id}, and 1 more; was"
    with pytest.raises(ConfigError, match=expected):
        matches(store, entries)
    with pytest.raises(ConfigError, match=r"row 4: .* has no photo /photos/c.jpg; was"):
        matches(store, [claim(A), claim(C, place="row 4", by_uri=True)])


def test_a_file_of_more_answers_than_one_batch_is_taken_in_whole(tmp_path, monkeypatch):
    monkeypatch.setattr("landmark_core.export.matching.BATCH", 4)
    store = make_out(tmp_path, [A])
    table, (found,) = matches(store, [claim(said_us=n) for n in range(11)])
    assert (table.entries, table.claims) == (11, 11)
    assert [one.said_us for one in found.claims] == list(range(11))
