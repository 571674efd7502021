"""Reports: counts by hand, sums, and text that no photo's name can break."""

import dataclasses
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landmark_core.records import DecodedPhoto, PhotoRef, PhotoRow, Prediction, TagScore
from landmark_core.report import (
    FAILURES,
    Counts,
    Failure,
    ModelIdentity,
    PlanSummary,
    RunSummary,
    ShardReport,
    StageSeconds,
    add_confidences,
    add_counts,
    add_failures,
    add_stages,
    add_tags,
    report_shard,
)
from landmark_core.report_json import shard_report_from_json, shard_report_to_json
from landmark_core.report_text import printable, shard_line, to_json, to_markdown, to_text

WHEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def row(
    name: str,
    status: str = "ok",
    decision: str = "tagged",
    tag: str = "Petra",
    confidence: float = 0.9,
) -> PhotoRow:
    ref = PhotoRef(
        photo_id=name, uri=f"/p/{name}", location=name, size_bytes=1, modified_us=2, etag=None
    )
    photo = DecodedPhoto(
        ref=ref,
        status=status,
        error=None if status == "ok" else "why",
        content_sha256=None,
        width=None,
        height=None,
    )
    prediction = Prediction(
        decision=decision,
        tags=(TagScore(tag=tag, confidence=confidence),),
        margin=0.9,
        entropy=0.1,
        energy=None,
    )
    return PhotoRow(
        photo=photo,
        prediction=prediction if status == "ok" else None,
        heatmap="h.jpg" if decision == "review" and status == "ok" else None,
        model_id="m",
        preprocess_id="p",
        run_id="r",
        tagged_at=WHEN,
    )


ROWS = [
    row("a"),
    row("b", tag="Giza"),
    row("c"),
    row("d", decision="review"),
    row("e", decision="no_landmark"),
    row("f", status="corrupt"),
    row("g", status="fetch_error"),
]
REPORT = report_shard(0, ROWS, StageSeconds(forward=1.5, write=0.5), seconds=2.5)


def summary(failures: tuple[Failure, ...] = (), counts: Counts = REPORT.counts) -> RunSummary:
    plan = PlanSummary(
        listed=12,
        not_photos=3,
        links_not_followed=0,
        excluded=0,
        unreadable_folders=0,
        duplicates=0,
        already_done=5,
        failed_before=0,
        to_do=7,
        retried=0,
        shards=1,
    )
    model = ModelIdentity(
        name="starter",
        model_id="abc",
        preprocess_id="def",
        classes=2,
        class_names=("Eiffel Tower", "Taj Mahal"),
        explanation="closed form",
        device="cpu",
        precision="fp32",
        notes=("assumed 224 pixels",),
    )
    return RunSummary(
        run_id="r1",
        version="0",
        started_at=WHEN,
        finished_at=WHEN.replace(second=9),
        settings={"source": "/p"},
        plan=plan,
        model=model,
        counts=counts,
        tags=REPORT.tags,
        failures=failures,
        stages=REPORT.stages,
        confidences=REPORT.confidences,
        start_seconds=1.0,
    )


def test_report_counts_what_the_rows_say():
    assert REPORT.counts == Counts(
        photos=7, ok=5, corrupt=1, fetch_error=1, tagged=3, review=1, no_landmark=1, heatmaps=1
    )
    assert REPORT.counts.failed == 2
    assert REPORT.tags == (("Petra", 2), ("Giza", 1))
    assert [failure.uri for failure in REPORT.failures] == ["/p/f", "/p/g"]


def test_what_was_not_counted_or_timed_is_nothing():
    assert set(dataclasses.astuple(Counts())) == set(dataclasses.astuple(StageSeconds())) == {0}
    assert (summary().plan.older, summary().plan.claimed) == (0, 0)
    assert summary().machine is None


def test_tags_of_equally_many_photos_come_by_name():
    rows = [row("a"), row("b", tag="Giza"), row("c", tag="Zoo"), row("d", tag="Zoo")]
    tags = (("Zoo", 2), ("Giza", 1), ("Petra", 1))
    assert report_shard(0, rows, StageSeconds(), 1.0).tags == tags


