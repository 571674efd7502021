"""What the page calls the orders and states of the queue."""

from collections.abc import Mapping

from landmark_core.review.queue import Order
from landmark_core.review.views import State

ORDER_WORDS: Mapping[Order, tuple[str, str]] = {  # label, help; in the order of the menu
    "confidence": ("Least sure", "the lowest confidence of the best tag first"),
    "margin": ("Torn between two", "the best two tags are closest first"),
    "entropy": ("No idea", "confidence spread over many tags first"),
    "surprise": ("Unusual for its tag", "furthest below what this tag usually gets first"),
    "diverse": ("A bit of everything", "tags take turns, copies of one photo come last"),
    "newest": ("Newest", "the latest photos first"),
    "audit": ("Audit", "a random sample of what the machine settled: measures its errors"),
}
STATE_WORDS: Mapping[State, str] = {
    "waiting": "Waiting, not skipped",
    "settled": "Settled by people",
    "skipped": "Skipped",
    "disagree": "Disagreements",
    "tagged": "Tagged by the machine",
    "no_landmark": "No landmark, says the machine",
    "all": "All",
}
