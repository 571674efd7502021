"""What a backfill will take: photos, hours and cost at a rate that somebody measured.

Pure arithmetic. The estimate is a straight line: so many photos at so many a second and process,
on so many processes at once. It knows nothing of stores that throttle, or of photos that grow.
"""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What was reckoned when the plan was made."""

    photos: int
    photos_per_second: float  # of one process
    basis: str  # where that figure comes from
    processes: int  # that work at once
    hours: float  # of wall time
    process_hours: float
    cost: float | None  # in the unit of the price; null where none was given


def estimate_work(
    photos: int,
    *,
    photos_per_second: float,
    basis: str,
    processes: int = 1,
    cost_per_hour: float | None = None,
) -> Estimate:
    """Reckon hours and cost.

    Args:
        photos: to be tagged.
        photos_per_second: of one process; positive.
        basis: where the rate comes from, for people.
        processes: that work at once, at least 1.
        cost_per_hour: price of one process for an hour, in any currency.

    Raises:
        ValueError: if rate or processes are not positive.
    """
    if not (photos_per_second > 0 and math.isfinite(photos_per_second)):
        raise ValueError(f"expected a positive rate, got {photos_per_second}")
    if processes < 1:
        raise ValueError(f"expected one process at least, got {processes}")
    process_hours = photos / photos_per_second / 3600
    return Estimate(
        photos=photos,
        photos_per_second=photos_per_second,
        basis=basis,
        processes=processes,
        hours=process_hours / processes,
        process_hours=process_hours,
        cost=None if cost_per_hour is None else process_hours * cost_per_hour,
    )
