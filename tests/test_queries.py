"""Every snippet of docs/queries.md is run, and its answer compared with plain Python's."""

import random
import re
import shutil
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pandas
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from landmark_core.records import DecodedPhoto, PhotoRef, PhotoRow, Prediction, TagScore
from landmark_core.tables import REVIEWS_SCHEMA, Store, current_tags, rows_to_table

PAGE = (Path(__file__).parents[1] / "docs" / "queries.md").read_text(encoding="utf-8")
START = datetime(2026, 9, 28, 3, tzinfo=UTC)
TAGS = ("Petra", "Pisa", "Alhambra")
Row = dict[str, Any]


def snippets(language: str) -> dict[str, list[str]]:
    """The fenced blocks of a language by the heading that they stand under."""
    found: dict[str, list[str]] = defaultdict(list)
    heading = ""
    pattern = r"^## ([^\n]+)$|^```(\w+)\n(.*?)^```$"
    for title, name, code in re.findall(pattern, PAGE, re.MULTILINE | re.DOTALL):
        heading = title or heading
        if name == language:
            found[heading].append(code)
    return found


SQL, PYTHON = snippets("sql"), snippets("python")


def draw_row(rng: random.Random, number: int, run: int, version: int) -> PhotoRow:
    in_bucket = number % 3 == 0
    day = START - timedelta(days=40 * (number % 4)) + timedelta(hours=version)
    ref = PhotoRef(
        photo_id=f"{number:032x}",
        uri=f"/photos/{number:03d}.jpg",
        location="",
        size_bytes=None if number == 7 else 1000 + number,
        modified_us=None if number in (7, 8) else int(day.timestamp() * 1_000_000) + version,
        etag=f"etag-{number}-{version}" if in_bucket else None,
    )
    status = rng.choices(("ok", "corrupt", "fetch_error"), (8, 1, 1))[0]
    prediction = None
    if status == "ok":
        first, second = rng.sample(TAGS, 2)
        confidence = rng.randrange(50, 100) / 128  # exact in float32
        prediction = Prediction(
            decision=rng.choice(("tagged", "review", "no_landmark")),
            tags=(
                TagScore(tag=first, confidence=confidence),
                TagScore(tag=second, confidence=0.25),
            ),
            margin=confidence - 0.25,
            entropy=1.0,
            energy=None,
        )
    return PhotoRow(
        photo=DecodedPhoto(
            ref=ref,
            status=status,
            error=None if status == "ok" else f"why {number}",
            content_sha256=f"{number // 2:064x}" if status == "ok" else None,
            width=None,
            height=None,
        ),
        prediction=prediction,
        heatmap=f"heatmaps/run=r{run}/{number}.jpg" if prediction else None,
        model_id="model-a" if run < 2 else "model-b",
        preprocess_id="p",
        run_id=f"r{run}",
        tagged_at=START + timedelta(days=9 * run, minutes=number),
    )


