"""The feed against a plain model: rounds end where they should, and nothing is lost or twice."""

from collections import deque

from hypothesis import given
from hypothesis import strategies as st

from landmark_core.library.feed import Feed


def follow(rounds, size, ahead, deaths):
    """Consume rounds as the loader does, with so many groups ahead; say what each round got.

    deaths: numbers of arrivals after which all that is under way is lost.
    """
    feed = Feed(size)
    got, arrivals, reader, under_way, runs_on = [], 0, None, deque(), False
    for number, refs in enumerate(rounds):
        later = rounds[number + 1] if number + 1 < len(rounds) else None
        seen = []
        if not (runs_on and feed.go_on(refs, lambda later=later: later)):
            feed.open(refs, lambda later=later: later)
            reader, under_way = None, deque()
        runs_on = True
        while not feed.is_done:
            if reader is None:
                reader, runs_on = iter(feed), True
            while len(under_way) < ahead and (group := next(reader, None)) is not None:
                under_way.append(group)
            if not under_way:
                break  # the end of the stream
            if feed.is_done:
                continue
            if arrivals in deaths:
                deaths = deaths - {arrivals}
                seen += [ref for group in feed.take_back() for ref in group.refs]
                reader, under_way, runs_on = None, deque(), False
                continue
            seen += under_way.popleft().refs
            feed.arrived()
            arrivals += 1
        got.append(seen)
    return got


ROUNDS = st.lists(st.integers(0, 12), min_size=1, max_size=5)


@given(ROUNDS, st.integers(1, 4), st.integers(1, 6), st.frozensets(st.integers(0, 15), max_size=4))
def test_every_round_gets_its_photos_in_order_whatever_dies(sizes, size, ahead, deaths):
    rounds = [[(number, photo) for photo in range(photos)] for number, photos in enumerate(sizes)]
    assert follow(rounds, size, ahead, deaths) == rounds


def refs_of(feed):
    return [group.refs for group in feed]


def test_pictures_may_be_wanted_from_some_group_on():
    feed = Feed(1)
    feed.open(["a", "b", "c"])
    groups = iter(feed)
    wanted = [next(groups).with_pictures]
    feed.with_pictures = True
    assert [*wanted, *(group.with_pictures for group in groups)] == [False, True, True]


def test_the_next_round_is_begun_before_this_one_ends():
    feed = Feed(2)
    first, second = ["a", "b", "c"], ["d", "e"]
    feed.open(first, lambda: second)
    groups = iter(feed)
    assert [next(groups).refs for _ in range(3)] == [("a", "b"), ("c",), ("d", "e")]
    assert not feed.is_done
    feed.arrived()
    feed.arrived()
    assert feed.is_done
    assert feed.go_on(second)


def test_other_photos_than_those_begun_are_a_new_start():
    feed = Feed(2)
    feed.open(["a"], lambda: ["b"])
    assert refs_of(feed) == [("a",), ("b",)]
    assert not feed.go_on(["b"])  # equal, yet not the ones that were begun
    feed.open(["c"])
    assert refs_of(feed) == [("c",)]


def test_what_cannot_be_begun_ahead_ends_the_stream():
    feed = Feed(2)
    feed.open(["a"], lambda: None)
    assert refs_of(feed) == [("a",)]
    assert not feed.is_done  # the stream's own end says so
