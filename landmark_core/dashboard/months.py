"""Months as a row of columns: the newest ones, with short gaps filled. Pure."""

from collections.abc import Sequence

from landmark_core.tables import MonthCount

_LONGEST_GAP = (
    12  # months; a longer one is a break, so that one wrong clock leaves room for all else
)


def newest(months: Sequence[MonthCount], most: int) -> tuple[tuple[MonthCount, ...], MonthCount]:
    """Return the newest months with photos, oldest first, and all that is older as one.

    Args:
        months: oldest first; those without a month are passed over.
        most: months at most.
    """
    known = [one for one in months if one.month is not None]
    return tuple(known[-most:]), _sum(known[:-most])


def unknown(months: Sequence[MonthCount]) -> int:
    """Return how many photos have no time."""
    return sum(one.photos for one in months if one.month is None)


def filled(names: Sequence[str]) -> list[str | None]:
    """Return ascending months with those between them; null stands for many.

    Args:
        names: such as 2026-01, ascending.
    """
    whole: list[str | None] = []
    before: int | None = None
    for number in map(_number, names):
        if before is not None and number - before > _LONGEST_GAP:
            whole.append(None)
        elif before is not None:
            whole += map(_name, range(before + 1, number))
        whole.append(_name(number))
        before = number
    return whole


def _sum(months: Sequence[MonthCount]) -> MonthCount:
    return MonthCount(
        month=None,
        tagged=sum(one.tagged for one in months),
        review=sum(one.review for one in months),
        no_landmark=sum(one.no_landmark for one in months),
        failed=sum(one.failed for one in months),
    )


def _number(name: str) -> int:
    year, _, month = name.rpartition("-")
    return int(year) * 12 + int(month) - 1


def _name(number: int) -> str:
    return f"{number // 12:04d}-{number % 12 + 1:02d}"
