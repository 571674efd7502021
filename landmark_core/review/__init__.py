"""Review: a person settles what the model is unsure of, and checks some of what it is sure of.

Names load on first use: the summary needs no web server, and the queue no file.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from landmark_core.review.decisions import Choice, DecisionLog
    from landmark_core.review.past import summarise_out
    from landmark_core.review.serving import ServeOptions, serve
    from landmark_core.review.standing import Opinion, PhotoReviews, version_of
    from landmark_core.review.summary import Judged, ReviewSummary, summarise
    from landmark_core.review.summary_text import summary_to_json, summary_to_text
    from landmark_core.review.ulid import Ulids

_HOMES = {
    "Choice": "decisions",
    "DecisionLog": "decisions",
    "Opinion": "standing",
    "Judged": "summary",
    "PhotoReviews": "standing",
    "ReviewSummary": "summary",
    "ServeOptions": "serving",
    "Ulids": "ulid",
    "serve": "serving",
    "summarise": "summary",
    "summarise_out": "past",
    "summary_to_json": "summary_text",
    "summary_to_text": "summary_text",
    "version_of": "standing",
}

__all__ = [
    "Choice",
    "DecisionLog",
    "Judged",
    "Opinion",
    "PhotoReviews",
    "ReviewSummary",
    "ServeOptions",
    "Ulids",
    "serve",
    "summarise",
    "summarise_out",
    "summary_to_json",
    "summary_to_text",
    "version_of",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
