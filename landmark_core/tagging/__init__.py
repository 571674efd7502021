"""Tagging: predict, explain and draw; the runner puts one shard through them, a run all shards.

Names load on first use: a command that ends with an error in its arguments needs no torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from landmark_core.tagging.lending import tag_shard
    from landmark_core.tagging.run import (
        NoProgress,
        Progress,
        open_run,
        preview,
        shards_failed,
        tag_library,
    )

__all__ = [
    "NoProgress",
    "Progress",
    "open_run",
    "preview",
    "shards_failed",
    "tag_library",
    "tag_shard",
]


def __getattr__(name: str) -> object:
    """Import the module that holds a public name, once it is asked for."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = "lending" if name == "tag_shard" else "run"
    return getattr(import_module(f"{__name__}.{home}"), name)