def test_a_shard_keeps_its_number_its_time_and_its_reasons():
    rows = [row(str(n), status=status) for n, status in enumerate(FAILURES)]
    found = report_shard(7, rows, REPORT.stages, seconds=2.5)
    assert (found.shard, found.stages, found.seconds) == (7, REPORT.stages, 2.5)
    assert [(one.status, one.error) for one in found.failures] == [
        ("corrupt", "why"),
        ("unsupported", "why"),
        ("too_large", "why"),
        ("fetch_error", "why"),
    ]
    counts = found.counts
    ends = (counts.corrupt, counts.unsupported, counts.too_large, counts.fetch_error)
    assert (ends, counts.ok, counts.failed) == ((1, 1, 1, 1), 0, 4)


def test_sums_are_field_by_field():
    assert add_counts([REPORT.counts, REPORT.counts]).tagged == 6
    assert add_counts([]) == Counts()
    assert add_stages([REPORT.stages] * 3) == StageSeconds(forward=4.5, write=1.5)
    assert add_tags([REPORT, REPORT]) == (("Petra", 4), ("Giza", 2))


@pytest.mark.parametrize(
    ("confidence", "place"),
    [
        pytest.param(0.0, 0, id="none"),
        pytest.param(0.0499, 0, id="below-the-first-border"),
        pytest.param(0.05, 1, id="a-border-opens-its-bin"),
        pytest.param(0.9499, 18, id="last-but-one"),
        pytest.param(1.0, 19, id="certain"),
    ],
)
def test_the_histogram_has_twenty_bins_of_best_confidences(confidence, place):
    rows = [row("a", confidence=confidence), row("b", confidence=0.52), row("c", status="corrupt")]
    found = report_shard(0, rows, StageSeconds(), 1.0).confidences
    expected = [0] * 20
    expected[place] += 1
    expected[10] += 1
    assert found == tuple(expected)


def test_histograms_add_up_bin_by_bin():
    one, two = (1, *[0] * 18, 2), tuple(range(20))
    assert add_confidences([one, two]) == (1, *range(1, 19), 21)
    assert add_confidences([]) == (0,) * 20
    with pytest.raises(ValueError, match="zip"):
        add_confidences([one, (1, 2)])


def test_a_shard_is_one_line_that_collectors_read():
    line = shard_line("r1", dataclasses.replace(REPORT, shard=3))
    assert line.isascii()
    assert "\n" not in line
    assert json.loads(line) == {
        "event": "shard",
        "run_id": "r1",
        "shard": 3,
        "photos": 7,
        "status": {"ok": 5, "corrupt": 1, "unsupported": 0, "too_large": 0, "fetch_error": 1},
        "decision": {"tagged": 3, "review": 1, "no_landmark": 1},
        "heatmaps": 1,
        "seconds": 2.5,
        "photos_per_second": 2.8,
        "stages": {
            "wait_for_photos": 0.0,
            "wait_for_model": 0.0,
            "wait_for_heatmaps": 0.0,
            "write": 0.5,
            "fetch": 0.0,
            "decode": 0.0,
            "forward": 1.5,
            "explain": 0.0,
        },
    }


NUMBERS = st.integers(0, 10**9)
SECONDS = st.floats(0, 1e9)
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=8)  # lone surrogates too
REPORTS = st.builds(
    ShardReport,
    shard=NUMBERS,
    counts=st.builds(Counts, **{field.name: NUMBERS for field in dataclasses.fields(Counts)}),
    tags=st.lists(st.tuples(ANY_TEXT, NUMBERS), max_size=3).map(tuple),
    failures=st.lists(
        st.builds(Failure, status=st.sampled_from(FAILURES), uri=ANY_TEXT, error=ANY_TEXT),
        max_size=3,
    ).map(tuple),
    stages=st.builds(
        StageSeconds, **{field.name: SECONDS for field in dataclasses.fields(StageSeconds)}
    ),
    seconds=SECONDS,
    confidences=st.tuples(*[NUMBERS] * 20),
)


