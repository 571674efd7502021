"""Readers beside a compaction: pandas, DuckDB and our own, each in a loop.

A program that lists files and then opens them meets a gap where one is removed in between, whoever
removes it. So plain readers are asked here up to the removal and after it; ours all the time.
"""

import random
import sys
import threading
import time
from pathlib import Path

import duckdb
import pandas
from nights import NOW, make_library

from landmark_core.tables import CompactionSettings, Store, compact, current_tags

NIGHTS, ROWS = 30, 360
KEY = ["photo_id", "run_id"]


class Reader(threading.Thread):
    """Reads in a loop until it is told to stop; keeps what was wrong."""

    def __init__(self, read):
        super().__init__()
        self.read, self.stop, self.reads, self.wrong = read, threading.Event(), 0, []

    def run(self):
        while not self.stop.is_set() or not self.reads:
            try:
                self.wrong += self.read()
            except Exception as error:  # noqa: BLE001 (whatever it is, the test is to say it)
                self.wrong.append(repr(error))
            self.reads += 1

    def end(self):
        self.stop.set()
        self.join()
        assert self.wrong == []
        assert self.reads >= 2


def judge(rows: int, distinct: int, *, once: bool) -> list[str]:
    if distinct != ROWS or (once and rows != ROWS):
        return [f"{rows} rows, {distinct} different ones"]
    return []


def with_pandas(out: Path):
    frame = pandas.read_parquet(out / "tags", columns=KEY)
    return judge(len(frame), len(frame.drop_duplicates()), once=False)


def with_duckdb(out: Path):
    query = "SELECT count(*), count(DISTINCT (photo_id, run_id))"
    with duckdb.connect() as database:
        ((rows, distinct),) = database.sql(f"{query} FROM '{out}/tags/**/*.parquet'").fetchall()
    return judge(rows, distinct, once=False)


def with_list_parts(out: Path):
    store = Store(str(out))
    names = store.list_parts()
    frame = pandas.concat(pandas.read_parquet(out / name, columns=KEY) for name in names)
    return judge(len(frame), len(frame.drop_duplicates()), once=True)


def with_current_tags(out: Path):
    found = current_tags(Store(str(out))).read_all()
    return [] if len(found) == 7 * 12 else [f"{len(found)} current rows"]


def test_nobody_meets_an_error_and_nobody_misses_a_row(tmp_path):
    store = make_library(str(tmp_path), nights=NIGHTS)
    ours = [Reader(lambda: with_list_parts(tmp_path)), Reader(lambda: with_current_tags(tmp_path))]
    plain = [Reader(lambda: with_pandas(tmp_path)), Reader(lambda: with_duckdb(tmp_path))]
    for reader in (*ours, *plain):
        reader.start()

    def grace(_seconds: float) -> None:
        # As a grace period has to be: longer than what anybody began before the commit.
        enough = [(reader, reader.reads + 2) for reader in (*ours, *plain)]
        while any(reader.reads < reads for reader, reads in enough):
            time.sleep(0.01)
        for reader in plain:
            reader.end()

    try:
        settings = CompactionSettings(grace_s=2.0, target_rows=100)
        report = compact(store, settings, now=lambda: NOW, rng=random.Random(3), sleep=grace)
        assert (report.parts_before, report.parts_after, report.removed) == (60, 4, 60)
        assert with_pandas(tmp_path) == with_duckdb(tmp_path) == []
    finally:
        for reader in (*plain, *ours):
            reader.stop.set()
    for reader in ours:
        reader.end()


def test_our_readers_see_each_row_once_between_any_two_changes(tmp_path, monkeypatch):
    """The listing of parts, taken between all changes of names that a compaction makes."""
    store = make_library(str(tmp_path), nights=4)
    rows = 4 * 12
    looks = []

    def look() -> None:
        names = Store(str(tmp_path)).list_parts()
        frame = pandas.concat(pandas.read_parquet(tmp_path / name, columns=KEY) for name in names)
        looks.append((len(frame), len(frame.drop_duplicates())))

    for name in ("replace", "unlink", "rmdir"):
        plain = getattr(Path, name)

        def change(*arguments, plain=plain, **options):
            result = plain(*arguments, **options)
            look()
            return result

        monkeypatch.setattr(Path, name, change)
    settings = CompactionSettings(grace_s=0.0, target_rows=24)
    compact(store, settings, now=lambda: NOW, rng=random.Random(3), sleep=lambda _: None)
    assert len(looks) > 15
    assert set(looks) == {(rows, rows)}


def test_a_listing_that_a_commit_overtakes_is_taken_again(tmp_path, monkeypatch):
    """Names are listed before the commit and the record read after it, or the other way round."""
    store = make_library(str(tmp_path), nights=4)
    compactions = iter(range(1))
    list_names = type(store.place).list_names

    def slow(self, folder):
        names = list_names(self, folder)
        if folder == "tags" and threading.current_thread() is reader and next(compactions, 1) == 0:
            settings = CompactionSettings(grace_s=0.0, target_rows=1000)
            compact(store, settings, now=lambda: NOW, rng=random.Random(3), sleep=lambda _: None)
        return names

    reader = threading.Thread(target=lambda: found.extend(with_list_parts(tmp_path) or ["right"]))
    found: list[str] = []
    monkeypatch.setattr(sys.modules[__name__], "ROWS", 48)
    monkeypatch.setattr(type(store.place), "list_names", slow)
    reader.start()
    reader.join()
    assert found == ["right"]


def test_a_reader_whose_parts_were_merged_and_removed_reads_anew(tmp_path, monkeypatch):
    store = make_library(str(tmp_path), nights=4)
    expected = current_tags(store).read_all().sort_by("photo_id")
    compactions = iter(range(1))
    read_parts = Store.read_parts

    def slow(self, names, schema):
        if next(compactions, 1) == 0:
            settings = CompactionSettings(grace_s=0.0, target_rows=1000)
            compact(store, settings, now=lambda: NOW, rng=random.Random(3), sleep=lambda _: None)
        return read_parts(self, names, schema)

    monkeypatch.setattr(Store, "read_parts", slow)
    assert current_tags(store).read_all().sort_by("photo_id").equals(expected)