def draw_reviews(rng: random.Random, rows: list[PhotoRow]) -> list[Row]:
    reviews: list[Row] = []
    for number in range(60):
        seen = rng.choice(rows)
        ref, prediction = seen.photo.ref, seen.prediction
        decision = rng.choice(("accepted", "corrected", "not_a_landmark", "skipped"))
        undoes = rng.choice(reviews)["decision_id"] if reviews and number % 6 == 0 else None
        reviews.append(
            {
                "decision_id": f"{number:026d}",
                "photo_id": ref.photo_id,
                "uri": ref.uri,
                "size_bytes": ref.size_bytes,
                "modified_at": ref.modified_us,
                "etag": ref.etag,
                "decision": None if undoes else decision,
                "tag": rng.choice(TAGS) if decision == "corrected" else None,
                "reviewer": rng.choice(("ann", "ben")),
                "decided_at": START + timedelta(days=20, seconds=number),
                "model_tag": prediction.tags[0].tag if prediction else None,
                "undoes": undoes,
            }
        )
    return reviews


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose `tagged` has three runs of two models, changed photos and decisions."""
    rng = random.Random(5)
    out = tmp_path_factory.mktemp("queries") / "tagged"
    rows: list[PhotoRow] = []
    for run in range(3):
        numbers = sorted(rng.sample(range(90), 60))
        versions = [rng.choice((0, 0, run)) for _ in numbers]
        drawn = [draw_row(rng, n, run, v) for n, v in zip(numbers, versions, strict=True)]
        Store(str(out)).write_part(f"r{run}", 0, rows_to_table(drawn))
        rows += drawn
    (out / "reviews").mkdir()
    table = pa.Table.from_pylist(draw_reviews(rng, rows), schema=REVIEWS_SCHEMA)
    for part, slice_ in enumerate((table.slice(0, 30), table.slice(30).drop_columns("action_id"))):
        pq.write_table(slice_, out / "reviews" / f"part-{part}.parquet")
    return out.parent


@pytest.fixture(scope="module")
def current(library: Path) -> list[Row]:
    """What the package says of each photo."""
    rows = current_tags(Store(str(library / "tagged"))).read_all().to_pylist()
    assert {row["settled_by"] for row in rows} == {"person", "machine", None}  # all is there
    assert len({row["final_decision"] for row in rows}) == 4
    return rows


@pytest.fixture(scope="module")
def raw(library: Path) -> list[Row]:
    """Every row of tags, once."""
    parts = sorted((library / "tagged" / "tags").rglob("*.parquet"))
    return [row for part in parts for row in pq.ParquetFile(part).read().to_pylist()]


@pytest.fixture(scope="module", params=["at-rest", "during-compaction"])
def database(
    request: pytest.FixtureRequest, library: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB with the page's views; during compaction two runs' rows are there twice."""
    place = tmp_path_factory.mktemp("place")
    shutil.copytree(library / "tagged", place / "tagged")
    if request.param == "during-compaction":
        tags = place / "tagged" / "tags"
        small = [pq.ParquetFile(part).read() for part in sorted(tags.rglob("*.parquet"))[:2]]
        merged = tags / "run=compact-20261101T100000Z-ab12cd"
        merged.mkdir()
        pq.write_table(pa.concat_tables(small), merged / "part-000000.parquet")
    with pytest.MonkeyPatch.context() as patch, duckdb.connect() as connection:
        patch.chdir(place)
        opening, _without_reviews = SQL["Open the tables"]
        connection.execute(opening)
        connection.execute(SQL["Current tags"][0])
        yield connection


def ask(database: duckdb.DuckDBPyConnection, heading: str, number: int = 0) -> list[Row]:
    """Run a snippet; return its rows."""
    result = database.sql(SQL[heading][number])
    return [dict(zip(result.columns, row, strict=True)) for row in result.fetchall()]


FINAL = ("final_decision", "final_tag", "settled_by", "reviewer", "decided_at")


def test_the_current_tags_are_those_of_the_package(database, current):
    found = database.sql("SELECT * FROM current_tags").to_arrow_table().to_pylist()
    assert len(found) == len(current)
    expected = {row["photo_id"]: row for row in current}
    for row in found:
        same = expected[row["photo_id"]]
        assert {name: row[name] for name in same} == same


def test_the_view_without_reviews_stands_in(library, monkeypatch):
    monkeypatch.chdir(library)
    opening, stand_in = SQL["Open the tables"]
    with duckdb.connect() as connection:
        connection.execute(opening.split("\n\n")[0])
        connection.execute(stand_in)
        connection.execute(SQL["Current tags"][0])
        found = connection.sql("SELECT photo_id, decision, final_decision FROM current_tags")
        assert all(decision == final for _, decision, final in found.fetchall())


def run_python(heading: str, number: int) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(compile(PYTHON[heading][number], f"{heading} {number}", "exec"), names)
    return names


def answers(table: pandas.DataFrame) -> dict[str, tuple[object, ...]]:
    names = ["final_decision", "final_tag", "reviewer"]
    plain = table[names].astype(object).where(table[names].notna(), None)
    return dict(zip(table["photo_id"], plain.itertuples(index=False, name=None), strict=True))


def expected_answers(current: list[Row]) -> dict[str, tuple[object, ...]]:
    return {
        row["photo_id"]: (row["final_decision"], row["final_tag"], row["reviewer"])
        for row in current
    }


