"""The photos of a landmark: a name as a person types it becomes tags, and these become photos.

    letters      a tag → how it is spelled already
    spelling     a typed name and the tags that there are → the tags that are meant
    finding      OUT and criteria → photos, in a stream
    presence     photos → those whose files are still there

Names load on first use: `landmarks --help` needs no table.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from landmark_core.finding.finding import FindSettings, FoundPhoto, Search, find_photos
    from landmark_core.finding.letters import by_letters, fold, spelled_like
    from landmark_core.finding.presence import Presence
    from landmark_core.finding.spelling import Match, match_tag, near_tags

_HOMES = {
    "FindSettings": "finding",
    "FoundPhoto": "finding",
    "Match": "spelling",
    "Presence": "presence",
    "Search": "finding",
    "find_photos": "finding",
    "by_letters": "letters",
    "fold": "letters",
    "match_tag": "spelling",
    "near_tags": "spelling",
    "spelled_like": "letters",
}

__all__ = [
    "FindSettings",
    "FoundPhoto",
    "Match",
    "Presence",
    "Search",
    "by_letters",
    "find_photos",
    "fold",
    "match_tag",
    "near_tags",
    "spelled_like",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
