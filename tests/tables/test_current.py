"""The current tag of a photo: rules by hand, then all of them against a slow plain model."""

import tempfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from landmark_core.errors import ConfigError
from landmark_core.records import DecodedPhoto, PhotoRef, PhotoRow, Prediction, TagScore
from landmark_core.tables import (
    CURRENT_SCHEMA,
    REVIEWS_SCHEMA,
    TAGS_SCHEMA,
    Store,
    current_tags,
    rows_to_table,
)

START = datetime(2026, 11, 23, tzinfo=UTC)
PHOTO = PhotoRef(
    photo_id="a" * 32, uri="/a.jpg", location="/a.jpg", size_bytes=10, modified_us=1000, etag=None
)


def row(
    ref: PhotoRef = PHOTO, decision: str | None = "review", tag: str = "Petra", minute: int = 0
) -> PhotoRow:
    """A row; decision null makes it an unreadable photo."""
    prediction = decision and Prediction(
        decision=decision,
        tags=(TagScore(tag=tag, confidence=0.5), TagScore(tag="other", confidence=0.25)),
        margin=0.25,
        entropy=1.0,
        energy=None,
    )
    return PhotoRow(
        photo=DecodedPhoto(
            ref=ref,
            status="ok" if decision else "corrupt",
            error=None if decision else "cut off",
            content_sha256=None,
            width=None,
            height=None,
        ),
        prediction=prediction or None,
        heatmap=None,
        model_id="m",
        preprocess_id="p",
        run_id="r",
        tagged_at=START + timedelta(minutes=minute),
    )


def review(
    decision: str | None,
    number: int,
    *,
    ref: PhotoRef = PHOTO,
    tag: str | None = None,
    minute: int | None = None,
    undoes: int | None = None,
) -> dict[str, Any]:
    moment = START + timedelta(minutes=number if minute is None else minute)
    return {
        "decision_id": f"{number:026d}",
        "photo_id": ref.photo_id,
        "uri": ref.uri,
        "size_bytes": ref.size_bytes,
        "modified_at": ref.modified_us,
        "etag": ref.etag,
        "decision": decision,
        "tag": tag,
        "reviewer": f"person {number}",
        "decided_at": moment,
        "model_tag": "Petra",
        "undoes": None if undoes is None else f"{undoes:026d}",
    }


def write(out: str | Path, parts: list[list[PhotoRow]], reviews: list[dict[str, Any]]) -> Store:
    store = Store(str(out))
    for number, rows in enumerate(parts):
        store.write_part(f"run{number}", 0, rows_to_table(rows))
    folder = Path(out, "reviews")
    folder.mkdir()
    for number, one in enumerate(reviews):
        table = pa.Table.from_pylist([one], schema=REVIEWS_SCHEMA)
        pq.write_table(table, folder / f"part-{number}.parquet")
    return store


def final(store: Store) -> list[tuple[str | None, str | None, str | None]]:
    table = current_tags(store).read_all()
    names = ("final_decision", "final_tag", "settled_by")
    return list(zip(*(table[name].to_pylist() for name in names), strict=True))


