"""Orders of review: against plain Python sorts, values worked out by hand, and what must hold."""

import math
import statistics
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from landmark_core.review.queue import ORDERS, QueueColumns, UsualConfidence, arrange, audit_draw


def columns_of(count: int, **given) -> QueueColumns:
    """Return columns of so many photos, in the order of their ids unless something is given."""
    kinds = {
        "photo": np.arange(count, dtype=np.uint64),
        "tag": np.zeros(count, np.int32),
        "confidence": np.full(count, 0.5, np.float32),
        "margin": np.full(count, 0.5, np.float32),
        "entropy": np.full(count, 0.5, np.float32),
        "moment": np.zeros(count, np.int64),
        "group": np.arange(count, dtype=np.int64),
        "usual": np.full(count, 0.5, np.float32),
        "spread": np.full(count, 0.1, np.float32),
    }
    for name, values in given.items():
        kinds[name] = np.array(values, kinds[name].dtype)
    return QueueColumns(**kinds)


def random_columns(seed: int, count: int) -> QueueColumns:
    """Return columns with many ties, a few missing numbers, classes and groups."""
    rng = np.random.default_rng(seed)

    def numbers() -> np.ndarray:
        values = rng.integers(0, 6, count) / 6
        return np.where(rng.random(count) < 0.1, np.nan, values)

    return columns_of(
        count,
        photo=rng.permutation(count) * 2**40,
        tag=rng.integers(0, 4, count),
        confidence=numbers(),
        margin=numbers(),
        entropy=numbers(),
        moment=rng.integers(0, 5, count),
        group=rng.integers(0, max(1, count // 2), count),
        usual=numbers(),
        spread=rng.integers(1, 4, count) / 4,
    )


def last_if_missing(value: float) -> tuple[bool, float]:
    return (True, 0.0) if math.isnan(value) else (False, value)


def slow_keys(columns: QueueColumns) -> dict:
    """Return for each order what a photo is sorted by."""
    return {
        "margin": lambda n: last_if_missing(float(columns.margin[n])),
        "entropy": lambda n: last_if_missing(-float(columns.entropy[n])),
        "confidence": lambda n: last_if_missing(float(columns.confidence[n])),
        "surprise": lambda n: last_if_missing(
            float((columns.confidence[n] - columns.usual[n]) / columns.spread[n])
        ),
        "newest": lambda n: -int(columns.moment[n]),
    }


@pytest.mark.parametrize("order", ["margin", "entropy", "confidence", "surprise", "newest"])
@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(0, 40))
def test_an_order_is_that_of_a_plain_sort(order, seed, count):
    columns = random_columns(seed, count)
    key = slow_keys(columns)[order]
    expected = sorted(range(count), key=lambda n: (key(n), int(columns.photo[n])))
    assert arrange(columns, order).tolist() == expected


def slow_diverse(columns: QueueColumns) -> list[int]:
    """Deal out by hand: first of each group, class by class, round by round."""
    waiting = arrange(columns, "margin").tolist()
    dealt: list[int] = []
    while waiting:
        groups: set[int] = set()
        firsts = []
        for n in waiting:
            if int(columns.group[n]) not in groups:
                groups.add(int(columns.group[n]))
                firsts.append(n)
        waiting = [n for n in waiting if n not in firsts]
        while firsts:
            tags: set[int] = set()
            for n in list(firsts):
                if int(columns.tag[n]) not in tags:
                    tags.add(int(columns.tag[n]))
                    dealt.append(n)
                    firsts.remove(n)
    return dealt


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(0, 40))
def test_diverse_deals_like_hand_dealing(seed, count):
    columns = random_columns(seed, count)
    assert arrange(columns, "diverse").tolist() == slow_diverse(columns)


def test_diverse_takes_classes_in_turn_and_copies_last():
    columns = columns_of(
        6,
        tag=[0, 0, 0, 0, 1, 2],
        margin=[0.1, 0.2, 0.3, 0.4, 0.5, 0.6],
        group=[0, 0, 2, 3, 4, 5],
    )
    assert arrange(columns, "diverse").tolist() == [0, 4, 5, 2, 3, 1]


