"""What OUT holds, as counts: for `landmarks status` and for anybody who looks after a library.

Rows are counted in groups while they stream by, so that memory follows the kinds of photos (tag,
month, decision) and not their number.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from landmark_core.errors import ConfigError
from landmark_core.tables.current import read_current
from landmark_core.tables.library_status import (
    FailureKind,
    LandmarkCount,
    LibraryStatus,
    ModelMonth,
    ModelSeen,
    MonthCount,
)
from landmark_core.tables.numbered import numbered
from landmark_core.tables.runs_seen import list_runs
from landmark_core.tables.schema import TAGS_SCHEMA, subset
from landmark_core.tables.scratch import Scratch, open_scratch
from landmark_core.tables.store import Store

LANDMARKS = 40  # that are counted by name
_RUNS_ASKED = 100  # run files that are read for the names of models, at most

_ROW_COLUMNS = subset(TAGS_SCHEMA, "uri", "modified_at", "status", "error", "decision", "tag")
_MODEL_COLUMNS = subset(TAGS_SCHEMA, "model_id", "preprocess_id", "tagged_at")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# Months are numbers, so that they sort: twelve times the year, in UTC, and the month from 0.
_TABLES = """
CREATE MACRO month_of(time) AS
    year(make_timestamp(epoch_us(time))) * 12 + month(make_timestamp(epoch_us(time))) - 1;
CREATE TABLE kinds (
    final_decision VARCHAR, final_tag VARCHAR, guess VARCHAR, settled_by VARCHAR,
    month BIGINT, photos BIGINT
);
CREATE TABLE failures (status VARCHAR, photos BIGINT, uri VARCHAR, error VARCHAR);
CREATE TABLE models (
    model_id VARCHAR, preprocess_id VARCHAR, month BIGINT, rows BIGINT, low BIGINT, high BIGINT
);
"""

_INSERT_KINDS = """
INSERT INTO kinds
SELECT final_decision, final_tag, CASE WHEN final_decision = 'review' THEN tag END, settled_by,
       month_of(modified_at), count(*)
FROM incoming GROUP BY ALL
"""

_INSERT_FAILURES = """
INSERT INTO failures
SELECT status, count(*), min(uri), arg_min(coalesce(error, ''), uri)
FROM incoming WHERE final_decision IS NULL GROUP BY status
"""

_INSERT_MODELS = """
INSERT INTO models
SELECT model_id, preprocess_id, month_of(tagged_at), count(*),
       min(epoch_us(tagged_at)), max(epoch_us(tagged_at))
FROM incoming GROUP BY ALL
"""

_NUMBERS = """
SELECT coalesce(sum(photos), 0)::BIGINT,
       coalesce(sum(photos) FILTER (final_decision = 'tagged'), 0)::BIGINT,
       coalesce(sum(photos) FILTER (final_decision = 'review'), 0)::BIGINT,
       coalesce(sum(photos) FILTER (final_decision = 'no_landmark'), 0)::BIGINT,
       coalesce(sum(photos) FILTER (settled_by = 'person'), 0)::BIGINT
FROM kinds
"""

_LANDMARKS = """
SELECT coalesce(final_tag, guess) AS name,
       coalesce(sum(photos) FILTER (final_tag IS NOT NULL), 0)::BIGINT AS tagged,
       coalesce(sum(photos) FILTER (final_tag IS NOT NULL AND settled_by = 'person'), 0)::BIGINT,
       coalesce(sum(photos) FILTER (guess IS NOT NULL), 0)::BIGINT AS waiting
FROM kinds WHERE name IS NOT NULL
GROUP BY name ORDER BY tagged DESC, waiting DESC, name LIMIT $top
"""

_MONTHS = """
SELECT month,
       coalesce(sum(photos) FILTER (final_decision = 'tagged'), 0)::BIGINT,
       coalesce(sum(photos) FILTER (final_decision = 'review'), 0)::BIGINT,
       coalesce(sum(photos) FILTER (final_decision = 'no_landmark'), 0)::BIGINT,
       coalesce(sum(photos) FILTER (final_decision IS NULL), 0)::BIGINT
