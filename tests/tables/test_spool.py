"""The spool: what was listed comes back in order, in pieces, whatever the names are."""

import itertools
import os
import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given
from hypothesis import strategies as st

from landmark_core.addresses import is_secret
from landmark_core.library import with_keys
from landmark_core.records import PhotoRef
from landmark_core.tables import spool as spool_module
from landmark_core.tables.spool import PHOTOS_SCHEMA, Spool, fill_locations, table_to_refs

names = st.binary(min_size=1, max_size=6).map(os.fsdecode)
listed = st.builds(
    lambda name, is_url, **rest: PhotoRef(
        uri=name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace"),
        location=f"s3://{name}" if is_url else name,
        **rest,
    ),
    name=names,
    is_url=st.booleans(),
    photo_id=st.text("0123456789abcdef", min_size=32, max_size=32),
    size_bytes=st.none() | st.integers(0, 2**62),
    modified_us=st.none() | st.integers(-(2**63) + 1, 2**63 - 1),
    etag=st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=3),
).filter(lambda photo: not is_secret(photo.location))


@given(st.lists(st.lists(listed, max_size=5), max_size=3))
def test_photos_come_back_as_they_were_listed(windows):
    with tempfile.TemporaryDirectory() as folder:
        spool = Spool(Path(folder))
        for photos in windows:
            spool.write(photos)
        tables = [fill_locations(table) for table in spool.read()]
        numbers = [n for path in spool.files for n in pq.read_table(path)["number"].to_pylist()]
    every = [photo for photos in windows for photo in photos]
    assert [photo for table in tables for photo in table_to_refs(table)] == every
    assert all(table.schema == PHOTOS_SCHEMA for table in tables)
    assert numbers == [*range(spool.rows)] == [*range(len(every))]


def test_a_key_is_not_written_down_and_opens_the_photo_in_this_process(tmp_path):
    name = os.fsdecode(b"s3://ann:secret@bucket/\xff.jpg")
    photo = PhotoRef(
        photo_id="b" * 32,
        uri="s3://bucket/\\xff.jpg",
        location=name,
        size_bytes=1,
        modified_us=1,
        etag=None,
    )
    spool = Spool(tmp_path)
    spool.write([photo])
    assert b"secret" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())
    (table,) = spool.read()
    assert with_keys(table_to_refs(fill_locations(table))) == [photo]


def test_reading_holds_a_piece_and_not_the_listing(tmp_path, monkeypatch):
    monkeypatch.setattr(spool_module, "_GROUP", 4096)
    spool = Spool(tmp_path)
    name = "/photos/" + 200 * "x"
    photo = PhotoRef(
        photo_id="a" * 32, uri=name, location=name, size_bytes=1, modified_us=1, etag=None
    )
    spool.write(itertools.repeat(photo, 50_000))
    before, most, rows = pa.total_allocated_bytes(), 0, 0
    for table in spool.read():
        assert len(table) <= 4096
        rows += len(table)
        most = max(most, pa.total_allocated_bytes() - before)
    assert rows == 50_000
    assert most < 4 * 4096 * (len(name) + 32 + 40)  # of 12 such pieces
