"""What stands of what people said: small histories by hand, and what may not change it."""

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest

from landmark_core.records import PhotoRef, Prediction, ReviewItem
from landmark_core.review.said import Said
from landmark_core.review.standing import (
    Opinion,
    PhotoReviews,
    version_of,
    version_of_item,
    version_token,
    was_right,
    weigh,
)

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
NOW, BEFORE = ("v2", None, None), ("v1", None, None)  # versions


def said(number: int, reviewer: str, tag: str | None, verdict: str = "accepted") -> Opinion:
    return Opinion(
        decision_id=f"d{number}",
        action_id=f"a{number}",
        reviewer=reviewer,
        verdict=verdict,
        tag=tag,
        decided_at=NOON + timedelta(seconds=number),
        model_tag="Dome",
        model_confidence=0.5,
        model_decision="review",
        shown_by="margin",
    )


def skip(number: int, reviewer: str) -> Opinion:
    return said(number, reviewer, None, "skipped")


def none(number: int, reviewer: str) -> Opinion:
    return said(number, reviewer, None, "not_a_landmark")


def test_nothing_said_leaves_nothing():
    assert weigh([]) == PhotoReviews(settled=None, skipped=None, opinions=(), disagree=False)


def test_the_newest_word_settles_and_each_reviewer_has_one_opinion():
    history = [said(1, "ann", "Dome"), said(2, "bob", "Arch"), said(3, "ann", "Arch", "corrected")]
    assert weigh(history) == PhotoReviews(
        settled=history[2], skipped=None, opinions=(history[2], history[1]), disagree=False
    )


def test_two_reviewers_disagree_until_one_gives_in():
    ann, bob = said(1, "ann", "Dome"), said(2, "bob", "Arch")
    assert weigh([ann, bob]).disagree
    assert weigh([ann, none(2, "bob")]).disagree
    assert not weigh([ann, bob, said(3, "bob", "Dome", "corrected")]).disagree
    assert not weigh([ann]).disagree


def test_a_skip_is_no_opinion_and_counts_only_while_it_is_the_last_word():
    ann, passed = said(1, "ann", "Dome"), skip(2, "bob")
    found = weigh([ann, passed])
    assert (found.settled, found.skipped, found.opinions) == (ann, passed, (ann,))
    assert weigh([passed]) == PhotoReviews(skipped=passed)
    later = said(3, "ann", "Dome")
    assert weigh([passed, later]).skipped is None


@pytest.mark.parametrize(
    ("model_decision", "verdict", "tag", "right"),
    [
        pytest.param("review", "accepted", "Dome", True, id="the-best-tag"),
        pytest.param("tagged", "corrected", "Arch", False, id="another-tag"),
        pytest.param("tagged", "not_a_landmark", None, False, id="none-although-tagged"),
        pytest.param("no_landmark", "not_a_landmark", None, True, id="none-as-the-model-said"),
        pytest.param("no_landmark", "accepted", "Dome", False, id="one-where-the-model-saw-none"),
    ],
)
def test_whether_the_model_was_right(model_decision, verdict, tag, right):
    opinion = said(1, "ann", tag, verdict)
    assert was_right(dataclasses.replace(opinion, model_decision=model_decision)) is right


def test_a_model_without_any_tag_is_not_right_about_none():
    opinion = dataclasses.replace(said(1, "ann", None, "not_a_landmark"), model_tag=None)
    assert not was_right(opinion)


def test_a_version_is_the_etag_else_size_and_time():
    assert version_of("e", 10, 20) == ("e", None, None)
    assert version_of(None, 10, 20) == (None, 10, 20)
    ref = PhotoRef(photo_id="p", uri="u", location="u", size_bytes=10, modified_us=20, etag=None)
    prediction = Prediction(decision="review", tags=(), margin=0.0, entropy=0.0, energy=None)
    item = ReviewItem(
        ref=ref,
        content_sha256=None,
        width=None,
        height=None,
        prediction=prediction,
        has_heatmap=False,
        model_id="m",
        run_id="r",
        tagged_at=NOON,
    )
    assert version_of_item(item) == (None, 10, 20)


def test_a_token_is_16_hex_digits_and_stays_as_it_is():
    # sha256 of "('e', None, None)", by sha256sum: addresses that were sent must keep working.
    token = version_token(("e", None, None))
    assert token == "c812962dede96eb3"
    assert version_token((None, 10, 20)) != token


def test_words_on_another_version_do_not_count():
    log = Said()
    log.add("p", BEFORE, said(1, "ann", "Dome"))
    assert log.photo("p", NOW) == PhotoReviews()
    assert log.photo("p", BEFORE).settled == said(1, "ann", "Dome")
    assert log.photo("q", NOW) == PhotoReviews()


def test_words_are_weighed_by_their_time_and_by_reading_where_that_is_equal():
    log = Said()
    late, early = said(2, "ann", "Dome"), said(1, "bob", "Arch")
    same_time = dataclasses.replace(said(3, "eva", "Tower"), decided_at=late.decided_at)
    for opinion in (late, early):
        log.add("p", NOW, opinion)
    assert log.photo("p", NOW).settled == late
    log.add("p", NOW, same_time)
    assert log.photo("p", NOW).settled == same_time


def test_a_decision_read_twice_counts_once():
    log = Said()
    log.add("p", NOW, said(1, "ann", "Dome"))
    log.add("q", NOW, dataclasses.replace(said(1, "bob", "Arch"), decision_id="d1"))
    assert log.photo_ids() == ("p",)
    assert log.photo("p", NOW).settled == said(1, "ann", "Dome")


def test_an_undo_takes_back_whenever_it_is_read():
    log = Said()
    assert log.undo("d2") is None  # not read yet
    log.add("p", NOW, said(1, "ann", "Dome"))
    log.add("p", NOW, said(2, "bob", "Arch"))
    assert log.photo("p", NOW).settled == said(1, "ann", "Dome")
    assert log.undo("d1") == "p"
    assert log.photo("p", NOW) == PhotoReviews()
    assert log.photo_ids() == ("p",)
    assert [log.is_undone(each) for each in ("d1", "d2", "d3")] == [True, True, False]


def test_the_settling_word_of_each_photo_and_version_is_listed():
    log = Said()
    log.add("p", BEFORE, said(1, "ann", "Dome"))
    log.add("p", NOW, said(2, "ann", "Arch"))
    log.add("p", NOW, said(3, "bob", "Tower"))
    log.add("q", NOW, skip(4, "ann"))
    log.add("r", NOW, said(5, "ann", "Arch"))
    log.undo("d5")
    assert list(log.settled()) == [("p", said(1, "ann", "Dome")), ("p", said(3, "bob", "Tower"))]
