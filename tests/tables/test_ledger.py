"""What is missing: every rule by hand, then all of them against a slow plain model."""

import tempfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from landmark_core.errors import ConfigError
from landmark_core.records import DecodedPhoto, PhotoRef, PhotoRow
from landmark_core.tables import (
    Counts,
    Store,
    WorkKey,
    count_work,
    plan_run,
    read_shard,
    rows_to_table,
)

KEY = WorkKey(model_id="m", preprocess_id="p")
START = datetime(2026, 11, 23, tzinfo=UTC)
PHOTO = PhotoRef(
    photo_id="a" * 32, uri="/a.jpg", location="/a.jpg", size_bytes=10, modified_us=1000, etag=None
)


def row(
    ref: PhotoRef = PHOTO, status: str = "ok", minute: int = 0, *, model_id="m", preprocess_id="p"
) -> PhotoRow:
    return PhotoRow(
        photo=DecodedPhoto(
            ref=ref, status=status, error=None, content_sha256=None, width=None, height=None
        ),
        prediction=None,
        heatmap=None,
        model_id=model_id,
        preprocess_id=preprocess_id,
        run_id="r",
        tagged_at=START + timedelta(minutes=minute),
    )


def to_do(store: Store, photos: list[PhotoRef], *, retry_failed: bool = False) -> list[PhotoRef]:
    plan = plan_run(store, photos, run_id="x", key=KEY, shard_size=100, retry_failed=retry_failed)
    return [photo for shard in plan.shards for photo in read_shard(store, shard)]


@pytest.mark.parametrize(
    ("rows", "retry_failed", "expected"),
    [
        pytest.param([], False, "new", id="no-row"),
        pytest.param([row()], False, "done", id="ok"),
        pytest.param([row()], True, "done", id="ok-is-never-retried"),
        pytest.param([row(status="corrupt")], False, "failed", id="failure-is-remembered"),
        pytest.param([row(status="corrupt")], True, "again", id="failure-is-retried"),
        pytest.param([row(status="fetch_error")], False, "again", id="fetch-error-always"),
        pytest.param([row(model_id="other")], False, "new", id="other-model"),
        pytest.param([row(preprocess_id="other")], False, "new", id="other-preprocessing"),
        pytest.param([row(replace(PHOTO, size_bytes=11))], False, "new", id="other-size"),
        pytest.param([row(replace(PHOTO, modified_us=1001))], False, "new", id="other-time"),
        pytest.param([row(replace(PHOTO, modified_us=None))], False, "new", id="row-without-time"),
        pytest.param([row(replace(PHOTO, etag="e"))], False, "new", id="etag-appeared"),
        pytest.param([row(replace(PHOTO, photo_id="b" * 32))], False, "new", id="other-photo"),
        pytest.param([row(replace(PHOTO, uri="/z.jpg"))], False, "done", id="uri-is-no-key"),
        pytest.param(
            [row(minute=5), row(status="fetch_error", minute=1)], False, "done", id="newest-is-ok"
        ),
        pytest.param(
            [row(minute=1), row(status="corrupt", minute=5)], False, "failed", id="newest-failed"
        ),
        pytest.param(
            [row(status="corrupt"), row()], False, "done", id="a-tie-goes-to-the-later-row"
        ),
    ],
)
def test_fate_of_one_photo(tmp_path, rows, retry_failed, expected):
    store = Store(str(tmp_path))
    if rows:
        store.write_part("r", 0, rows_to_table(rows))
    counts = count_work(store, [PHOTO], key=KEY, retry_failed=retry_failed)
    found = {
        (1, 0, 0, 0): "done",
        (0, 1, 0, 0): "failed",
        (0, 0, 1, 0): "new",
        (0, 0, 1, 1): "again",
    }
    assert (
        found[counts.already_done, counts.failed_remembered, counts.to_do, counts.retried]
        == expected
    )


@pytest.mark.parametrize(
    "photo",
    [
        pytest.param(replace(PHOTO, modified_us=None), id="no-time"),
        pytest.param(replace(PHOTO, size_bytes=None, modified_us=None), id="no-version-at-all"),
        pytest.param(replace(PHOTO, etag="e"), id="etag"),
    ],
)
def test_a_version_with_nulls_equals_itself(tmp_path, photo):
    store = Store(str(tmp_path))
    store.write_part("r", 0, rows_to_table([row(photo)]))
    assert count_work(store, [photo], key=KEY).already_done == 1


def test_an_etag_decides_alone(tmp_path):
    store = Store(str(tmp_path))
    store.write_part("r", 0, rows_to_table([row(replace(PHOTO, etag="e"))]))
    touched = replace(PHOTO, etag="e", modified_us=77)
    assert count_work(store, [touched], key=KEY).already_done == 1


def test_the_newest_row_decides_across_runs_and_parts(tmp_path):
    store = Store(str(tmp_path))
    store.write_part("20260102", 0, rows_to_table([row(status="corrupt", minute=1)]))
    store.write_part("20260101", 3, rows_to_table([row(minute=9)]))
    assert count_work(store, [PHOTO], key=KEY).already_done == 1


