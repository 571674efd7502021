"""A foreign or broken Parquet file among tags or reviews: one line that names it, whoever reads."""

import random
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fuzzing import out as template

from landmark_core.cli import main
from landmark_core.dashboard import status_to_text
from landmark_core.errors import ConfigError, LandmarkError, RunError
from landmark_core.review.catalogue import open_catalogue
from landmark_core.review.decisions import DecisionLog
from landmark_core.tables import (
    Store,
    count_work,
    current_tags,
    parts,
    read_shard,
    read_shards,
    status_counts,
)

PART = f"tags/run={template.SECOND}/part-000000.parquet"
REVIEW = "reviews/part-01JD0000000000000000000000.parquet"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    template.write_out(tmp_path / "out")
    return tmp_path / "out"


def status(store: Store) -> None:
    status_counts(store)


def tag(store: Store) -> None:
    count_work(store, map(template.ref, range(12)), key=template.KEY)


def review(store: Store) -> None:
    log = DecisionLog(store, clock=lambda: datetime.now(UTC), rng=random.Random(0))
    log.load()
    with open_catalogue(store, log.photo_ids()) as catalogue:
        for number in range(len(catalogue)):
            catalogue.item(number)


def export(store: Store) -> None:
    log = DecisionLog(store, clock=lambda: datetime.now(UTC), rng=random.Random(0))
    log.load()
    for batch in current_tags(store):
        batch.validate(full=True)


READERS = (status, tag, review, export)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def rewrite(path: Path, table: pa.Table, **options: object) -> None:
    pq.write_table(table, path, **options)


def without_a_column(path: Path) -> None:
    # One that all readers of the file want.
    rewrite(path, pq.read_table(path, partitioning=None).drop_columns(["photo_id"]))


def of_another_kind(path: Path) -> None:
    table = pq.read_table(path, partitioning=None)
    at = table.column_names.index("photo_id")
    rewrite(path, table.set_column(at, "photo_id", pa.array(range(len(table)), pa.int64())))


def not_utf8(path: Path) -> None:
    table = pq.read_table(path, partitioning=None)
    raw = pa.array([b"\xff\xfe"] * len(table), pa.binary())
    text = pa.Array.from_buffers(pa.string(), len(raw), raw.buffers())
    rewrite(path, table.set_column(table.column_names.index("photo_id"), "photo_id", text))


def bomb(path: Path) -> None:
    """Two gigabytes in some kilobytes, by the footer's own word."""
    table = pq.read_table(path, partitioning=None)
    text = pa.array(["0" * 2**20] * len(table), pa.string())
    place = table.column_names.index("photo_id")
    rewrite(path, table.set_column(place, "photo_id", text), use_dictionary=False)


BREAKAGES = {
    "cut": cut,
    "empty": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_text("no table\n" * 100),
    "zeros": lambda path: path.write_bytes(bytes(5000)),
    "lacks a column": without_a_column,
    "other kind": of_another_kind,
    "not UTF-8": not_utf8,
    "bomb": bomb,
}


@pytest.mark.parametrize("breakage", BREAKAGES)
@pytest.mark.parametrize("file", [PART, REVIEW], ids=["tags", "reviews"])
def test_readers_name_the_file(out, file, breakage, monkeypatch):
    if breakage == "bomb":
        monkeypatch.setattr(parts, "MOST_UNPACKED", 2**20)
    BREAKAGES[breakage](out / file)
    for read in READERS:
        if file == REVIEW and read is tag:
            read(Store(str(out)))  # planning asks no people
            continue
        with pytest.raises(ConfigError) as failure:
            read(Store(str(out)))
        assert file in str(failure.value), read.__name__
        assert "\n" not in str(failure.value)


def test_a_long_text_that_every_row_repeats_is_refused_too(out, monkeypatch):
    """A dictionary holds it once, so the footer's sizes are small."""
    monkeypatch.setattr(parts, "MOST_UNPACKED", 2**22)
    rows = pq.read_table(out / PART, partitioning=None)
    table = pa.concat_tables([rows] * 2000)
    column = pa.DictionaryArray.from_arrays(pa.array([0] * len(table), pa.int32()), ["0" * 5000])
    text = column.cast(pa.string())
    rewrite(out / PART, table.set_column(0, "photo_id", text))
    assert (out / PART).stat().st_size < 2**20
    with pytest.raises(ConfigError, match="its rows take more than"):
        status(Store(str(out)))


