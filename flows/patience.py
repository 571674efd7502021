"""Ask Prefect's server again when it does not answer: a backfill of days outlives its restarts.

Prefect's own client tries a few times within seconds. What watches an archive waits for minutes:
the shards go on meanwhile, and nothing is lost by waiting.
"""

import logging
import random
import time
from collections.abc import Callable
from typing import TypeVar

import httpx

from landmark_core.backoff import pause_seconds

logger = logging.getLogger(__name__)

LIMIT_S = 1800.0  # how long a server may be away

Answer = TypeVar("Answer")


def patiently(
    ask: Callable[[], Answer],
    *,
    limit_s: float = LIMIT_S,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Answer:
    """Return the server's answer, however often it has to be asked.

    Args:
        ask: may be called several times; asking twice must do no more than asking once.
        limit_s: seconds after which the last fault is raised.
        sleep: waits so many seconds.
        clock: seconds, ascending.

    Raises:
        httpx.HTTPError: a fault that does not pass, such as status 404 or 422, or the last one.
    """
    begun, attempt = clock(), 0
    while True:
        attempt += 1
        try:
            return ask()
        except httpx.HTTPError as fault:
            pause = 1.0 + pause_seconds(attempt, random.random)
            if not _passes(fault) or clock() - begun + pause > limit_s:
                raise
            logger.info("the server did not answer (%s), asked again", type(fault).__name__)
        sleep(pause)


def _passes(fault: httpx.HTTPError) -> bool:
    if isinstance(fault, httpx.HTTPStatusError):
        return fault.response.status_code >= 500 or fault.response.status_code in (408, 429)
    return isinstance(fault, httpx.TransportError)