@pytest.mark.parametrize("number", [0, 1], ids=["by-the-package", "by-pandas-alone"])
@pytest.mark.parametrize("with_reviews", [True, False], ids=["reviewed", "nobody-decided"])
def test_pandas_says_the_same(library, tmp_path, monkeypatch, number, with_reviews):
    out = Path(shutil.copytree(library / "tagged", tmp_path / "tagged"))
    if not with_reviews:
        shutil.rmtree(out / "reviews")
    expected = expected_answers(current_tags(Store(str(out))).read_all().to_pylist())
    monkeypatch.chdir(tmp_path)
    assert answers(run_python("Current tags", number)["current"]) == expected


@pytest.mark.orchestration
def test_spark_says_the_same(library, current, monkeypatch):
    pytest.importorskip("pyspark", reason="pyspark is not installed: pip install pyspark")
    if shutil.which("java") is None:
        pytest.skip("no Java here: Spark needs one")
    # A process of its own: the JVM stays as long as Python does.
    program = PYTHON["Current tags"][2] + "\ncurrent.toPandas().to_json('spark.json')\n"
    monkeypatch.chdir(library)
    subprocess.run([sys.executable, "-c", program], check=True, timeout=200)
    found = pandas.read_json(library / "spark.json", dtype={"photo_id": str})
    assert answers(found) == expected_answers(current)


def test_photos_of_one_landmark(database, current):
    found = ask(database, "Photos of one landmark")
    expected = [row for row in current if row["final_tag"] == "Petra"]
    assert Counter(row["uri"] for row in found) == Counter(row["uri"] for row in expected)
    people = [row["settled_by"] for row in found]
    assert people == sorted(people, reverse=True)  # person before machine
    assert set(people) == {"person", "machine"}


@pytest.mark.parametrize(("number", "time"), [(0, "tagged_at"), (1, "modified_at")])
def test_tags_per_month(database, current, number, time):
    found = ask(database, "Tags per month", number)
    expected = Counter(
        (row[time].astimezone(UTC).date().replace(day=1), row["final_tag"])
        for row in current
        if row["final_decision"] == "tagged" and row[time] is not None
    )
    assert {(row["month"], row["final_tag"]): row["photos"] for row in found} == expected
    assert len({month for month, _ in expected}) > 1


def test_photos_to_review(database, current):
    found = ask(database, "Photos to review")
    waiting = sorted(
        (row for row in current if row["final_decision"] == "review"),
        key=lambda row: row["confidence"],
    )
    assert [row["confidence"] for row in found] == [row["confidence"] for row in waiting]
    heatmaps = {row["uri"]: f"tagged/{row['heatmap']}" for row in waiting}
    assert {row["uri"]: row["heatmap"] for row in found} == heatmaps


def test_failures_by_kind(database, current):
    found = ask(database, "Failures by kind")
    expected = Counter(row["status"] for row in current if row["status"] != "ok")
    assert {row["status"]: row["photos"] for row in found} == expected
    for row in found:
        example = next(photo for photo in current if photo["uri"] == row["example"])
        assert (example["status"], example["error"]) == (row["status"], row["why"])


def newest_answers(raw: list[Row]) -> dict[tuple[str, str], Row]:
    ok = sorted((row for row in raw if row["status"] == "ok"), key=lambda row: row["tagged_at"])
    return {(row["photo_id"], row["model_id"]): row for row in ok}


def answer_of(row: Row) -> str | None:
    return row["tag"] if row["decision"] == "tagged" else None


def test_two_models_on_the_same_photos(database, raw):
    found = ask(database, "Two models on the same photos", 0)
    newest = newest_answers(raw)
    pairs = [
        (row, newest[photo, "model-b"])
        for (photo, model), row in newest.items()
        if model == "model-a" and (photo, "model-b") in newest
    ]
    expected: dict[tuple[str, str], list[bool]] = defaultdict(list)
    for old, new in pairs:
        expected[old["decision"], new["decision"]].append(answer_of(old) == answer_of(new))
    assert {(r["was"], r["now"]): (r["photos"], r["same_answer"]) for r in found} == {
        key: (len(same), sum(same)) for key, same in expected.items()
    }


