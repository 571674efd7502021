"""Try again what a store refused for a while, with growing pauses, and once with new credentials.

All tries are counted here. The clients' own ones are turned off (`dialects`): some have no jitter,
some pause for half a minute, and they would multiply with ours.
"""

import itertools
import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from landmark_core.backoff import pause_seconds
from landmark_core.errors import LandmarkError
from landmark_core.library.faults import describe_fault, hide_secrets, is_passing, is_refused
from landmark_core.library.places import Place, open_place, renew_client

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Perseverance:
    """How often something is tried, and what happens between two tries."""

    tries: int = 4  # their pauses add up to 3.5 seconds at most
    sleep: Callable[[float], None] = time.sleep  # waits so many seconds
    draw: Callable[[], float] = random.random  # numbers in [0, 1) for the jitter


class StoreError(Exception):
    """A store did not do what it was asked, however often; `fault` is the last reason."""

    def __init__(self, fault: Exception, attempt: int) -> None:
        super().__init__(describe_fault(fault))
        self.fault = fault
        self.attempt = attempt  # the try that failed last


def persist(url: str, action: Callable[[Place], Answer], how: Perseverance | None = None) -> Answer:
    """Do something at a place: again where a fault may pass, once with new credentials.

    A client that is made anew reads the environment, credential files, profiles and roles again,
    which somebody may have refreshed since.

    Args:
        url: the place.
        action: may be called several times, each time with a client that works.
        how: tries and pauses.

    Raises:
        ConfigError: the client cannot be made.
        StoreError: a fault that does not pass, or the last try.
    """
    how = how or Perseverance()
    may_renew = True
    for attempt in itertools.count(1):
        place = open_place(url)
        try:
            return action(place)
        except LandmarkError:
            raise
        except Exception as fault:  # each client raises its own kinds
            is_hopeless = not is_passing(fault)
            if is_refused(fault) and may_renew:
                renew_client(place)
                may_renew = is_hopeless = False
            if is_hopeless or attempt >= how.tries:
                raise StoreError(fault, attempt) from fault
            logger.info("%s: %s, tried again", hide_secrets(url), describe_fault(fault))
        how.sleep(pause_seconds(attempt, how.draw))
    raise AssertionError("count() does not end")
