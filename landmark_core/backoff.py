"""How long to wait before something that may pass is tried again.

Exponential back-off with full jitter (Brooker 2015,
https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/): many workers that failed
together do not come back together. Pure: who waits, and how often, is the caller's business.
"""

from collections.abc import Callable

FIRST_PAUSE_S = 0.5  # seconds, the ceiling of the first pause; doubles with each try
LONGEST_PAUSE_S = 20.0  # seconds, the ceiling of all later ones


def pause_seconds(attempt: int, draw: Callable[[], float]) -> float:
    """Return how long to wait after a try that failed.

    Args:
        attempt: how many tries have failed, at least 1.
        draw: gives numbers in [0, 1) for the jitter.

    Returns:
        Seconds in [0, min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** (attempt - 1))).
    """
    if attempt < 1:
        raise ValueError(f"expected an attempt of at least 1, got {attempt}")
    doublings = min(attempt - 1, 16)  # far past the longest pause; keeps the power small
    return draw() * min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0**doublings)
