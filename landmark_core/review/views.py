"""Filters and an order → a frozen list of photo numbers: next and previous stay put. Pure."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from landmark_core.review.catalogue import DECISIONS, REVIEW, Catalogue
from landmark_core.review.people import Flags, People
from landmark_core.review.queue import Order, QueueColumns, arrange

State = Literal["waiting", "settled", "skipped", "disagree", "tagged", "no_landmark", "all"]
STATES: tuple[State, ...] = get_args(State)


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewQuery:
    """Which photos, in which order."""

    order: Order = "confidence"  # finds most errors first, see docs/review.md
    state: State = "waiting"
    tag: str | None = None  # the model's best, or what a person said; in any spelling
    run: str | None = None
    since_us: int | None = None  # modified, else tagged: from this moment on
    until_us: int | None = None  # before this moment


def choose(
    catalogue: Catalogue,
    people: People,
    group: NDArray[np.int64],
    query: ViewQuery,
) -> NDArray[np.int64]:
    """Return the numbers of the photos that a view shows, in its order.

    Args:
        catalogue: N photos.
        people: what was said of them.
        group: (N,) look-alike groups.
        query: which, in which order.
    """
    chosen = _in_state(catalogue, people, query)
    if query.tag is not None:
        now = np.where(people.settled, people.tag, catalogue.tag)
        chosen &= np.isin(now, people.codes_of(query.tag))
    if query.run is not None:
        runs = dict(zip(catalogue.runs, range(len(catalogue.runs)), strict=True))
        chosen &= catalogue.run == runs.get(query.run, -1)
    if query.since_us is not None:
        chosen &= catalogue.moment >= query.since_us
    if query.until_us is not None:
        chosen &= catalogue.moment < query.until_us
    numbers = np.flatnonzero(chosen)
    return numbers[arrange(_columns(catalogue, group, numbers), query.order)]


def _in_state(catalogue: Catalogue, people: People, query: ViewQuery) -> Flags:
    if query.order == "audit":  # settled ones stay in: the sample is the list from its start on
        return np.asarray(catalogue.decision != REVIEW)
    if query.state == "waiting":
        return people.unasked()
    if query.state in ("tagged", "no_landmark"):
        machine = catalogue.decision == DECISIONS.index(query.state)
        return np.asarray(machine & ~people.settled)
    if query.state == "all":
        return np.ones(len(catalogue), np.bool_)
    by_state = {"settled": people.settled, "skipped": people.skipped, "disagree": people.disagree}
    return by_state[query.state].copy()


def _columns(
    catalogue: Catalogue, group: NDArray[np.int64], numbers: NDArray[np.int64]
) -> QueueColumns:
    return QueueColumns(
        photo=catalogue.photo[numbers],
        tag=catalogue.tag[numbers],
        confidence=catalogue.confidence[numbers],
        margin=catalogue.margin[numbers],
        entropy=catalogue.entropy[numbers],
        moment=catalogue.moment[numbers],
        group=group[numbers],
        usual=catalogue.usual[numbers],
        spread=catalogue.spread[numbers],
    )
