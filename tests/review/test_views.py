"""Filters by tag, run and time, and what people said, over six photos laid out by hand."""

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest

from landmark_core.review.catalogue import Catalogue
from landmark_core.review.people import NO_TAG, People
from landmark_core.review.standing import Opinion, PhotoReviews
from landmark_core.review.views import ViewQuery, choose

COUNT = 6
GROUPS = np.arange(COUNT)


@pytest.fixture
def catalogue() -> Catalogue:
    """Photo n has confidence n / 10, moment 10 n, and tags and runs as written here."""
    numbers = np.arange(COUNT, dtype=np.float32)
    ids = [f"{number:032x}" for number in range(COUNT)]
    return Catalogue(
        rows=pa.table(
            {
                "photo_id": ids,
                "etag": [None, None, "e", None, None, None],
                "size_bytes": [1] * COUNT,
                "modified_at": [7] * COUNT,
            }
        ),
        photo=np.arange(COUNT, dtype=np.uint64),
        decision=np.array([0, 0, 1, 1, 2, 2], np.int8),
        tag=np.array([0, 1, 0, 1, 0, -1], np.int32),
        run=np.array([0, 1, 0, 1, 0, 1], np.int32),
        folder=np.zeros(COUNT, np.int32),
        moment=np.arange(COUNT, dtype=np.int64) * 10,
        confidence=numbers / 10,
        margin=-numbers,
        entropy=-numbers,
        usual=numbers,
        spread=numbers,
        tags=("Dome", "Arch"),
        runs=("r0", "r1"),
        sorted_photos=np.arange(COUNT),
        waiting_left_out=0,
        machine_settled=4,
    )


def word(verdict="accepted", tag="Dome", shown_by="margin", model_decision="review") -> Opinion:
    return Opinion(
        decision_id="d",
        action_id="a",
        reviewer="ann",
        verdict=verdict,
        tag=tag,
        decided_at=datetime(2026, 11, 24, tzinfo=UTC),
        model_tag="Dome",
        model_confidence=0.5,
        model_decision=model_decision,
        shown_by=shown_by,
    )


def settled(**words) -> PhotoReviews:
    return PhotoReviews(settled=word(**words))


SKIPPED = PhotoReviews(skipped=word("skipped", None))


def shown(catalogue, people, **query) -> list[int]:
    return choose(catalogue, people, GROUPS, ViewQuery(**query)).tolist()


def test_what_is_said_of_a_photo_is_set_and_taken_back(catalogue):
    people = People(catalogue)
    people.set(1, settled(tag="Old mill"))
    people.set(2, SKIPPED)
    people.set(3, PhotoReviews(settled=word(), skipped=word("skipped", None), disagree=True))
    people.set(4, settled(verdict="not_a_landmark", tag=None))
    assert people.settled.tolist() == [False, True, False, True, True, False]
    assert people.skipped.tolist() == [False, False, True, False, False, False]
    assert people.disagree.tolist() == [False, False, False, True, False, False]
    assert people.tag.tolist() == [NO_TAG, 2, NO_TAG, 0, NO_TAG, NO_TAG]
    assert NO_TAG == -1
    for number in range(COUNT):
        people.set(number, PhotoReviews())
    assert not (people.settled | people.skipped | people.disagree).any()
    assert people.tag.tolist() == [NO_TAG] * COUNT


def test_photos_for_review_wait_until_they_are_settled_and_are_asked_until_skipped(catalogue):
    people = People(catalogue)
    assert people.waiting().tolist() == [True, True, False, False, False, False]
    assert people.unasked().tolist() == people.waiting().tolist()
    people.set(0, SKIPPED)
    people.set(1, settled())
    assert people.waiting().tolist() == [True, False, False, False, False, False]
    assert not people.unasked().any()


def test_a_tag_is_spelled_as_it_was_first(catalogue):
    people = People(catalogue, ["Palace Of Versailles"])
    assert people.spelled("palace of versailles") == "Palace Of Versailles"
    assert people.spelled("old-mill") == "old-mill"
    people.set(0, settled(tag="Old Mill"))
    assert people.spelled("old-mill") == "Old Mill"


def test_tags_have_their_photos_as_they_are_now(catalogue):
    people = People(catalogue, ["Tower", "Dome"])
    assert people.tags() == [("Dome", 3), ("Arch", 2), ("Tower", 0)]
    people.set(0, settled(verdict="not_a_landmark", tag=None))
    assert people.tags() == [("Arch", 2), ("Dome", 2), ("Tower", 0)]  # equal ones by name
    people.set(0, settled(tag="Arch"))
    people.set(2, settled(tag="Abbey"))
    people.set(4, settled(verdict="not_a_landmark", tag=None))
    assert people.tags() == [("Arch", 3), ("Abbey", 1), ("Dome", 0), ("Tower", 0)]
    codes = [people.code_of(tag) for tag in ("Dome", "Arch", "Tower", "Abbey", "?")]
    assert codes == [0, 1, 2, 3, None]