def test_parts_from_a_later_version_with_more_columns_count(tmp_path):
    table = rows_to_table([row()]).append_column("colour", pa.array(["red"]))
    target = tmp_path / "tags" / "run=r" / "part-000000.parquet"
    target.parent.mkdir(parents=True)
    pq.write_table(table, target)
    assert count_work(Store(str(tmp_path)), [PHOTO], key=KEY).already_done == 1


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"PAR1 and then nothing", id="cut-off"),
        pytest.param(b"not a table at all" * 40, id="text"),
    ],
)
def test_a_broken_part_is_named_in_one_line(tmp_path, content):
    store = Store(str(tmp_path))
    store.write_part("r", 0, rows_to_table([row()]))
    broken = tmp_path / "tags" / "run=r" / "part-000001.parquet"
    broken.write_bytes(content)
    with pytest.raises(ConfigError, match=r"part-000001\.parquet cannot be read") as caught:
        count_work(store, [PHOTO], key=KEY)
    assert "\n" not in str(caught.value)


def test_a_part_with_a_damaged_page_is_named(tmp_path):
    store = Store(str(tmp_path))
    store.write_part("r", 0, rows_to_table([row()] * 2000))
    part = tmp_path / "tags" / "run=r" / "part-000000.parquet"
    content = bytearray(part.read_bytes())
    content[4:400] = bytes(396)
    part.write_bytes(content)
    with pytest.raises(ConfigError, match=r"part-000000\.parquet cannot be read"):
        count_work(store, [PHOTO], key=KEY)


def test_a_foreign_table_is_named_with_what_it_lacks(tmp_path):
    (tmp_path / "tags").mkdir()
    pq.write_table(pa.table({"x": [1]}), tmp_path / "tags" / "sales.parquet")
    with pytest.raises(ConfigError, match=r"sales\.parquet .* no column 'photo_id'"):
        count_work(Store(str(tmp_path)), [PHOTO], key=KEY)


def test_files_that_are_no_parts_are_left_alone(tmp_path):
    store = Store(str(tmp_path))
    store.write_part("r", 0, rows_to_table([row()]))
    (tmp_path / "tags" / "_SUCCESS").touch()
    (tmp_path / "tags" / "run=r" / ".part-000009.parquet.1a2b3c4d.tmp").write_bytes(b"half")
    (tmp_path / "tags" / ".hidden").mkdir()
    (tmp_path / "tags" / ".hidden" / "x.parquet").write_bytes(b"junk")
    assert count_work(store, [PHOTO], key=KEY).already_done == 1


small_refs = st.builds(
    PhotoRef,
    photo_id=st.sampled_from(["a" * 32, "b" * 32, "c" * 32]),
    uri=st.just("/x"),
    location=st.just("/x"),
    size_bytes=st.sampled_from([None, 1, 2]),
    modified_us=st.sampled_from([None, 1, 2]),
    etag=st.sampled_from([None, "e", "f"]),
)
small_rows = st.builds(
    row,
    ref=small_refs,
    status=st.sampled_from(["ok", "corrupt", "fetch_error"]),
    minute=st.integers(0, 3),
    model_id=st.sampled_from(["m", "other"]),
)


def plain_model(
    listing: list[PhotoRef], rows: list[PhotoRow], *, retry_failed: bool, limit: int | None
) -> Counts:
    """The rules once more, one photo after the other."""

    def key_of(ref: PhotoRef) -> tuple[object, ...]:
        return ref.photo_id, ref.etag or (ref.size_bytes, ref.modified_us)

    fates: dict[tuple[object, ...], str] = {}
    for one in sorted(rows, key=lambda one: one.tagged_at):  # stable: a tie keeps row order
        if one.model_id == "m":
            fates[key_of(one.photo.ref)] = one.photo.status
    first = {ref.photo_id: ref for ref in reversed(listing)}
    unique = [ref for n, ref in enumerate(listing) if ref.photo_id not in ids_of(listing[:n])]
    assert len(unique) == len(first)
    missing, done, failed = [], 0, 0
    for ref in unique:
        fate = fates.get(key_of(ref))
        if fate == "ok":
            done += 1
        elif fate in {None, "fetch_error"} or retry_failed:
            missing.append(fate)
        else:
            failed += 1
    chosen = missing[:limit]
    return Counts(
        listed=len(listing),
        duplicates=len(listing) - len(unique),
        already_done=done,
        failed_remembered=failed,
        missing=len(missing),
        to_do=len(chosen),
        retried=sum(fate is not None for fate in chosen),
    )


def ids_of(refs: list[PhotoRef]) -> set[str]:
    return {ref.photo_id for ref in refs}


@settings(max_examples=25, deadline=None)
@given(
    listing=st.lists(small_refs, max_size=6),
    rows=st.lists(small_rows, max_size=12),
    cut=st.integers(0, 12),
    retry_failed=st.booleans(),
    limit=st.none() | st.integers(1, 3),
)
def test_counts_equal_those_of_a_plain_model(listing, rows, cut, retry_failed, limit):
    with tempfile.TemporaryDirectory() as out:
        store = Store(out)
        for number, piece in enumerate((rows[:cut], rows[cut:])):
            store.write_part("r", number, rows_to_table(piece))
        counts = count_work(store, listing, key=KEY, retry_failed=retry_failed, limit=limit)
    assert counts == plain_model(listing, rows, retry_failed=retry_failed, limit=limit)


@settings(max_examples=10, deadline=None)
@given(listing=st.lists(small_refs, max_size=6), order=st.randoms())
def test_what_was_written_is_never_missing_again(listing, order):
    with tempfile.TemporaryDirectory() as out:
        store = Store(out)
        rows = [row(ref) for ref in to_do(store, listing)]
        order.shuffle(rows)
        store.write_part("x", 0, rows_to_table(rows))
        assert to_do(store, listing) == []
