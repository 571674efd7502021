"""The summary against counting by hand, one decision after the other."""

import math
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from landmark_core.review.interval import wilson
from landmark_core.review.summary import Judged, share_of, summarise
from landmark_core.review.summary_text import summary_to_json, summary_to_text


def judged(model_tag="Dome", confidence=0.55, tag="Dome", by_audit=False, decision="review"):
    verdict = "not_a_landmark" if tag is None else "accepted" if tag == model_tag else "corrected"
    return Judged(
        model_tag=model_tag,
        model_confidence=confidence,
        model_decision=decision,
        verdict=verdict,
        tag=tag,
        by_audit=by_audit,
    )


@pytest.mark.parametrize(
    ("count", "total", "low", "high"),
    [
        # Brown, Cai and DasGupta 2001, "Interval Estimation for a Binomial Proportion"; by hand
        pytest.param(0, 10, 0.0, 0.2775, id="none-of-ten"),
        pytest.param(5, 10, 0.2366, 0.7634, id="half-of-ten"),
        pytest.param(10, 10, 0.7225, 1.0, id="all-of-ten"),
        pytest.param(0, 0, 0.0, 1.0, id="nothing"),
    ],
)
def test_wilson_by_hand(count, total, low, high):
    assert wilson(count, total) == pytest.approx((low, high), abs=2e-4)


@given(st.integers(0, 500), st.integers(0, 500))
def test_wilson_solves_its_equation(count, more):
    total = count + more
    if not total:
        return
    for bound in wilson(count, total):
        if 1e-9 < bound < 1 - 1e-9:  # where |p^ - p| = z * sqrt(p (1 - p) / n)
            off = 1.959964 * math.sqrt(bound * (1 - bound) / total)
            assert abs(count / total - bound) == pytest.approx(off, rel=1e-6)


@pytest.mark.parametrize(("count", "total"), [(3, 2), (-1, 2)])
def test_wilson_refuses_more_than_all_and_less_than_none(count, total):
    with pytest.raises(ValueError, match="count"):
        wilson(count, total)


TAGS = st.sampled_from(["Arch", "Dome", "Tower"])
ONE = st.builds(
    judged,
    model_tag=TAGS,
    confidence=st.integers(0, 100).map(lambda percent: percent / 100),
    tag=st.one_of(st.none(), TAGS),
    by_audit=st.booleans(),
    decision=st.sampled_from(["review", "tagged", "no_landmark"]),
)


@settings(max_examples=150)
@given(st.lists(ONE, max_size=80))
def test_every_figure_is_what_counting_gives(decisions):
    summary = summarise(iter(decisions), audit_pool=1000)
    queue = [one for one in decisions if not one.by_audit]
    assert summary.photos == len(decisions)
    assert summary.not_landmarks == sum(one.tag is None for one in decisions)
    assert (summary.right.count, summary.right.total) == (
        sum(one.tag == one.model_tag for one in queue),
        len(queue),
    )
    for number, band in enumerate(summary.bands):
        inside = [one for one in queue if min(int(one.model_confidence * 10 + 1e-9), 9) == number]
        assert band.right.total == len(inside)
        assert band.right.count == sum(one.tag == one.model_tag for one in inside)
    wrong = Counter((one.model_tag, one.tag) for one in queue if one.tag != one.model_tag)
    assert {(one.model_tag, one.tag): one.photos for one in summary.confusions} == dict(wrong)
    for record in summary.classes:
        mine = [one for one in queue if one.model_tag == record.tag]
        assert record.right.total == len(mine)
        missed = [one for one in queue if one.tag == record.tag and one.model_tag != record.tag]
        assert record.missed == len(missed)
    audit = [one for one in decisions if one.by_audit]
    errors = sum(
        one.tag is not None if one.model_decision == "no_landmark" else one.tag != one.model_tag
        for one in audit
    )
    assert (summary.audit.wrong.count, summary.audit.wrong.total) == (errors, len(audit))


def test_a_threshold_is_named_where_enough_photos_show_it():
    right = [judged(confidence=0.85) for _ in range(200)]
    wrong = [judged(confidence=0.35, tag="Arch") for _ in range(100)]
    suggestion = summarise([*right, *wrong]).suggestion
    assert suggestion.threshold == 0.85
    assert suggestion.right.total == 200


def test_few_photos_name_no_threshold_and_say_how_many_do():
    suggestion = summarise([judged(confidence=0.9) for _ in range(20)]).suggestion
    assert suggestion.threshold is None
    needed = int(suggestion.reason.split("few: ")[1].split()[0])
    assert wilson(needed, needed)[0] >= 0.95 > wilson(needed - 1, needed - 1)[0]