@pytest.mark.parametrize("order", ORDERS)
@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(0, 40))
def test_an_order_is_a_permutation_whatever_order_the_rows_come_in(order, seed, count):
    columns = random_columns(seed, count)
    shuffled = np.random.default_rng(seed).permutation(count)
    other = QueueColumns(**{name: getattr(columns, name)[shuffled] for name in columns.__slots__})
    photos = columns.photo[arrange(columns, order)].tolist()
    assert sorted(photos) == sorted(columns.photo.tolist())
    assert other.photo[arrange(other, order)].tolist() == photos


def test_surprise_measures_each_class_by_its_own_spread():
    # 0.6 is usual for the first class; of the second, a steady 0.9, it is far below.
    columns = columns_of(
        3, confidence=[0.5, 0.6, 0.85], usual=[0.6, 0.6, 0.95], spread=[0.2, 0.2, 0.02]
    )
    assert arrange(columns, "surprise").tolist() == [2, 0, 1]


def test_surprise_of_a_class_without_spread_is_finite_and_small_steps_are_none():
    # The first is 0.001 below a class that always gets 0.9; the second two spreads below its own.
    columns = columns_of(2, confidence=[0.899, 0.3], usual=[0.9, 0.5], spread=[0.0, 0.1])
    assert arrange(columns, "surprise").tolist() == [1, 0]


def test_unknown_orders_and_columns_of_two_lengths_are_refused():
    with pytest.raises(ValueError, match=r"expected one of margin, .*, got 'random'"):
        arrange(columns_of(2), "random")
    with pytest.raises(ValueError, match="one length"):
        columns_of(2, tag=[0])


@pytest.mark.parametrize(
    ("seed", "outputs"),
    [
        pytest.param(0, [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4], id="seed-0"),
        pytest.param(1234567, [6457827717110365317, 3203168211198807973], id="seed-1234567"),
    ],
)
def test_audit_draws_are_those_of_splitmix64(seed, outputs):
    # The generator's published outputs: its n-th is the mix of seed + n times the golden gamma.
    photos = np.array([seed, (seed + 0x9E3779B97F4A7C15) % 2**64], np.uint64)
    assert audit_draw(photos).tolist() == outputs


def test_the_head_of_the_audit_is_a_fair_sample():
    # Of ids that lie in a row, the first 2,000 of 20,000 hold each remainder about equally often.
    head = arrange(columns_of(20_000), "audit")[:2000]
    counts = Counter((head % 10).tolist())
    assert sum((counts[n] - 200) ** 2 / 200 for n in range(10)) < 27.9  # chi-square, 9, 0.999


def test_the_audit_of_a_part_keeps_the_order_of_the_whole():
    whole = arrange(columns_of(100), "audit").tolist()
    part = columns_of(50, photo=np.arange(0, 100, 2))
    assert (arrange(part, "audit") * 2).tolist() == [n for n in whole if n % 2 == 0]


def test_usual_confidence_is_median_and_lower_quartile_of_the_class():
    rng = np.random.default_rng(5)
    tags = rng.integers(0, 3, 6000).astype(np.int32)
    confidences = rng.beta(5, 1 + tags).astype(np.float32)
    usual = UsualConfidence()
    for piece in np.array_split(np.arange(6000), 7):
        usual.add(tags[piece], confidences[piece])
    medians, spreads = usual.median_and_spread(np.arange(3, dtype=np.int32))
    for tag in range(3):
        own = confidences[tags == tag].tolist()
        lower, middle, _ = statistics.quantiles(own, n=4)
        assert medians[tag] == pytest.approx(middle, abs=0.002)
        assert spreads[tag] == pytest.approx((middle - lower) * 1.4826, abs=0.004)


def test_a_class_of_few_photos_is_measured_by_all():
    usual = UsualConfidence()
    usual.add(np.zeros(99, np.int32), np.linspace(0, 0.98, 99, dtype=np.float32) + 0.001)
    usual.add(np.array([1], np.int32), np.array([0.999], np.float32))
    medians, spreads = usual.median_and_spread(np.array([1, 7], np.int32))
    assert medians == pytest.approx([0.5, 0.5], abs=0.012)
    assert spreads == pytest.approx([0.25 / 0.6745] * 2, abs=0.02)


