"""The summary against counting by hand, one decision after the other."""

import math
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from landmark_core.review.interval import wilson
from landmark_core.review.summary import Judged, summarise
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


def test_wilson_refuses_more_than_all():
    with pytest.raises(ValueError, match="count"):
        wilson(3, 2)


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
