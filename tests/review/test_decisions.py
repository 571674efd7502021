"""Decisions are durable, in order, and written once, whoever asks however often."""

import random
from datetime import timedelta

import pyarrow as pa
import pytest
from made_decisions import NOON, Clock, choice_of, ids, item_of

from landmark_core.errors import ConfigError, RunError
from landmark_core.review.decisions import PART_ROWS, DecisionLog
from landmark_core.review.standing import version_of_item
from landmark_core.tables import REVIEWS_SCHEMA, Store, reviews_path, to_parquet


def log_of(out, clock=None, seed: int = 1) -> DecisionLog:
    log = DecisionLog(Store(str(out)), clock=clock or Clock(), rng=random.Random(seed))
    log.load()
    return log


def rows_in(out) -> list[dict]:
    store = Store(str(out))
    tables = list(store.read_parts(store.list_reviews(), REVIEWS_SCHEMA))
    return pa.concat_tables(tables).to_pylist() if tables else []


def settled_tag(log: DecisionLog, number: int) -> str | None:
    settled = log.photo(f"{number:032x}", version_of_item(item_of(number))).settled
    return settled and settled.tag


def test_a_decision_says_what_the_model_had_said(tmp_path):
    (first,) = ids(1)
    log_of(tmp_path).decide(first, "ann", [choice_of(1, tag="Arch")])
    (row,) = rows_in(tmp_path)
    assert row["decision"] == "corrected"
    assert row["action_id"] == first
    assert (row["tag"], row["model_tag"], row["model_decision"]) == ("Arch", "Dome", "review")
    assert row["model_confidence"] == pytest.approx(0.5)
    assert (row["reviewer"], row["seconds"], row["shown_by"]) == ("ann", 1.5, "margin")
    assert row["undoes"] is None


@pytest.mark.parametrize(
    ("answer", "tag", "verdict"),
    [
        pytest.param("tag", "Dome", "accepted", id="what-the-model-said"),
        pytest.param("tag", "Arch", "corrected", id="another"),
        pytest.param("not_a_landmark", None, "not_a_landmark", id="none"),
        pytest.param("skip", None, "skipped", id="skip"),
    ],
)
def test_the_answer_becomes_a_verdict(tmp_path, answer, tag, verdict):
    log_of(tmp_path).decide(ids(1)[0], "ann", [choice_of(1, answer, tag)])
    assert [row["decision"] for row in rows_in(tmp_path)] == [verdict]


def test_the_same_action_again_writes_nothing_also_after_a_restart(tmp_path):
    (first,) = ids(1)
    log = log_of(tmp_path)
    written = log.decide(first, "ann", [choice_of(1), choice_of(2)])
    assert log.decide(first, "ann", [choice_of(1), choice_of(2)]) == written
    again = log_of(tmp_path, seed=2)
    assert again.decide(first, "ann", [choice_of(1), choice_of(2)]) == written
    assert len(rows_in(tmp_path)) == 2


def test_undo_takes_back_a_whole_group_and_no_more(tmp_path):
    one, group, undo, *_ = ids(5)
    log = log_of(tmp_path)
    log.decide(one, "ann", [choice_of(1)])
    log.decide(group, "ann", [choice_of(2), choice_of(3)])
    assert log.undo(undo, "ann", None, uri_of=str).action_id == group
    assert log.undo(undo, "ann", None, uri_of=str).action_id == group  # sent again
    again = log_of(tmp_path, seed=2)
    for known in (log, again):
        assert [settled_tag(known, number) for number in (1, 2, 3)] == ["Dome", None, None]
    assert again.undo(undo, "ann", None, uri_of=str).action_id == group
    assert len(rows_in(tmp_path)) == 5


def test_nothing_to_undo_is_said(tmp_path):
    first, second = ids(2)
    log = log_of(tmp_path)
    assert log.undo(first, "ann", None, uri_of=str) is None
    log.decide(first, "ann", [choice_of(1)])
    assert log.undo(second, "bob", None, uri_of=str) is None  # it is not his
    assert log.undo(second, "ann", "01ARZ3NDEKTSV4RRFFQ69G5FAV", uri_of=str) is None


def test_two_reviewers_disagree_and_the_newest_counts(tmp_path):
    first, second = ids(2)
    clock = Clock()
    ann, bob = log_of(tmp_path, clock, 1), log_of(tmp_path, clock, 2)
    ann.decide(first, "ann", [choice_of(1)])
    clock.now += timedelta(seconds=1)
    bob.decide(second, "bob", [choice_of(1, tag="Arch")])
    assert ann.refresh() == {f"{1:032x}"}
    assert bob.refresh() == {f"{1:032x}"}
    for log in (ann, bob, log_of(tmp_path)):
        found = log.photo(f"{1:032x}", version_of_item(item_of(1)))
        assert found.disagree
        assert found.settled.tag == "Arch"
        assert [opinion.reviewer for opinion in found.opinions] == ["bob", "ann"]
    assert len(Store(str(tmp_path)).list_reviews()) == 2


def test_a_growing_part_of_another_server_is_read_on(tmp_path):
    first, second = ids(2)
    ann, bob = log_of(tmp_path, seed=1), log_of(tmp_path, seed=2)
    ann.decide(first, "ann", [choice_of(1)])
    assert bob.refresh() == {f"{1:032x}"}
    ann.decide(second, "ann", [choice_of(2)])
    assert bob.refresh() == {f"{2:032x}"}
    assert bob.refresh() == frozenset()


