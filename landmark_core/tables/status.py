"""What OUT holds, as counts: for `landmarks status` and for anybody who looks after a library."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from landmark_core.tables.current import read_current
from landmark_core.tables.merges import merged_parts
from landmark_core.tables.names import (
    COMPACTED,
    finished_runs,
    open_backfills,
    planned_runs,
    run_of_part,
)
from landmark_core.tables.schema import TAGS_SCHEMA, subset
from landmark_core.tables.scratch import Scratch, open_scratch
from landmark_core.tables.store import Store

RunState = Literal["finished", "running", "interrupted", "open"]  # open: a backfill goes on

_ROW_COLUMNS = subset(TAGS_SCHEMA, "uri", "status", "error", "decision", "tag")
_MODEL_COLUMNS = subset(TAGS_SCHEMA, "model_id", "preprocess_id", "tagged_at")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_TABLES = """
CREATE TABLE current_rows (
    status VARCHAR, final_decision VARCHAR, final_tag VARCHAR, settled_by VARCHAR,
    uri VARCHAR, error VARCHAR
);
CREATE TABLE models (model_id VARCHAR, preprocess_id VARCHAR, rows BIGINT, low BIGINT, high BIGINT);
"""

_INSERT_CURRENT = """
INSERT INTO current_rows
SELECT status, final_decision, final_tag, settled_by,
       CASE WHEN final_decision IS NULL THEN uri END,
       CASE WHEN final_decision IS NULL THEN error END
FROM incoming
"""

_INSERT_MODELS = """
INSERT INTO models
SELECT model_id, preprocess_id, count(*), min(epoch_us(tagged_at)), max(epoch_us(tagged_at))
FROM incoming GROUP BY model_id, preprocess_id
"""


# Of the photos as they are now: who skipped last, and whose words differ.
_OPINIONS = """
WITH standing AS (
    SELECT * FROM reviews
    WHERE decision IS NOT NULL AND undoes IS NULL
      AND decision_id NOT IN (SELECT undoes FROM reviews WHERE undoes IS NOT NULL)
), here AS (
    SELECT standing.* FROM standing
    SEMI JOIN (SELECT version FROM keys JOIN newest USING (number)) AS present USING (version)
), last_words AS (
    SELECT arg_max(decision, moment) AS decision FROM here GROUP BY version
), words AS (
    SELECT version, arg_max({'none': decision = 'not_a_landmark', 'tag': tag}, moment) AS said
    FROM here WHERE decision <> 'skipped' GROUP BY version, reviewer
), disputed AS (
    SELECT version FROM words GROUP BY version HAVING count(DISTINCT said) > 1
)
SELECT (SELECT count(*) FROM last_words WHERE decision = 'skipped'),
       (SELECT count(*) FROM disputed)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureKind:
    """Photos that cannot be read for one kind of reason, with one of them as an example."""

    status: str
    photos: int
    uri: str
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSeen:
    """A model that wrote rows, current or not."""

    model_id: str
    preprocess_id: str
    rows: int
    first_tagged_at: datetime  # UTC
    last_tagged_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSeen:
    """A run that left something in OUT."""

    run_id: str
    state: RunState
    parts: int  # finished shards whose rows are there
    merged: int = 0  # of these, in files that compactions made of several


@dataclass(frozen=True, slots=True, kw_only=True)
class LibraryStatus:
    """The state of a library; photos = tagged + review + no_landmark + those of the failures."""

    photos: int
    tagged: int
    review: int  # waiting for a person
    no_landmark: int
    reviewed: int  # settled by a person
    reviewers: tuple[tuple[str, int], ...]  # whose decisions stand, most photos first
    skipped: int  # left to somebody else, last of all that was said
    disagreements: int  # photos on which two people's newest words differ
    tags: tuple[tuple[str, int], ...]  # photos by final tag, most first
    failures: tuple[FailureKind, ...]  # most first
    models: tuple[ModelSeen, ...]  # newest rows last
    runs: tuple[RunSeen, ...]  # oldest first