def test_text_and_json_say_the_same():
    summary = summarise(
        [judged(), judged(tag=None), judged(model_tag="a\nb", tag="Dome"), judged(by_audit=True)],
        audit_pool=500,
    )
    text = summary_to_text(summary)
    assert "1 of 3" in text
    assert "a\\nb" in text
    assert "500" in text
    values = summary_to_json(summary)
    assert values["bands"][5]["right"]["total"] == 3
    assert values["audit"]["error_rate"]["share"] == 0


def test_nothing_decided_is_said():
    assert "nobody" in summary_to_text(summarise([]))


def test_a_million_decisions_take_seconds_and_no_room():
    summary = summarise((judged() for _ in range(200_000)), precision=0.9)
    assert summary.right.total == 200_000


@pytest.mark.parametrize("percent", range(100))
def test_a_threshold_is_the_confidence_to_the_hundredth(percent):
    suggestion = summarise([judged(confidence=percent / 100)] * 80).suggestion
    assert (suggestion.threshold, suggestion.right.total) == (percent / 100, 80)
    assert suggestion.reason == "80 of 80 reviewed photos at or above it were right"


def test_photos_of_one_hundredth_are_taken_or_left_together():
    right, wrong = [judged(confidence=0.859)] * 100, [judged(confidence=0.851, tag="Arch")] * 50
    suggestion = summarise([*right, *wrong]).suggestion
    assert (suggestion.threshold, suggestion.right) == (None, None)
    assert suggestion.reason == "no confidence among the reviewed photos is right often enough"


def test_as_many_right_ones_as_are_needed_show_a_precision():
    # 73 of 73: the interval begins at 73 / (73 + 1.96 ** 2) = 0.95, below that at 72.
    assert 73 / (73 + 1.959964**2) > 0.95 > 72 / (72 + 1.959964**2)
    enough, few = (summarise([judged()] * number).suggestion for number in (73, 72))
    assert enough.threshold == 0.55
    assert few.threshold is None
    assert few.reason == "72 decisions are too few: 73 right ones in a row are needed at least"
    mixed = [*[judged()] * 72, judged(tag="Arch", confidence=0.99)]
    assert "often enough" in summarise(mixed).suggestion.reason


@pytest.mark.parametrize("precision", [0.0, 1.0, -1.0, math.nan])
def test_a_precision_that_nothing_can_show_is_refused(precision):
    with pytest.raises(ValueError, match="between 0 and 1"):
        summarise([], precision=precision)


def test_confidences_of_other_writers_fall_into_the_nearest_band_or_none():
    odd = [judged(confidence=one) for one in (-0.5, 1.5, math.nan, math.inf, None)]
    summary = summarise(odd)
    assert [band.right.total for band in summary.bands] == [1, *[0] * 8, 1]
    assert (summary.bands[0].low, summary.bands[0].high) == (0.0, 0.1)
    assert (summary.bands[9].low, summary.bands[9].high) == (0.9, 1.0)
    assert summary.right.total == 2
    assert summary.classes[0].right.total == 5


def test_photos_without_any_tag_of_the_model_are_counted_as_photos_alone():
    summary = summarise([judged(model_tag=None, tag=None), judged(model_tag=None, tag="Arch")])
    assert (summary.photos, summary.not_landmarks) == (2, 1)
    assert (summary.right.total, summary.classes, summary.confusions) == (0, (), ())


def test_the_most_frequent_are_shown_first_and_equal_ones_by_name():
    tags = [f"t{number:02d}" for number in range(60)]
    decisions = [judged(model_tag=tag, tag="x") for tag in reversed(tags)]
    decisions += [judged(model_tag="t59", tag=None)] * 2
    summary = summarise(decisions)
    assert [one.tag for one in summary.classes] == ["t59", *tags[:49]]
    assert len(summary.confusions) == 20
    first, second, *_ = summary.confusions
    assert (first.model_tag, first.tag, first.photos) == ("t59", None, 2)
    assert (second.model_tag, second.tag, second.photos) == ("t00", "x", 1)


def test_a_share_has_its_interval_and_is_none_of_nothing():
    assert (share_of(1, 4).share, share_of(0, 0).share) == (0.25, 0.0)
    share = share_of(5, 10)
    assert (share.low, share.high) == wilson(5, 10)


def test_the_audit_has_its_pool_and_takes_no_part_in_the_rest():
    summary = summarise([judged(by_audit=True, tag="Arch")], audit_pool=7)
    assert (summary.audit.pool, summary.audit.wrong.count, summary.right.total) == (7, 1, 0)
    assert summarise([]).audit.pool == 0
    assert summarise([]).suggestion.precision == 0.95
