"""Shards in groups: what one run of an engine takes at a time.

Pure. A group is long enough that starting a process for it costs next to nothing, and short enough
that there are several for each process, so that the last ones do not work alone for long.
"""

from collections.abc import Sequence

from landmark_core.records import Shard

GROUP_SECONDS = 1200.0  # of work: a start of ten seconds is below one per cent of it
GROUPS_PER_PROCESS = 4  # at least, where there are shards enough


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
    photos = sum(shard.photos for shard in shards)
    fair = photos / (processes * GROUPS_PER_PROCESS)
    room = min(photos_per_second * GROUP_SECONDS, fair)
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
