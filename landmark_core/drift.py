"""How far apart two histograms are: the population stability index, and what chance makes of it.

Pure. The index is the sum of (p - q) ln(p / q) over the bins, whose usual reading is: below 0.1 no
change, above 0.25 a real one. Two samples of one distribution differ too: then it is distributed
as (1/N + 1/M) chi-squared with B - 1 degrees of freedom (Yurdakul and Naranjo 2020, "Statistical
properties of the population stability index", Journal of Risk Model Validation 14(4),
https://EconPapers.repec.org/RePEc:rsk:journ5:7725371). So a limit counts only beyond what chance
makes of samples that small.
"""

import math
import statistics
from collections.abc import Sequence

CERTAINTY = 0.999  # two samples of one distribution pass the noise level once in a thousand times
_LEAST_EXPECTED = 5  # photos in a bin, below which chi-squared does not hold (Cochran 1954)
_PSEUDO_COUNT = 0.5  # photos put into every bin, so that an empty one has a logarithm


def stability_index(one: Sequence[int], other: Sequence[int]) -> float:
    """Return the population stability index of two histograms: >= 0, and 0 for equal shares.

    Both are drawn towards the uniform by as much as half a photo a bin changes the smaller one.

    Raises:
        ValueError: if they differ in bins, or one has no photos.
    """
    bins, smaller = len(one), min(sum(one), sum(other))
    if smaller < 1:
        raise ValueError(f"expected photos on both sides, got {sum(one)} and {sum(other)}")
    pull = _PSEUDO_COUNT * bins / (smaller + _PSEUDO_COUNT * bins)
    total = 0.0
    for mine, its in zip(one, other, strict=True):
        p, q = (
            (1 - pull) * number / size + pull / bins
            for number, size in ((mine, sum(one)), (its, sum(other)))
        )
        total += (p - q) * math.log(p / q)
    return total


def noise_level(photos: int, others: int, bins: int) -> float:
    """Return what the index of two samples of one distribution stays below, at CERTAINTY.

    The quantile of chi-squared follows Wilson and Hilferty 1931, "The distribution of chi-square",
    https://doi.org/10.1073/pnas.17.12.684: 3 % above the exact one at one degree of freedom, less
    at more.

    Args:
        photos: of one sample, >= 1.
        others: of the other, >= 1.
        bins: in which both are counted, >= 1.
    """
    freedom = bins - 1
    if not freedom:
        return 0.0
    spread = 2 / (9 * freedom)
    deviate = statistics.NormalDist().inv_cdf(CERTAINTY)
    quantile = freedom * (1 - spread + deviate * math.sqrt(spread)) ** 3
    return quantile * (1 / photos + 1 / others)


def merge_sparse(
    one: Sequence[int], other: Sequence[int]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Join neighbouring bins until each is wide enough for chi-squared in the smaller sample.

    What a bin can expect is judged by the mean of both shares: where all photos have moved, bins
    that one side alone has do not vanish in their neighbours.
    """
    smaller = min(sum(one), sum(other))
    merged: list[tuple[int, int]] = []
    mine, its = 0, 0
    for more_mine, more_its in zip(one, other, strict=True):
        mine, its = mine + more_mine, its + more_its
        if smaller * (mine / sum(one) + its / sum(other)) / 2 >= _LEAST_EXPECTED:
            merged.append((mine, its))
            mine, its = 0, 0
    last = merged.pop() if merged else (0, 0)
    merged.append((last[0] + mine, last[1] + its))
    return tuple(pair[0] for pair in merged), tuple(pair[1] for pair in merged)