@given(REPORTS)
def test_a_report_comes_back_from_json_as_it_was(report):
    assert shard_report_from_json(json.loads(json.dumps(shard_report_to_json(report)))) == report


def test_a_reports_json_is_of_lists_and_has_its_fields():
    values = shard_report_to_json(REPORT)
    assert values == json.loads(json.dumps(values))
    assert set(values) == {field.name for field in dataclasses.fields(ShardReport)}
    assert values["tags"] == [["Petra", 2], ["Giza", 1]]


@given(REPORTS, ANY_TEXT)
def test_a_shards_line_is_one_line_whatever_the_names(report, run_id):
    line = shard_line(run_id, report)
    assert line.splitlines() == [line]
    assert json.loads(line)["run_id"] == run_id


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"counts": None}, id="no-counts"),
        pytest.param({"stages": {"write": "long"}}, id="stage-without-seconds"),
        pytest.param({"confidences": [1, 2]}, id="two-bins"),
        pytest.param({"tags": [["Petra"]]}, id="tag-without-number"),
    ],
)
def test_other_json_is_no_report(change):
    with pytest.raises(ValueError, match="expected"):
        shard_report_from_json({**shard_report_to_json(REPORT), **change})


def test_stages_that_a_newer_version_wrote_are_passed_over():
    values = shard_report_to_json(REPORT)
    values["stages"] = {**values["stages"], "dream": 1.0}
    assert shard_report_from_json(values) == REPORT


def test_few_examples_of_each_failure_are_kept():
    reports = [
        report_shard(n, [row(f"{n}-{m}", status="corrupt") for m in range(5)], StageSeconds(), 1.0)
        for n in range(4)
    ]
    assert [failure.uri for failure in add_failures(reports)] == ["/p/0-0", "/p/0-1", "/p/0-2"]


def test_text_says_what_a_person_asks():
    text = to_text(summary(REPORT.failures), "OUT")
    for expected in (
        "7 photos done in 4.0 s",
        "already done before: 5",
        "other files, left alone: 3",
    ):
        assert expected in text
    assert "tagged              3   42.9 %" in text
    assert "Petra 2, Giza 1" in text
    assert "corrupt: 1, for example /p/f: why" in text
    assert "assumed 224 pixels" in text
    assert "OUT/heatmaps/run=r1" in text


def test_text_of_a_run_without_work_shows_no_shares():
    assert "%" not in to_text(summary(counts=Counts()), "OUT")


def test_json_has_plain_values():
    values = to_json(summary(REPORT.failures))
    assert values["counts"]["tagged"] == 3
    assert values["tags"] == {"Petra": 2, "Giza": 1}
    assert values["seconds"] == 4.0
    assert values["photos_per_second"] == 1.75
    assert values["started_at"] == "2026-01-02T03:04:05+00:00"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        pytest.param("a\nb", "a\\nb", id="newline"),
        pytest.param("\x1b[31mred", "\\x1b[31mred", id="terminal-escape"),
        pytest.param("gpj.\u202eexe", "gpj.\\u202eexe", id="right-to-left-override"),
        pytest.param("überraschung 🗼", "überraschung 🗼", id="ordinary-unicode"),
    ],
)
def test_names_from_outside_stay_on_their_line(name, shown):
    assert printable(name) == shown
    failure = Failure(status="corrupt", uri=name, error="x | y ![](//z)")
    text = to_text(summary((failure,), Counts(photos=1, corrupt=1)), "OUT")
    assert shown in text
    page = to_markdown(summary((failure,), Counts(photos=1, corrupt=1)), "OUT")
    escaped = shown.replace("\\", "\\\\").replace("[", "\\[")
    assert page.splitlines()[-3] == f"| corrupt | {escaped} | x \\| y \\!\\[\\](//z) |"