def test_models_against_people(database, raw, current):
    found = ask(database, "Two models on the same photos", 1)
    said = {row["photo_id"]: row["final_tag"] for row in current if row["settled_by"] == "person"}
    sure = [row for row in raw if row["decision"] != "review"]
    expected: dict[str, list[bool]] = defaultdict(list)
    for (photo, model), row in newest_answers(sure).items():
        if photo in said:
            expected[model].append(answer_of(row) == said[photo])
    assert {r["model_id"]: (r["settled"], r["right_answers"]) for r in found} == {
        model: (len(right), sum(right)) for model, right in expected.items()
    }


def test_runs_of_one_model(database, raw):
    found = ask(database, "Runs of one model")
    expected = Counter((row["model_id"], row["run_id"]) for row in raw)
    assert [(r["model_id"], r["run_id"], r["photos"]) for r in found] == [
        (*key, count) for key, count in expected.items()
    ]


def test_nights(database, raw):
    found = {row["run_id"]: row for row in ask(database, "Nights")}
    assert list(found) == ["r2", "r1", "r0"]
    for run_id, night in found.items():
        rows = [row for row in raw if row["run_id"] == run_id]
        assert night["photos"] == len(rows)
        for name, key, value in (
            ("tagged_percent", "decision", "tagged"),
            ("review_percent", "decision", "review"),
        ):
            share = 100 * sum(row[key] == value for row in rows) / len(rows)
            assert night[name] == pytest.approx(share, abs=0.051)
        failed = 100 * sum(row["status"] != "ok" for row in rows) / len(rows)
        assert night["failed_percent"] == pytest.approx(failed, abs=0.051)


def test_second_best(database, current):
    found = ask(database, "Second best")
    ok = sorted(
        (row for row in current if row["tags"]), key=lambda row: (row["margin"], row["uri"])
    )
    assert [(row["uri"], row["best"], row["second"]) for row in found] == [
        (row["uri"], row["tags"][0]["tag"], row["tags"][1]["tag"]) for row in ok[:20]
    ]


def test_the_same_photo_twice(database, current):
    found = ask(database, "The same photo twice")
    places: dict[str, list[str]] = defaultdict(list)
    for row in sorted(current, key=lambda row: row["uri"]):
        if row["content_sha256"]:
            places[row["content_sha256"]].append(row["uri"])
    assert {row["content_sha256"]: row["places"] for row in found} == {
        content: uris for content, uris in places.items() if len(uris) > 1
    }


def test_rows_once_each_during_compaction(database, raw):
    found = database.sql(SQL["During compaction"][0]).to_arrow_table().to_pylist()
    key = ("tagged_at", "photo_id")
    in_order = sorted(found, key=lambda row: tuple(row[name] for name in key))
    expected = sorted(raw, key=lambda row: tuple(row[name] for name in key))
    assert [{name: row[name] for name in raw[0]} for row in in_order] == expected


def test_a_bucket_is_read_alike(library, raw, s3_endpoint):
    import boto3

    client = boto3.client("s3")
    client.create_bucket(Bucket="photos")
    for part in (library / "tagged").rglob("*.parquet"):
        key = part.relative_to(library).as_posix()
        client.put_object(Bucket="photos", Key=key, Body=part.read_bytes())
    try:
        names = run_python("From a bucket", 0)
    finally:
        duckdb.unregister_filesystem("s3")
        for entry in client.list_objects_v2(Bucket="photos")["Contents"]:
            client.delete_object(Bucket="photos", Key=entry["Key"])
        client.delete_bucket(Bucket="photos")
    assert len(names["tags"]) == len(raw)
    assert names["photos"] == [(len({row["photo_id"] for row in raw}),)]


def test_every_snippet_of_the_page_is_run_by_a_test():
    source = Path(__file__).read_text(encoding="utf-8")
    assert sum(map(len, (*SQL.values(), *PYTHON.values()))) == PAGE.count("\n```\n")
    for heading in (*SQL, *PYTHON):
        assert f'"{heading}"' in source, heading
    assert set(re.findall(r"^```(\w+)$", PAGE, re.MULTILINE)) == {"sql", "python"}