def status_counts(store: Store, *, top: int = 10) -> LibraryStatus:
    """Count what is known of each photo now.

    Args:
        store: OUT; only read. One that does not exist is empty.
        top: how many tags to name.

    Raises:
        ConfigError: if a file of tags or reviews is broken or foreign.
        RunError: if scratch room runs out.
    """
    with open_scratch() as scratch:
        scratch.database.execute(_TABLES)
        for rows in read_current(store, scratch, _ROW_COLUMNS):
            scratch.insert(_INSERT_CURRENT, rows)
        for rows in store.read_parts(store.list_parts(), _MODEL_COLUMNS):
            scratch.insert(_INSERT_MODELS, rows)
        photos, tagged, review, no_landmark, reviewed = scratch.numbers(
            "SELECT count(*), count(*) FILTER (final_decision = 'tagged'), "
            "count(*) FILTER (final_decision = 'review'), "
            "count(*) FILTER (final_decision = 'no_landmark'), "
            "count(*) FILTER (settled_by = 'person') FROM current_rows"
        )
        skipped, disagreements = scratch.numbers(_OPINIONS)
        return LibraryStatus(
            photos=photos,
            tagged=tagged,
            review=review,
            no_landmark=no_landmark,
            reviewed=reviewed,
            reviewers=_reviewers(scratch),
            skipped=skipped,
            disagreements=disagreements,
            tags=_tags(scratch, top),
            failures=_failures(scratch),
            models=_models(scratch),
            runs=_runs(store),
        )


def _tags(scratch: Scratch, top: int) -> tuple[tuple[str, int], ...]:
    return tuple(
        scratch.database.execute(
            "SELECT final_tag, count(*) AS photos FROM current_rows WHERE final_tag IS NOT NULL "
            "GROUP BY final_tag ORDER BY photos DESC, final_tag LIMIT $top",
            {"top": top},
        ).fetchall()
    )


def _reviewers(scratch: Scratch) -> tuple[tuple[str, int], ...]:
    return tuple(
        scratch.database.execute(
            "SELECT reviewer, count(*) AS photos FROM newest WHERE review IS NOT NULL "
            "GROUP BY reviewer ORDER BY photos DESC, reviewer"
        ).fetchall()
    )


def _failures(scratch: Scratch) -> tuple[FailureKind, ...]:
    found = scratch.database.execute(
        "SELECT status, count(*) AS photos, min(uri), arg_min(coalesce(error, ''), uri) "
        "FROM current_rows WHERE final_decision IS NULL "
        "GROUP BY status ORDER BY photos DESC, status"
    ).fetchall()
    return tuple(
        FailureKind(status=status, photos=photos, uri=uri, error=error)
        for status, photos, uri, error in found
    )


def _models(scratch: Scratch) -> tuple[ModelSeen, ...]:
    found = scratch.database.execute(
        "SELECT model_id, preprocess_id, sum(rows)::BIGINT, min(low), max(high) AS newest "
        "FROM models GROUP BY model_id, preprocess_id ORDER BY newest, model_id, preprocess_id"
    ).fetchall()
    return tuple(
        ModelSeen(
            model_id=model_id,
            preprocess_id=preprocess_id,
            rows=rows,
            first_tagged_at=_EPOCH + timedelta(microseconds=low),
            last_tagged_at=_EPOCH + timedelta(microseconds=high),
        )
        for model_id, preprocess_id, rows, low, high in found
    )


def _runs(store: Store) -> tuple[RunSeen, ...]:
    """Tell the runs apart: a run without its run file was killed, or is the one going on now."""
    names = store.place.list_names("runs")
    merged = merged_parts(store.place)
    parts = Counter(dict.fromkeys((*planned_runs(names), *finished_runs(names)), 0))
    parts.update(run for part in store.list_parts() if (run := run_of_part(part)))
    parts.update(merged)
    finished, backfills = set(finished_runs(names)), set(open_backfills(names))
    runs = sorted(run_id for run_id in parts if not run_id.startswith(COMPACTED))
    unfinished = [run_id for run_id in runs if run_id not in finished | backfills]
    running = unfinished[-1:] if store.holder() else []

    def state(run_id: str) -> RunState:
        if run_id in finished:
            return "finished"
        if run_id in backfills:
            return "open"
        return "running" if run_id in running else "interrupted"

    return tuple(
        RunSeen(run_id=run, state=state(run), parts=parts[run], merged=merged[run]) for run in runs
    )