def test_the_audit_counts_what_it_showed_and_what_of_that_was_wrong(catalogue):
    people = People(catalogue)
    assert people.audit() == (0, 0)
    people.set(2, settled(shown_by="audit"))
    people.set(3, settled(shown_by="audit", tag="Tower", verdict="corrected"))
    people.set(4, settled(shown_by="audit", model_decision="no_landmark"))
    people.set(0, settled(tag="Tower"))  # by way of another order
    people.set(5, PhotoReviews(skipped=word("skipped", None, "audit")))
    assert people.audit() == (3, 2)
    people.set(4, PhotoReviews())
    assert people.audit() == (2, 1)


class Log:
    """Decisions as `People.load` asks for them."""

    def __init__(self, said: dict) -> None:
        self._said = said

    def photo_ids(self) -> tuple[str, ...]:
        return (*(photo_id for photo_id, _ in self._said), "f" * 32)

    def photo(self, photo_id, version) -> PhotoReviews:
        return self._said.get((photo_id, version), PhotoReviews())


def test_all_that_was_said_is_loaded_for_the_version_that_is_there(catalogue, monkeypatch):
    monkeypatch.setattr("landmark_core.review.people._AT_ONCE", 2)
    now = (None, 1, 7)
    said = {
        (f"{0:032x}", now): settled(tag="Arch"),
        (f"{1:032x}", (None, 1, 6)): settled(tag="Arch"),  # an earlier version
        (f"{2:032x}", ("e", None, None)): SKIPPED,
        (f"{5:032x}", now): settled(tag="Dome"),
    }
    people = People(catalogue)
    people.load(Log(said))
    assert people.settled.tolist() == [True, False, False, False, False, True]
    assert people.skipped.tolist() == [False, False, True, False, False, False]
    assert people.tag.tolist() == [1, -1, -1, -1, -1, 0]


def test_a_tag_is_the_persons_else_the_models(catalogue):
    people = People(catalogue)
    assert shown(catalogue, people, state="all", tag="Dome") == [0, 2, 4]
    people.set(0, settled(tag="Arch"))
    people.set(4, settled(tag="Abbey"))
    people.set(2, settled(verdict="not_a_landmark", tag=None))
    assert shown(catalogue, people, state="all", tag="Dome") == []
    assert shown(catalogue, people, state="all", tag="Arch") == [0, 1, 3]
    assert shown(catalogue, people, state="all", tag="Abbey") == [4]
    assert shown(catalogue, people, state="all", tag="never seen") == []
    people.set(5, settled(tag="DOME"))  # of another model: the same landmark
    people.set(0, settled(tag="Dome"))
    assert shown(catalogue, people, state="all", tag="Dome") == [0, 5]


def test_filters_by_run_and_time_include_their_start_and_not_their_end(catalogue):
    people = People(catalogue)
    assert shown(catalogue, people, state="all", run="r0") == [0, 2, 4]
    assert shown(catalogue, people, state="all", run="r1") == [1, 3, 5]
    assert shown(catalogue, people, state="all", run="r2") == []
    assert shown(catalogue, people, state="all", since_us=20) == [2, 3, 4, 5]
    assert shown(catalogue, people, state="all", until_us=20) == [0, 1]
    query = {"since_us": 10, "until_us": 40, "run": "r1", "tag": "Arch"}
    assert shown(catalogue, people, state="all", **query) == [1, 3]


def test_filters_leave_what_people_said_as_it_was(catalogue):
    people = People(catalogue)
    people.set(0, settled())
    people.set(1, settled(tag="Arch"))
    assert shown(catalogue, people, state="settled", tag="Dome") == [0]
    assert shown(catalogue, people, state="settled") == [0, 1]


def test_a_view_is_of_what_waits_least_sure_first_unless_asked(catalogue):
    people = People(catalogue)
    assert shown(catalogue, people) == [0, 1]
    assert shown(catalogue, people, state="all") == [0, 1, 2, 3, 4, 5]
    assert shown(catalogue, people, state="all", order="margin") == [5, 4, 3, 2, 1, 0]
    assert shown(catalogue, people, state="all", order="entropy") == [0, 1, 2, 3, 4, 5]
    assert shown(catalogue, people, state="all", order="newest") == [5, 4, 3, 2, 1, 0]


def test_machine_settled_photos_are_told_apart_until_a_person_settles_them(catalogue):
    people = People(catalogue)
    assert shown(catalogue, people, state="tagged") == [2, 3]
    assert shown(catalogue, people, state="no_landmark") == [4, 5]
    people.set(2, settled())
    people.set(5, SKIPPED)
    assert shown(catalogue, people, state="tagged") == [3]
    assert shown(catalogue, people, state="no_landmark") == [4, 5]
    assert shown(catalogue, people, state="skipped") == [5]
    assert sorted(shown(catalogue, people, order="audit")) == [2, 3, 4, 5]