def test_a_server_that_was_not_asked_for_days_knows_how_a_part_of_another_one_ended(tmp_path):
    first, second = ids(2)
    clock = Clock()
    ann, bob = log_of(tmp_path, clock, 1), log_of(tmp_path, clock, 2)
    ann.decide(first, "ann", [choice_of(1)])
    assert bob.refresh() == {f"{1:032x}"}
    clock.now += timedelta(hours=1)
    ann.decide(second, "ann", [choice_of(2)])
    clock.now += timedelta(days=3)
    assert bob.refresh() == {f"{2:032x}"}
    assert bob.refresh() == frozenset()


def test_times_and_ids_ascend_although_the_clock_goes_back(tmp_path):
    clock = Clock()
    log = log_of(tmp_path, clock)
    for number, action_id in enumerate(ids(6)):
        clock.now = NOON - timedelta(minutes=number)
        log.decide(action_id, "ann", [choice_of(number), choice_of(number + 100)])
    rows = rows_in(tmp_path)
    for column in ("decided_at", "decision_id"):
        values = [row[column] for row in rows]
        assert values == sorted(set(values))


def test_parts_are_few_and_bounded(tmp_path):
    log = log_of(tmp_path)
    for number, action_id in enumerate(ids(7)):
        log.decide(action_id, "ann", [choice_of(100 * number + i) for i in range(100)])
    store = Store(str(tmp_path))
    sizes = [len(table) for table in store.read_parts(store.list_reviews(), REVIEWS_SCHEMA)]
    assert sum(sizes) == 700
    assert len(sizes) == 2
    assert max(sizes) <= PART_ROWS


def test_what_could_not_be_written_did_not_happen_and_can_be_sent_again(tmp_path, monkeypatch):
    first, second = ids(2)
    log = log_of(tmp_path)
    log.decide(first, "ann", [choice_of(1)])
    (tmp_path / "reviews").rename(tmp_path / "kept")
    (tmp_path / "reviews").write_text("in the way")
    with pytest.raises(RunError, match="expected a folder"):
        log.decide(second, "ann", [choice_of(2)])
    assert settled_tag(log, 2) is None
    (tmp_path / "reviews").unlink()
    (tmp_path / "kept").rename(tmp_path / "reviews")
    log.decide(second, "ann", [choice_of(2)])
    assert [row["action_id"] for row in rows_in(tmp_path)] == [first, second]


def test_a_changed_photo_is_asked_about_again(tmp_path):
    log = log_of(tmp_path)
    log.decide(ids(1)[0], "ann", [choice_of(1)])
    changed = version_of_item(item_of(1, size=2000))
    assert log.photo(f"{1:032x}", changed).settled is None


def test_a_skip_is_no_answer(tmp_path):
    first, second = ids(2)
    log = log_of(tmp_path)
    log.decide(first, "ann", [choice_of(1)])
    log.decide(second, "ann", [choice_of(1, "skip")])
    found = log.photo(f"{1:032x}", version_of_item(item_of(1)))
    assert found.settled.tag == "Dome"
    assert found.skipped is not None


def test_old_files_without_the_later_columns_count(tmp_path):
    log_of(tmp_path).decide(ids(1)[0], "ann", [choice_of(1)])
    (path,) = (tmp_path / "reviews").iterdir()
    store = Store(str(tmp_path))
    (table,) = store.read_parts(store.list_reviews(), REVIEWS_SCHEMA)
    path.write_bytes(to_parquet(table.drop_columns(["action_id", "model_decision", "shown_by"])))
    log = log_of(tmp_path)
    assert settled_tag(log, 1) == "Dome"
    assert log.undo(ids(2)[1], "ann", None, uri_of=str) is not None
    assert settled_tag(log, 1) is None


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        pytest.param(lambda t: t.drop_columns(["tag"]), "no column 'tag'", id="missing-column"),
        pytest.param(
            lambda t: t.set_column(0, "decision_id", pa.array([7])), "got int64", id="wrong-type"
        ),
        pytest.param(
            lambda t: t.set_column(7, "decision", pa.array(["delete"])), "'delete'", id="word"
        ),
        pytest.param(
            lambda t: t.set_column(9, "reviewer", pa.array([None], pa.string())),
            "'reviewer'",
            id="nobody",
        ),
    ],
)
def test_a_foreign_file_is_named_in_one_line(tmp_path, change, complaint):
    log_of(tmp_path).decide(ids(1)[0], "ann", [choice_of(1)])
    store = Store(str(tmp_path))
    (table,) = store.read_parts(store.list_reviews(), REVIEWS_SCHEMA)
    columns = pa.schema([field.with_nullable(True) for field in table.schema])
    hostile = change(pa.Table.from_arrays(table.columns, schema=columns))
    path = tmp_path / reviews_path("01ARZ3NDEKTSV4RRFFQ69G5FAV")
    path.write_bytes(to_parquet(hostile))
    with pytest.raises(ConfigError, match=complaint) as caught:
        log_of(tmp_path)
    assert "01ARZ3NDEKTSV4RRFFQ69G5FAV" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_bucket_keeps_decisions_too():
    out = "memory://decisions-test"
    log_of(out).decide(ids(1)[0], "ann", [choice_of(1)])
    assert settled_tag(log_of(out, seed=3), 1) == "Dome"