def test_memory_is_bounded_however_many_classes_a_table_names():
    usual = UsualConfidence()
    usual.add(np.full(20, 2_000_000_000, np.int32), np.full(20, 0.3005, np.float32))
    usual.add(np.full(30, 3, np.int32), np.full(30, 0.9005, np.float32))
    medians, _ = usual.median_and_spread(np.array([3, 2_000_000_000], np.int32))
    assert medians == pytest.approx([0.9005, 0.9005], abs=1e-6)  # its own; that of all 50


def test_nothing_counted_gives_nan_and_an_order_all_the_same():
    medians, spreads = UsualConfidence().median_and_spread(np.zeros(2, np.int32))
    assert np.isnan(medians).all()
    columns = columns_of(2, confidence=[0.4, 0.2], usual=medians, spread=spreads)
    assert arrange(columns, "surprise").tolist() == [0, 1]


def test_missing_confidences_are_not_counted():
    usual = UsualConfidence()
    usual.add(np.zeros(20, np.int32), np.array([0.7505] * 10 + [math.nan] * 10, np.float32))
    medians, spreads = usual.median_and_spread(np.zeros(1, np.int32))
    assert medians[0] == pytest.approx(0.7505, abs=1e-6)
    assert spreads[0] == 0


def test_eight_photos_say_what_is_usual_for_their_class_and_seven_do_not():
    usual = UsualConfidence()
    usual.add(np.zeros(8, np.int32), np.full(8, 0.2005, np.float32))
    usual.add(np.ones(7, np.int32), np.full(7, 0.9005, np.float32))
    medians, _ = usual.median_and_spread(np.array([0, 1], np.int32))
    assert medians == pytest.approx([0.2005, 0.2005], abs=1e-6)  # of all 15, the eighth


def test_each_of_many_classes_has_its_own_median():
    usual = UsualConfidence()
    tags = np.repeat(np.arange(700, dtype=np.int32), 9)
    usual.add(tags, (tags.astype(np.float32) + 0.5) / 1000)
    medians, spreads = usual.median_and_spread(np.arange(700, dtype=np.int32))
    assert medians == pytest.approx((np.arange(700) + 0.5) / 1000, abs=1e-6)
    assert not spreads.any()


def test_the_classes_that_are_counted_end_at_twenty_thousand():
    usual = UsualConfidence()
    usual.add(np.full(8, 19_999, np.int32), np.full(8, 0.1005, np.float32))
    usual.add(np.full(20, 20_000, np.int32), np.full(20, 0.9005, np.float32))
    medians, _ = usual.median_and_spread(np.array([19_999, 20_000], np.int32))
    assert medians == pytest.approx([0.1005, 0.9005], abs=1e-6)


def test_confidences_at_the_ends_are_in_the_first_and_last_thousandth():
    usual = UsualConfidence()
    usual.add(np.array([0] * 8 + [1] * 8, np.int32), np.array([0] * 8 + [1] * 8, np.float32))
    medians, _ = usual.median_and_spread(np.arange(2, dtype=np.int32))
    assert medians == pytest.approx([0.0005, 0.9995], abs=1e-6)


def test_quartiles_are_the_first_bins_that_hold_a_quarter_and_a_half():
    # 0.1 0.2 0.3 0.4 twice each: two of eight are a quarter, four a half.
    usual = UsualConfidence()
    usual.add(np.zeros(8, np.int32), np.repeat([0.1005, 0.2005, 0.3005, 0.4005], 2))
    medians, spreads = usual.median_and_spread(np.zeros(1, np.int32))
    assert medians[0] == pytest.approx(0.2005, abs=1e-6)
    assert spreads[0] == pytest.approx(0.1 / 0.6745, abs=1e-5)


def test_a_spread_below_a_hundredth_counts_as_one():
    # 0.003 below usual: 0.3 hundredths, as much as 0.03 of a class that spreads by 0.1.
    columns = columns_of(
        3, confidence=[0.897, 0.469, 0.471], usual=[0.9, 0.5, 0.5], spread=[0.001, 0.1, 0.1]
    )
    assert arrange(columns, "surprise").tolist() == [1, 0, 2]
