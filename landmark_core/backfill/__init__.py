"""Backfill: a plan that outlives processes, whose shards any engine may hand to many of them.

    plan_backfill      freeze what is missing, with an estimate; nothing is tagged yet
    remaining_shards   what is left of it, whenever it is asked
    tag_backfill_shard do one shard; what any engine calls, on any machine that sees OUT
    close_backfill     add up the parts and write the run file

While a backfill is open its photos are nobody else's: other runs leave them out. A shard that is
done twice replaces its own part, so rows stay exact whatever an engine does. Names load on first
use: planning a backfill's arguments needs no torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from landmark_core.backfill.closing import cancel_backfill, close_backfill
    from landmark_core.backfill.estimate import Estimate, estimate_work
    from landmark_core.backfill.executing import (
        ShardFailure,
        remaining_shards,
        tag_backfill_shard,
        tag_backfill_shards,
    )
    from landmark_core.backfill.grouping import group_shards
    from landmark_core.backfill.planning import PlanOptions, find_backfill, plan_backfill
    from landmark_core.backfill.text import (
        BackfillState,
        backfill_to_json,
        backfill_to_markdown,
        backfill_to_text,
        look_at_backfill,
    )

_HOMES = {
    "BackfillState": "text",
    "Estimate": "estimate",
    "PlanOptions": "planning",
    "ShardFailure": "executing",
    "backfill_to_json": "text",
    "backfill_to_markdown": "text",
    "backfill_to_text": "text",
    "cancel_backfill": "closing",
    "close_backfill": "closing",
    "estimate_work": "estimate",
    "find_backfill": "planning",
    "group_shards": "grouping",
    "look_at_backfill": "text",
    "plan_backfill": "planning",
    "remaining_shards": "executing",
    "tag_backfill_shard": "executing",
    "tag_backfill_shards": "executing",
}

__all__ = [
    "BackfillState",
    "Estimate",
    "PlanOptions",
    "ShardFailure",
    "backfill_to_json",
    "backfill_to_markdown",
    "backfill_to_text",
    "cancel_backfill",
    "close_backfill",
    "estimate_work",
    "find_backfill",
    "group_shards",
    "look_at_backfill",
    "plan_backfill",
    "remaining_shards",
    "tag_backfill_shard",
    "tag_backfill_shards",
]


def __getattr__(name: str) -> object:
    """Import the module that holds a public name, once it is asked for."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
