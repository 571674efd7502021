"""Tagging: predict, explain and draw; the runner puts one shard through them, a run all shards.

Names load on first use: a command that ends with an error in its arguments needs no torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from landmark_core.tagging.device import choose_device
    from landmark_core.tagging.lending import close_lent_tagger, lent_key, open_tagger, tag_shard
    from landmark_core.tagging.predict import rank_and_decide
    from landmark_core.tagging.run import (
        NoProgress,
        Progress,
        open_photos,
        open_run,
        plan_missing,
        preview,
        shards_failed,
        summarise_plan,
        tag_library,
    )
    from landmark_core.tagging.runner import Tagger
    from landmark_core.tagging.score import Claim, Scored, Scorer, score_photos

__all__ = [
    "Claim",
    "NoProgress",
    "Progress",
    "Scored",
    "Scorer",
    "Tagger",
    "choose_device",
    "close_lent_tagger",
    "lent_key",
    "open_photos",
    "open_run",
    "open_tagger",
    "plan_missing",
    "preview",
    "rank_and_decide",
    "score_photos",
    "shards_failed",
    "summarise_plan",
    "tag_library",
    "tag_shard",
]

_HOMES = {
    "Claim": "score",
    "Scored": "score",
    "Scorer": "score",
    "Tagger": "runner",
    "choose_device": "device",
    "close_lent_tagger": "lending",
    "lent_key": "lending",
    "open_tagger": "lending",
    "rank_and_decide": "predict",
    "score_photos": "score",
    "tag_shard": "lending",
}


def __getattr__(name: str) -> object:
    """Import the module that holds a public name, once it is asked for."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES.get(name, 'run')}"), name)
