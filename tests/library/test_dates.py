"""Date fields of SOURCE: against strftime over a plain calendar, and listings of both kinds."""

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import fsspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from landmark_core.errors import ConfigError
from landmark_core.library import open_listing, photo_id_of
from landmark_core.library.dates import fixed_part, is_partitioned, partitions
from landmark_core.since import Window

NOW = datetime(2026, 11, 24, 4, 30, tzinfo=UTC)
ZONES = ("UTC", "Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe", "America/St_Johns")


def window(since: datetime, now: datetime = NOW, zone: str = "UTC") -> Window:
    return Window(since=since, now=now, zone=ZoneInfo(zone))


def back(**age: float) -> Window:
    return window(NOW - timedelta(**age))


@pytest.mark.parametrize(
    ("source", "age", "expected"),
    [
        pytest.param(
            "s3://b/up/%Y/%m/%d",
            {"hours": 36},
            ["s3://b/up/2026/11/22", "s3://b/up/2026/11/23", "s3://b/up/2026/11/24"],
            id="days",
        ),
        pytest.param("/p/%Y-%m", {"days": 30}, ["/p/2026-10", "/p/2026-11"], id="months"),
        pytest.param("/p/%Y/x", {"days": 400}, ["/p/2025/x", "/p/2026/x"], id="years"),
        pytest.param("p/d=%Y%m%d", {"hours": 4}, ["p/d=20261124"], id="within-a-day"),
        pytest.param(
            "/p/%Y-%m-%d/%H",
            {"hours": 2, "minutes": 31},
            [f"/p/2026-11-24/{hour:02}" for hour in (1, 2, 3, 4)],
            id="hours",
        ),
        pytest.param("/100%%/%Y", {"hours": 1}, ["/100%/2026"], id="percent-sign"),
    ],
)
def test_places_by_hand(source, age, expected):
    assert partitions(source, back(**age)) == expected


@settings(max_examples=80, deadline=None)
@given(
    st.datetimes(datetime(2026, 3, 1), datetime(2026, 11, 20)),  # noqa: DTZ001 (zone comes next)
    st.integers(0, 60 * 24 * 5),
    st.sampled_from(ZONES),
    st.sampled_from(("/%Y", "/%Y/%m", "/%Y-%m-%d", "/%Y/%m/%d/%H")),
)
def test_places_are_those_of_every_minute_of_the_window(start, minutes, zone, source):
    start = start.replace(tzinfo=UTC)
    span = window(start, start + timedelta(minutes=minutes), zone)
    moments = (start + timedelta(minutes=minute) for minute in range(minutes + 1))
    expected = dict.fromkeys(moment.astimezone(span.zone).strftime(source) for moment in moments)
    assert partitions(source, span) == list(expected)


def test_an_hour_that_the_clock_repeats_is_one_place():
    night = window(
        datetime(2026, 10, 24, 23, tzinfo=UTC),
        datetime(2026, 10, 25, 2, tzinfo=UTC),
        "Europe/Berlin",
    )
    assert partitions("/%Y%m%d%H", night) == [f"/20261025{hour:02}" for hour in (1, 2, 3)]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        pytest.param("/p/%Y/%d", "%d in '/p/%Y/%d' needs %m", id="day-without-month"),
        pytest.param("/p/%Y/%b", "got %b", id="unknown-field"),
        pytest.param("/p/%Y/50%", "got % in", id="a-bare-percent-sign"),
        pytest.param("/p/%Y/%m/%d/%H", "more than 20,000 places", id="too-many"),
    ],
)
def test_fields_that_make_no_sense_are_refused(source, message):
    with pytest.raises(ConfigError, match=message):
        partitions(source, back(days=2000))


@pytest.mark.parametrize(
    ("source", "above"),
    [
        ("s3://b/up/%Y/%m", "s3://b/up"),
        ("/photos/d=%Y-%m", "/photos"),
        ("/%Y", "/"),
        ("%Y", "."),
        ("100%%/%Y", "100%"),
        ("/photos/100%", None),
        ("/photos/%%Y", None),
        ("-", None),
    ],
)
def test_the_part_that_stays_is_what_stands_above_the_first_field(source, above):
    assert is_partitioned(source) == (above is not None)
    if above is not None:
        assert fixed_part(source) == above


def touch(root: Path, *names: str, age_days: float = 0) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")
        moment = time.time() - age_days * 86400
        os.utime(root / name, (moment, moment))


def test_only_partitions_of_the_window_are_listed_and_ids_stay(tmp_path):
    touch(tmp_path, *(f"2026/11/{day:02}/a.jpg" for day in (20, 22, 24)))
    everything = {ref.photo_id: ref for ref in open_listing(str(tmp_path))}
    listing = open_listing(f"{tmp_path}/%Y/%m/%d", window=back(days=2))
    refs = list(listing)
    assert [ref.location for ref in refs] == [f"{tmp_path}/2026/11/{d}/a.jpg" for d in (22, 24)]
    assert all(everything[ref.photo_id] == ref for ref in refs)
    assert (listing.counts.partitions, listing.counts.photos) == (2, 2)


def test_partitions_of_a_bucket_are_listed_alike(bucket):
    for day in (20, 22, 24):
        with fsspec.open(f"{bucket}/up/{day}-11-2026/a.jpg", "wb") as file:
            file.write(b"x")
    listing = open_listing(f"{bucket}/up/%d-%m-%Y", window=back(days=3))
    urls = [f"{bucket}/up/{day}-11-2026/a.jpg" for day in (22, 24)]
    assert [(ref.location, ref.photo_id) for ref in listing] == [
        (url, photo_id_of(url)) for url in urls
    ]