FROM kinds GROUP BY month ORDER BY month NULLS FIRST
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
        for rows in numbered(read_current(store, scratch, _ROW_COLUMNS)):
            scratch.insert(_INSERT_KINDS, rows)
            scratch.insert(_INSERT_FAILURES, rows)
        for rows in numbered(store.read_parts(store.list_parts(), _MODEL_COLUMNS)):
            scratch.insert(_INSERT_MODELS, rows)
        photos, tagged, review, no_landmark, reviewed = scratch.numbers(_NUMBERS)
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
            models=_named(store, _models(scratch)),
            runs=list_runs(store),
            landmarks=_landmarks(scratch),
            landmarks_known=_landmarks_known(scratch),
            months=_months(scratch),
            model_months=_model_months(scratch),
        )


def _tags(scratch: Scratch, top: int) -> tuple[tuple[str, int], ...]:
    return tuple(
        scratch.database.execute(
            "SELECT final_tag, sum(photos)::BIGINT AS found FROM kinds "
            "WHERE final_tag IS NOT NULL "
            "GROUP BY final_tag ORDER BY found DESC, final_tag LIMIT $top",
            {"top": top},
        ).fetchall()
    )


def _landmarks(scratch: Scratch) -> tuple[LandmarkCount, ...]:
    found = scratch.database.execute(_LANDMARKS, {"top": LANDMARKS}).fetchall()
    return tuple(
        LandmarkCount(tag=tag, photos=photos, by_people=by_people, waiting=waiting)
        for tag, photos, by_people, waiting in found
    )


def _landmarks_known(scratch: Scratch) -> int:
    (count,) = scratch.numbers("SELECT count(DISTINCT coalesce(final_tag, guess)) FROM kinds")
    return count


def _months(scratch: Scratch) -> tuple[MonthCount, ...]:
    return tuple(
        MonthCount(
            month=_month(month),
            tagged=tagged,
            review=review,
            no_landmark=no_landmark,
            failed=failed,
        )
        for month, tagged, review, no_landmark, failed in scratch.database.execute(
            _MONTHS
        ).fetchall()
    )


def _model_months(scratch: Scratch) -> tuple[ModelMonth, ...]:
    found = scratch.database.execute(
        "SELECT model_id, month, sum(rows)::BIGINT FROM models "
        "GROUP BY model_id, month ORDER BY month, model_id"
    ).fetchall()
    return tuple(
        ModelMonth(model_id=model_id, month=_month(month) or "", rows=rows)
        for model_id, month, rows in found
    )


def _month(number: int | None) -> str | None:
    return None if number is None else f"{number // 12:04d}-{number % 12 + 1:02d}"


def _reviewers(scratch: Scratch) -> tuple[tuple[str, int], ...]:
    return tuple(
        scratch.database.execute(
            "SELECT reviewer, count(*) AS photos FROM newest WHERE review IS NOT NULL "
            "GROUP BY reviewer ORDER BY photos DESC, reviewer"
        ).fetchall()
    )


def _failures(scratch: Scratch) -> tuple[FailureKind, ...]:
    found = scratch.database.execute(
        "SELECT status, sum(photos)::BIGINT AS found, min(uri), arg_min(error, uri) FROM failures "
        "GROUP BY status ORDER BY found DESC, status"
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


def _named(store: Store, models: tuple[ModelSeen, ...]) -> tuple[ModelSeen, ...]:
    """Give each model the name that the newest of the runs with it have for it."""
    wanted, names = {model.model_id for model in models}, dict[str, str]()
    for run_id in reversed(store.list_finished()[-_RUNS_ASKED:]):
        if wanted <= names.keys():
            break
        model_id, name = _model_of_run(store, run_id)
        if isinstance(model_id, str) and isinstance(name, str):
            names.setdefault(model_id, name)
    return tuple(replace(model, name=names.get(model.model_id)) for model in models)


def _model_of_run(store: Store, run_id: str) -> tuple[object, object]:
    try:
        model = store.read_run(run_id).summary.get("model")
    except ConfigError:  # a broken run file is no reason to count nothing
        return None, None
    return (model.get("model_id"), model.get("name")) if isinstance(model, dict) else (None, None)