@pytest.mark.parametrize(
    ("rows", "reviews", "expected"),
    [
        pytest.param([row()], [], ("review", None, None), id="waiting"),
        pytest.param(
            [row(decision="tagged")], [], ("tagged", "Petra", "machine"), id="machine-is-sure"
        ),
        pytest.param(
            [row(decision="no_landmark")], [], ("no_landmark", None, "machine"), id="no-landmark"
        ),
        pytest.param([row(decision=None)], [], (None, None, None), id="unreadable"),
        pytest.param(
            [row(decision="tagged", minute=5), row(decision="no_landmark", minute=9)],
            [],
            ("no_landmark", None, "machine"),
            id="newest-row",
        ),
        pytest.param(
            [row(decision="tagged", tag="A"), row(decision="tagged", tag="B")],
            [],
            ("tagged", "B", "machine"),
            id="tie-goes-to-the-later-row",
        ),
        pytest.param(
            [row()], [review("accepted", 1)], ("tagged", "Petra", "person"), id="accepted"
        ),
        pytest.param(
            [row(tag="Pisa", minute=9)],
            [review("accepted", 1)],
            ("tagged", "Petra", "person"),
            id="accepted-is-what-the-person-saw",
        ),
        pytest.param(
            [row(minute=9)],
            [review("corrected", 1, tag="Pisa")],
            ("tagged", "Pisa", "person"),
            id="corrected-before-the-newest-row",
        ),
        pytest.param(
            [row(decision="tagged")],
            [review("not_a_landmark", 1)],
            ("no_landmark", None, "person"),
            id="not-a-landmark",
        ),
        pytest.param([row()], [review("skipped", 1)], ("review", None, None), id="skipped"),
        pytest.param(
            [row()],
            [review("corrected", 1, tag="Pisa"), review("skipped", 2)],
            ("tagged", "Pisa", "person"),
            id="a-skip-leaves-what-stood",
        ),
        pytest.param(
            [row()],
            [review("accepted", 1), review("not_a_landmark", 2)],
            ("no_landmark", None, "person"),
            id="newest-review",
        ),
        pytest.param(
            [row()],
            [review("accepted", 1, minute=7), review("not_a_landmark", 2, minute=7)],
            ("no_landmark", None, "person"),
            id="tie-goes-to-the-later-decision",
        ),
        pytest.param(
            [row()],
            [review("accepted", 1), review("not_a_landmark", 2), review(None, 3, undoes=2)],
            ("tagged", "Petra", "person"),
            id="undo-brings-back-what-stood",
        ),
        pytest.param(
            [row()],
            [review("accepted", 1), review(None, 2, undoes=1)],
            ("review", None, None),
            id="undo-of-the-only-one",
        ),
        pytest.param(
            [row()],
            [review("accepted", 1), review(None, 2, undoes=1), review(None, 3, undoes=2)],
            ("review", None, None),
            id="an-undo-cannot-be-undone",
        ),
        pytest.param(
            [row(replace(PHOTO, size_bytes=11))],
            [review("accepted", 1)],
            ("review", None, None),
            id="another-version-was-reviewed",
        ),
        pytest.param(
            [row(replace(PHOTO, etag="e", modified_us=5))],
            [review("accepted", 1, ref=replace(PHOTO, etag="e"))],
            ("tagged", "Petra", "person"),
            id="an-etag-is-the-version",
        ),
        pytest.param(
            [row(replace(PHOTO, size_bytes=None, modified_us=None))],
            [review("accepted", 1, ref=replace(PHOTO, size_bytes=None, modified_us=None))],
            ("tagged", "Petra", "person"),
            id="no-version-at-all-is-one-too",
        ),
    ],
)
def test_the_final_answer(tmp_path, rows, reviews, expected):
    assert final(write(tmp_path, [[one] for one in rows], reviews)) == [expected]


def test_every_column_of_the_newest_row_comes_along(tmp_path):
    store = write(tmp_path, [[row()], [row(minute=3, tag="Pisa")]], [review("accepted", 4)])
    table = current_tags(store).read_all()
    assert table.schema.equals(CURRENT_SCHEMA)
    assert table.select(TAGS_SCHEMA.names).equals(
        rows_to_table([row(minute=3, tag="Pisa")]).cast(pa.schema(list(TAGS_SCHEMA)))
    )
    assert table["reviewer"].to_pylist() == ["person 4"]
    assert table["decided_at"].to_pylist() == [START + timedelta(minutes=4)]


def test_an_out_without_anything_has_no_current_tags(tmp_path):
    table = current_tags(Store(str(tmp_path / "none"))).read_all()
    assert table.num_rows == 0
    assert table.schema.equals(CURRENT_SCHEMA)


def test_a_broken_part_is_an_error_while_reading(tmp_path):
    store = write(tmp_path, [[row()]], [])
    (tmp_path / "tags" / "run=run0" / "part-000007.parquet").write_bytes(b"junk")
    with pytest.raises(ConfigError, match=r"part-000007\.parquet cannot be read"):
        current_tags(store).read_all()