def test_partitions_on_s3_are_listed_and_a_bucket_closed_to_us_is_an_error(s3_endpoint):
    import boto3

    client = boto3.client("s3")
    client.create_bucket(Bucket="dated")
    client.put_object(Bucket="dated", Key="up/2026/11/23/a.jpg", Body=b"x")
    listing = open_listing("s3://dated/up/%Y/%m/%d", window=back(days=5))
    assert [ref.location for ref in listing] == ["s3://dated/up/2026/11/23/a.jpg"]
    with pytest.raises(ConfigError, match="there is none"):
        open_listing("s3://dated/up/%Y/%m/%d", window=back(hours=1))


def test_a_partition_that_cannot_be_asked_is_no_missing_one(tmp_path):
    touch(tmp_path, "2026/11/23/a.jpg", "2026/11/24")  # a day's folder that is a file of nothing
    (tmp_path / "2026/11/24").write_bytes(b"\xff\xfe\x00 not text")
    with pytest.raises(ConfigError, match="neither a photo nor"):
        open_listing(f"{tmp_path}/%Y/%m/%d", window=back(days=2))


def test_globs_see_the_same_paths_as_in_a_full_run(tmp_path):
    touch(tmp_path, *(f"{month}/{name}" for month in ("2026-10", "2026-11") for name in "ab"))
    for month in ("2026-10", "2026-11"):
        touch(tmp_path, f"{month}/raw/a.jpg", f"{month}/web/b.jpg")
    for globs in ({"include": ["2026-11/web/**"]}, {"exclude": ["2026-10", "raw"]}):
        full = [ref.location for ref in open_listing(str(tmp_path), **globs)]
        dated = open_listing(f"{tmp_path}/%Y-%m", **globs, window=back(days=40))
        assert [ref.location for ref in dated] == full == [f"{tmp_path}/2026-11/web/b.jpg"]


def test_a_partition_may_be_a_list(tmp_path):
    touch(tmp_path, "x/a.jpg", "x/b.png")
    (tmp_path / "new-2026-11-24.txt").write_text(f"{tmp_path}/x/a.jpg\n{tmp_path}/x/b.png\n")
    listing = open_listing(f"{tmp_path}/new-%Y-%m-%d.txt", include=["*.jpg"], window=back(hours=2))
    assert [ref.location for ref in listing] == [f"{tmp_path}/x/a.jpg"]


def test_no_partition_at_all_is_one_clear_line(tmp_path):
    with pytest.raises(ConfigError, match=r"2026/11/23 to .*2026/11/24.*there is none"):
        open_listing(f"{tmp_path}/%Y/%m/%d", window=back(days=1))


def test_without_since_a_source_is_taken_as_written(tmp_path):
    with pytest.raises(ConfigError, match=f"need --since, for all dates name {tmp_path}"):
        open_listing(f"{tmp_path}/%Y")
    touch(tmp_path, "%Y/a.jpg")
    assert len(list(open_listing(f"{tmp_path}/%Y"))) == 1


def since(moment: float) -> Window:
    return window(datetime.fromtimestamp(moment, UTC), datetime.now(UTC) + timedelta(days=1))


def test_only_files_that_came_since_then_are_listed_and_the_others_counted(tmp_path):
    touch(tmp_path, "old.jpg", "old-unclear", "old.txt")
    time.sleep(0.02)
    border = time.time()
    time.sleep(0.02)
    touch(tmp_path, "new.jpg")
    listing = open_listing(str(tmp_path), window=since(border))
    assert [Path(ref.location).name for ref in listing] == ["new.jpg"]
    assert (listing.counts.older, listing.counts.not_photos) == (2, 1)


def test_a_copy_that_kept_the_cameras_time_is_new(tmp_path):
    border = time.time() - 60
    touch(tmp_path, "copied.jpg", age_days=3000)  # utime sets the inode's own time to now
    (ref,) = open_listing(str(tmp_path), window=since(border))
    assert ref.modified_us is not None
    assert ref.modified_us < border * 1_000_000  # the row keeps the file's own time


def test_an_edit_dated_ahead_and_a_missing_time_are_kept(tmp_path):
    touch(tmp_path, "ahead.jpg", age_days=-1)
    (tmp_path / "list.txt").write_text(f"{tmp_path}/ahead.jpg\n{tmp_path}/gone.jpg\n")
    refs = list(open_listing(f"{tmp_path}/list.txt", window=since(time.time() + 60)))
    assert [Path(ref.location).name for ref in refs] == ["ahead.jpg", "gone.jpg"]


def test_one_photo_may_be_older_too(tmp_path, bucket):
    touch(tmp_path, "a.jpg")
    with fsspec.open(f"{bucket}/a.jpg", "wb") as file:
        file.write(b"x")
    (tmp_path / "list.txt").write_text(f"{bucket}/a.jpg\n")
    for source in (f"{tmp_path}/a.jpg", f"{bucket}/a.jpg", bucket, f"{tmp_path}/list.txt"):
        listing = open_listing(source, window=since(time.time() + 60))
        assert list(listing) == []
        assert listing.counts.older == 1, source


def test_objects_are_judged_by_the_time_of_their_upload(s3_endpoint):
    import boto3

    client = boto3.client("s3")
    client.create_bucket(Bucket="uploads")
    for name in ("a.jpg", "b.jpg", "unclear", "notes.txt"):
        client.put_object(Bucket="uploads", Key=name, Body=b"x")
    last = client.head_object(Bucket="uploads", Key="a.jpg")["LastModified"].timestamp()
    listing = open_listing("s3://uploads", window=since(last))
    assert [ref.location for ref in listing][:1] == ["s3://uploads/a.jpg"]  # at the border: kept
    listing = open_listing("s3://uploads", window=since(last + 60))
    assert list(listing) == []
    assert (listing.counts.older, listing.counts.not_photos) == (3, 1)
