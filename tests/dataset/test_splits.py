"""Splits: values by hand, and what must hold however data grows (hypothesis)."""

import hashlib
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from landmark_core.dataset.ledger import extend_ledger, read_ledger
from landmark_core.dataset.splits import (
    SLOTS,
    assign_slots,
    choose_sides,
    deal_by,
    deal_folds,
    divide,
    divide_by,
    sides_of,
    slot_of,
)
from landmark_core.errors import ConfigError
from landmark_core.records import OTHER

NOTHING: frozenset[int] = frozenset()


def digest(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()


def sides(slots, given_test=NOTHING, given_validation=NOTHING, negatives=None):
    return choose_sides(
        slots,
        given_test=given_test,
        given_validation=given_validation,
        negatives=negatives or [False] * len(slots),
    )


def test_slots_by_hand():
    assert slot_of("0" * 64) == 0
    assert slot_of("0" * 62 + "15") == 1  # 21 = 20 + 1
    assert slot_of("f" * 64) == (16**64 - 1) % 20


def test_random_photos_divide_into_15_15_and_70_percent():
    division = divide_by(sides([slot_of(digest(n)) for n in range(20_000)]), range(20_000))
    for numbers, share in ((division.test, 0.15), (division.validation, 0.15)):
        assert len(numbers) / 20_000 == pytest.approx(share, abs=0.01)
    assert len(division.train) / 20_000 == pytest.approx(0.7, abs=0.01)
    assert len(division.quarantined) == 0


def test_a_group_has_the_slot_of_its_first_photo_and_a_newcomer_takes_it():
    low, high = sorted((digest(1), digest(2)))
    assert assign_slots([high, low], [0, 0], {}) == (slot_of(low), slot_of(low))
    assert assign_slots([high, low], [0, 0], {high: 17}) == (17, 17)


def test_a_newcomer_that_joins_two_groups_moves_nobody():
    names = sorted(digest(n) for n in range(3))
    slots = assign_slots(names, [0, 0, 0], {names[0]: 12, names[1]: 1})
    assert slots == (12, 1, 1)
    division = divide_by(sides(slots), [0, 0, 0])
    assert division.test.tolist() == [1, 2]
    assert division.quarantined.tolist() == [0]


def test_given_sides_stand_and_negatives_still_fill_the_test():
    slots = [0, 4, 9, 0, 4, 0]
    negatives = [False, False, False, False, False, True]
    found = sides(slots, frozenset({2}), NOTHING, negatives)
    assert found == ("training", "validation", "test", "training", "validation", "test")
    found = sides(slots, NOTHING, frozenset({2}), negatives)
    assert found == ("test", "training", "validation", "test", "training", "test")


def test_near_duplicates_of_given_test_photos_are_quarantined():
    slots = [9, 9, 4]
    division = divide_by(sides(slots, frozenset({0})), [0, 0, 0])
    assert division.test.tolist() == [0]
    assert division.quarantined.tolist() == [1, 2]
    (*_, last) = deal_by([9, 9, 4, 15], [0, 0, 0, 3], frozenset({0}), 2)
    assert last.held_out.tolist() == [3]
    assert last.train.tolist() == []


GROWTH = st.lists(
    st.tuples(st.integers(0, 40), st.lists(st.integers(0, 40), max_size=3)), min_size=1, max_size=25
)


def components(numbers: list[int], links: dict[int, set[int]]) -> list[int]:
    """Group numbers by links, the slow way."""
    group = {number: number for number in numbers}
    for _ in numbers:
        for number in numbers:
            for other in links[number] & set(numbers):
                group[number] = group[other] = min(group[number], group[other])
    return [group[number] for number in numbers]


@settings(max_examples=80, deadline=None)
@given(GROWTH, st.integers(2, 20), st.randoms(use_true_random=False))
def test_whatever_grows_nothing_moves_and_nothing_leaks(growth, k, random):
    links: dict[int, set[int]] = {number: set() for number in range(41)}
    present: list[int] = []
    ledger: dict[str, int] = {}
    for number, others in growth:
        if number not in present:
            present.append(number)
        for other in others:
            links[number].add(other)
            links[other].add(number)
        random.shuffle(present)
        digests = [digest(n) for n in present]
        groups = components(present, links)
        slots = assign_slots(digests, groups, ledger)
        for name, slot in ledger.items():
            if name in digests:
                assert slots[digests.index(name)] == slot
        ledger |= dict(zip(digests, slots, strict=True))
        check_division(slots, groups)
        check_folds(slots, groups, k)


def check_division(slots, groups):
    division = divide_by(sides(slots), groups)
    parts = (division.train, division.validation, division.test, division.quarantined)
    assert sorted(np.concatenate(parts).tolist()) == list(range(len(slots)))
    touched = [{groups[n] for n in part.tolist()} for part in parts[:3]]
    assert not touched[0] & touched[1]
    assert not touched[0] & touched[2]
    assert not touched[1] & touched[2]


def check_folds(slots, groups, k):
    folds = deal_by(slots, groups, NOTHING, k)
    held_out = np.concatenate([fold.held_out for fold in folds])
    assert sorted(held_out.tolist()) == list(range(len(slots)))
    for number, fold in enumerate(folds):
        assert all(slots[n] * k // SLOTS == number for n in fold.held_out)
        assert not {groups[n] for n in fold.held_out} & {groups[n] for n in fold.train}


@settings(max_examples=50, deadline=None)
@given(st.permutations(list(range(12))), st.lists(st.integers(0, 3), min_size=12, max_size=12))
def test_the_order_of_photos_changes_no_slot(order, groups):
    digests = [digest(n) for n in range(12)]
    straight = dict(zip(digests, assign_slots(digests, groups, {}), strict=True))
    mixed = [digests[n] for n in order]
    assert straight == dict(
        zip(mixed, assign_slots(mixed, [groups[n] for n in order], {}), strict=True)
    )


def dataset(slots, labels, given_test=NOTHING):
    """A dataset as far as dividing looks at it."""
    return SimpleNamespace(
        slots=tuple(slots),
        groups=tuple(range(len(slots))),
        labels=np.array(labels),
        given_test=given_test,
        given_validation=NOTHING,
        photos=tuple(SimpleNamespace(source="folder") for _ in slots),
    )


@pytest.mark.parametrize(
    ("slots", "labels", "message"),
    [
        pytest.param([4, 9, 9], [0, 0, 1], "falls to test", id="no-test"),
        pytest.param([0, 9, 9], [0, 0, 1], "falls to validation", id="no-validation"),
        pytest.param([0, 4, 9], [0, 1, -1], "falls to training", id="others-alone"),
    ],
)
def test_divide_refuses_an_empty_side(slots, labels, message):
    with pytest.raises(ConfigError, match=message):
        divide(dataset(slots, labels))


@pytest.mark.parametrize(
    ("k", "message"),
    [
        pytest.param(1, "must be in 2..20", id="one-fold"),
        pytest.param(21, "must be in 2..20", id="too-many"),
        pytest.param(5, "a fold without a landmark photo", id="too-few-photos"),
    ],
)
def test_deal_folds_refuses(k, message):
    with pytest.raises(ConfigError, match=message):
        deal_folds(dataset([0, 9, 19], [0, 1, 0]), k)


def test_the_ledger_only_grows_and_keeps_what_it_has(tmp_path):
    extend_ledger(tmp_path, {}, {digest(1): 3, digest(2): 19})
    ledger = read_ledger(tmp_path)
    extend_ledger(tmp_path, ledger, {digest(1): 7, digest(3): 0})
    assert read_ledger(tmp_path) == {digest(1): 3, digest(2): 19, digest(3): 0}


@pytest.mark.parametrize(
    "content",
    [pytest.param(b"", id="empty"), pytest.param(b"PAR1 and no more", id="torn")],
)
def test_a_damaged_ledger_is_refused_rather_than_dealt_anew(tmp_path, content):
    (tmp_path / "splits.parquet").write_bytes(content)
    with pytest.raises(ConfigError, match="restore it"):
        read_ledger(tmp_path)


def test_validation_keeps_its_photo_of_a_group_that_reaches_into_training():
    for order in ((9, 4), (4, 9)):
        division = divide_by(sides(order), [0, 0])
        assert division.validation.tolist() == [order.index(4)]
        assert division.quarantined.tolist() == [order.index(9)]
        assert division.train.tolist() == []


def test_negatives_of_a_dataset_go_by_their_slots_where_its_test_is_given():
    whole = dataset([0, 0, 9, 4], [0, OTHER, 0, 0], given_test=frozenset({2}))
    whole.photos[1].source = "negatives"
    assert sides_of(whole) == ("training", "test", "test", "validation")


def test_folds_with_a_landmark_on_both_sides_are_dealt_and_without_one_are_not():
    folds = deal_folds(dataset([0, 9, 10, 19], [0, OTHER, 0, 0]), 2)
    assert [fold.held_out.tolist() for fold in folds] == [[0, 1], [2, 3]]
    assert [fold.train.tolist() for fold in folds] == [[2, 3], [0, 1]]
    with pytest.raises(ConfigError, match="without a landmark"):
        deal_folds(dataset([0, 9, 10, 19], [OTHER, OTHER, 0, 0]), 2)


def test_two_to_twenty_folds_can_be_dealt():
    for k in (2, 20):
        assert len(deal_folds(dataset(range(20), [0] * 20), k)) == k
