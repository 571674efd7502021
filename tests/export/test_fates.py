"""What becomes of each answer of an imported file: one case for each rule, by hand."""

from datetime import UTC, datetime

import pytest

from landmark_core.errors import ConfigError
from landmark_core.export.claims import Claim
from landmark_core.export.fates import Standing, fates_of
from landmark_core.review import Opinion, PhotoReviews


def claim(answer="tag", tag="Petra", reviewer="ann", said_us=100, place="row 2", **more) -> Claim:
    known = {"photo_id": "p", "uri": None, "version": None, "seconds": None, "source": None}
    return Claim(
        **(known | {"for_all": False} | more),
        place=place,
        reviewer=reviewer,
        answer=answer,
        tag=tag if answer == "tag" else None,
        said_us=said_us,
    )


def word(tag="Petra", reviewer="ann", verdict="accepted") -> Opinion:
    return Opinion(
        decision_id="d",
        action_id="a",
        reviewer=reviewer,
        verdict=verdict,
        tag=tag,
        decided_at=datetime(2026, 11, 24, tzinfo=UTC),
        model_tag="Rome",
        model_confidence=0.5,
        model_decision="review",
        shown_by=None,
    )


NOTHING = PhotoReviews()
NONE = word(None, verdict="not_a_landmark")
SKIPPED = PhotoReviews(skipped=word(None, verdict="skipped"))


UNTOUCHED = Standing(version="v", is_readable=True, reviews=NOTHING, touched_us=None)


def settled(*words: Opinion) -> PhotoReviews:
    return PhotoReviews(settled=words[0], opinions=words)


def fate_of(one: Claim, reviews=NOTHING, *, ours=False, touched_us=None, readable=True):
    standing = Standing(version="v", is_readable=readable, reviews=reviews, touched_us=touched_us)
    (fate,) = fates_of([one], standing, [ours])
    return fate


@pytest.mark.parametrize(
    ("one", "how", "fate"),
    [
        pytest.param(claim(), {}, "new", id="nobody-has-decided"),
        pytest.param(claim(version="v"), {}, "new", id="of-this-version"),
        pytest.param(claim(version="w"), {}, "changed", id="of-another-version"),
        pytest.param(claim(version="w"), {"readable": False}, "changed", id="changed-and-broken"),
        pytest.param(claim(), {"readable": False}, "unreadable", id="broken"),
        pytest.param(claim(), {"readable": False, "ours": True}, "unreadable", id="broken-ours"),
        pytest.param(claim(), {"ours": True, "touched_us": 999}, "same", id="one-of-ours"),
        pytest.param(claim(), {"touched_us": 99}, "new", id="earlier-word"),
        pytest.param(claim(), {"touched_us": 100}, "new", id="word-of-that-moment"),
        pytest.param(claim(), {"touched_us": 101}, "newer", id="later-word"),
    ],
)
def test_version_then_reading_then_what_stands_then_time(one, how, fate):
    assert fate_of(one, **how) == fate


BOTH = settled(word("Rome", "bob"), word("Petra", "ann"))


@pytest.mark.parametrize(
    ("one", "reviews", "fate"),
    [
        pytest.param(claim(), BOTH, "same", id="own-word"),
        pytest.param(claim(tag="Rome"), BOTH, "new", id="anothers-word"),
        pytest.param(claim(tag="Rome", reviewer="bob"), BOTH, "same", id="bobs-word"),
        pytest.param(claim(tag="Rome", for_all=True), BOTH, "same", id="what-stands"),
        pytest.param(claim(for_all=True), BOTH, "new", id="own-word-but-not-what-stands"),
        pytest.param(claim(for_all=True), PhotoReviews(), "new", id="nothing-stands"),
        pytest.param(claim("not_a_landmark"), settled(NONE), "same", id="none-as-said"),
        pytest.param(claim("not_a_landmark"), settled(word()), "new", id="none-of-a-tag"),
        pytest.param(claim(), settled(NONE), "new", id="a-tag-of-none"),
        pytest.param(claim("skip"), settled(word()), "same", id="skip-of-a-settled-one"),
        pytest.param(claim("skip"), SKIPPED, "same", id="skip-of-a-skipped-one"),
        pytest.param(claim("skip"), PhotoReviews(), "new", id="skip"),
    ],
)
def test_what_stands_already_is_the_same(one, reviews, fate):
    assert fate_of(one, reviews) == fate


def test_of_one_person_only_the_last_word_counts_and_rows_for_all_are_one_speaker():
    said = [
        claim(tag="Rome", said_us=1),
        claim(tag="Rome", said_us=2, reviewer="bob"),
        claim(tag="Petra", said_us=3),
        claim(tag="Petra", said_us=4, reviewer="x", for_all=True),
        claim(tag="Petra", said_us=5, reviewer="y", for_all=True),
    ]
    fates = fates_of(said, UNTOUCHED, [False] * 5)
    assert fates == ("repeated", "new", "new", "repeated", "new")


@pytest.mark.parametrize(
    ("second", "shown"),
    [(claim(tag="Rome"), "Rome"), (claim("not_a_landmark"), "not_a_landmark")],
    ids=["another-tag", "none"],
)
def test_two_rows_for_the_photo_that_say_different_things_are_refused(second, shown):
    rows = [
        claim(place="f.csv, row 2", for_all=True),
        claim(second.answer, second.tag, place="f.csv, row 9", for_all=True),
    ]
    expected = rf"f.csv, row 9 contradicts row 2 on the same photo \({shown}, Petra\)"
    with pytest.raises(ConfigError, match=expected):
        fates_of(rows, UNTOUCHED, [False, False])


def test_people_may_say_different_things_of_one_photo():
    said = [claim(tag="Rome"), claim(reviewer="bob")]
    assert fates_of(said, UNTOUCHED, [False, False]) == ("new", "new")
