"""Shards in groups: what one run of an engine takes at a time.

Pure. A group is long enough that starting a process for it costs next to nothing; where several
processes share the work it is short enough that there are several groups for each, so that the last
ones do not work alone for long.
"""

from collections.abc import Sequence

from landmark_core.records import Shard

MOST_SECONDS = 1200.0  # of work: a start of ten seconds is below one per cent of it
LEAST_SECONDS = 300.0  # where the fair share would be shorter; a start is a few per cent then
GROUPS_PER_PROCESS = 4  # where several processes share work enough


def group_shards(
    shards: Sequence[Shard],
    *,
    photos_per_second: float,
    processes: int,
    shards_per_group: int | None = None,
) -> list[tuple[Shard, ...]]:
    """Cut shards into groups, in order.

    Args:
        shards: what is left to do.
        photos_per_second: of one process.
        processes: that will work at once.
        shards_per_group: at most so many in one group; null chooses by the time they take.
    """
    if shards_per_group:
        cuts = range(0, len(shards), shards_per_group)
        return [tuple(shards[cut : cut + shards_per_group]) for cut in cuts]
    room = photos_per_second * MOST_SECONDS
    if processes > 1:
        photos = sum(shard.photos for shard in shards)
        fair = photos / (processes * GROUPS_PER_PROCESS)
        least = min(photos_per_second * LEAST_SECONDS, photos / processes)
        room = min(room, max(fair, least))
    groups: list[tuple[Shard, ...]] = []
    open_group: list[Shard] = []
    held = 0
    for shard in shards:
        if open_group and held + shard.photos > room:
            groups.append(tuple(open_group))
            open_group, held = [], 0
        open_group.append(shard)
        held += shard.photos
    return [*groups, tuple(open_group)] if open_group else groups