def test_many_photos_over_many_parts_stream_in_order(tmp_path):
    refs = [replace(PHOTO, photo_id=f"{number:032x}") for number in range(3000)]
    old = [row(ref, tag="old") for ref in refs]
    new = [row(ref, decision="tagged", tag="new", minute=1) for ref in refs[::2]]
    store = write(tmp_path, [old, new[:700], new[700:]], [])
    table = current_tags(store).read_all()
    expected = [ref.photo_id for ref in [*refs[1::2], *refs[::2]]]
    assert table["photo_id"].to_pylist() == expected
    assert table["tag"].to_pylist() == ["old"] * 1500 + ["new"] * 1500


small_refs = st.builds(
    PhotoRef,
    photo_id=st.sampled_from(["a" * 32, "b" * 32]),
    uri=st.just("/x"),
    location=st.just("/x"),
    size_bytes=st.sampled_from([None, 1]),
    modified_us=st.sampled_from([None, 1]),
    etag=st.sampled_from([None, "e"]),
)
small_rows = st.builds(
    row,
    ref=small_refs,
    decision=st.sampled_from(["tagged", "review", "no_landmark", None]),
    tag=st.sampled_from(["Petra", "Pisa"]),
    minute=st.integers(0, 3),
)


@st.composite
def small_reviews(draw):
    made = []
    for number in range(draw(st.integers(0, 8))):
        undoes = draw(st.none() | st.integers(0, 8))
        decisions = ["accepted", "corrected", "not_a_landmark", "skipped"]
        decision = None if undoes is not None else draw(st.sampled_from(decisions))
        tag = "Rome" if decision == "corrected" else None
        minute = draw(st.integers(0, 3))
        ref = draw(small_refs)
        made.append(review(decision, number, ref=ref, tag=tag, minute=minute, undoes=undoes))
    return made


def plain_model(
    rows: list[PhotoRow], reviews: list[dict[str, Any]]
) -> set[tuple[str, datetime, str | None, str | None, str | None, str | None]]:
    """The rules once more, one photo after the other."""
    undone = {one["undoes"] for one in reviews}
    answers = set()
    for photo_id in {one.photo.ref.photo_id for one in rows}:
        mine = [one for one in rows if one.photo.ref.photo_id == photo_id]
        newest = sorted(mine, key=lambda one: one.tagged_at)[-1]  # stable: a tie keeps row order
        ref, prediction = newest.photo.ref, newest.prediction
        version = ref.etag or (ref.size_bytes, ref.modified_us)
        standing = [
            one
            for one in reviews
            if one["photo_id"] == photo_id
            and (one["etag"] or (one["size_bytes"], one["modified_at"])) == version
            and one["decision"] not in {None, "skipped"}
            and one["decision_id"] not in undone
        ]
        if standing:
            last = max(standing, key=lambda one: (one["decided_at"], one["decision_id"]))
            tags = {"accepted": "Petra", "corrected": "Rome", "not_a_landmark": None}
            tag = tags[last["decision"]]
            answer = ("tagged" if tag else "no_landmark", tag, "person", last["reviewer"])
        elif prediction is None or prediction.decision == "review":
            answer = (prediction and prediction.decision, None, None, None)
        else:
            tag = prediction.tags[0].tag if prediction.decision == "tagged" else None
            answer = (prediction.decision, tag, "machine", None)
        answers.add((photo_id, newest.tagged_at, *answer))
    return answers


@settings(max_examples=25, deadline=None)
@given(rows=st.lists(small_rows, max_size=10), cut=st.integers(0, 10), reviews=small_reviews())
def test_final_answers_equal_those_of_a_plain_model(rows, cut, reviews):
    with tempfile.TemporaryDirectory() as out:
        table = current_tags(write(out, [rows[:cut], rows[cut:]], reviews)).read_all()
    names = ("photo_id", "tagged_at", "final_decision", "final_tag", "settled_by", "reviewer")
    found = list(zip(*(table[name].to_pylist() for name in names), strict=True))
    assert len(found) == len(set(found))
    assert set(found) == plain_model(rows, reviews)