@pytest.mark.parametrize("moment", [2**63 - 1, -(2**63), 253_402_300_800_000_000])
def test_a_moment_that_no_clock_shows_is_refused(out, moment):
    table = pq.read_table(out / PART, partitioning=None)
    place = table.column_names.index("tagged_at")
    field = table.schema.field("tagged_at")
    moments = pa.array([moment] * len(table), pa.int64()).cast(field.type)
    rewrite(out / PART, table.set_column(place, field, moments))
    with pytest.raises(ConfigError, match="tagged_at is out of the years 1 to 9999"):
        status(Store(str(out)))


def test_tags_with_empty_cells_are_refused(out):
    table = pq.read_table(out / PART, partitioning=None)
    place = table.column_names.index("tags")
    kind = pa.list_(pa.struct([("tag", pa.string()), ("confidence", pa.float32())]))
    tags = pa.array([[None]] * len(table), kind)
    rewrite(out / PART, table.set_column(place, "tags", tags))
    with pytest.raises(ConfigError, match=r"tags have empty cells|has nulls"):
        export(Store(str(out)))


@pytest.mark.parametrize("command", ["status", "compact", "export", "review"])
def test_commands_say_it_in_one_line(out, command, capsys):
    BREAKAGES["text"](out / PART)
    options = {
        "compact": ["--older-than", "0", "--grace", "0"],
        "export": ["--format", "csv", "--to", str(out / "sheet.csv")],
        "review": ["--summary"],
    }
    code = main([command, str(out), *options.get(command, [])])
    said = capsys.readouterr().err
    if command == "compact":  # leaves alone what is no table of ours
        assert code == 0
        return
    assert code == 2
    assert said.count("\n") == 1
    assert PART in said


@pytest.mark.parametrize("breakage", ["cut", "empty", "text", "lacks a column", "other kind"])
def test_a_broken_plan_is_told_where_a_backfill_needs_it(out, breakage):
    BREAKAGES[breakage](out / f"runs/{template.BACKFILL}.plan.parquet")
    with pytest.raises(LandmarkError, match=rf"{template.BACKFILL}\.plan\.parquet"):
        tag(Store(str(out)))


def change_plan(path: Path, change) -> None:
    rewrite(path, change(pq.read_table(path, partitioning=None)), row_group_size=4)


@pytest.mark.parametrize(
    "change",
    [
        lambda rows: rows.drop_columns(["location"]),
        lambda rows: rows.drop_columns(["modified_us"]),
        lambda rows: rows.set_column(2, "location", pa.nulls(len(rows), pa.binary())),
        lambda rows: rows.set_column(0, "photo_id", pa.nulls(len(rows), pa.string())),
        lambda rows: rows.set_column(3, "size_bytes", pa.array(["a"] * len(rows))),
    ],
    ids=["no location", "no time", "null locations", "null ids", "texts"],
)
def test_a_foreign_plan_is_told_where_its_shards_are_read(out, change):
    change_plan(out / f"runs/{template.BACKFILL}.plan.parquet", change)
    store = Store(str(out))
    with pytest.raises(RunError, match=rf"{template.BACKFILL}\.plan\.parquet cannot be read"):
        read_shard(store, read_shards(store, template.BACKFILL)[0])


def test_further_columns_of_a_plan_are_passed_over(out):
    name = out / f"runs/{template.BACKFILL}.plan.parquet"
    change_plan(name, lambda rows: rows.append_column("odd", pa.nulls(len(rows))))
    store = Store(str(out))
    assert len(read_shard(store, read_shards(store, template.BACKFILL)[0])) == 4


def test_a_column_whose_footer_is_broken_does_not_end_the_process(out):
    """Arrow throws what Python cannot catch where such a column is asked for by itself."""
    data = (Path(__file__).parent / "broken-histogram.parquet").read_bytes()
    (out / PART).write_bytes(data)
    for read in READERS:
        with pytest.raises(ConfigError, match=PART):
            read(Store(str(out)))


@pytest.mark.parametrize(("file", "column"), [(PART, "decision"), (REVIEW, "model_decision")])
def test_a_column_that_stands_twice_is_refused(out, file, column):
    """Also one that files of an earlier version may lack."""
    table = pq.read_table(out / file, partitioning=None)
    rewrite(out / file, table.append_column(column, pa.nulls(len(table), pa.string())))
    with pytest.raises(ConfigError, match=f"column '{column}' stands twice"):
        review(Store(str(out)))


def test_a_photo_that_is_ok_and_has_no_decision_is_named_among_the_failures(out):
    table = pq.read_table(out / PART, partitioning=None)
    place = table.column_names.index("decision")
    rewrite(out / PART, table.set_column(place, "decision", pa.nulls(len(table), pa.string())))
    found = status_counts(Store(str(out)))
    assert {kind.status for kind in found.failures} == {"ok", "corrupt"}
    assert "s3://bucket/photos/" in status_to_text(found, "out")
