"""Look for photos that look alike while a person works: in the background, at low priority.

What is in front of the person comes first, with its neighbours in time; then all others, folder by
folder. Nothing waits for it: groups grow while the list is gone through.
"""

import contextlib
import logging
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from landmark_core.dataset import take_look
from landmark_core.errors import LandmarkError
from landmark_core.review.groups import MOST_LOOKS, LookAlikes

Numbers = NDArray[np.int64]
ReadSmall = Callable[[int], Image.Image]

_MOST_PREFERRED = 1000
_LONGEST_PAUSE = 0.05  # seconds
_LONGEST_GOODBYE = 1.0  # seconds
_NICE = 10  # of 19
_logger = logging.getLogger(__name__)


class LookFinder:
    """Owns the groups and the thread that makes them grow; several threads may ask."""

    def __init__(self, groups: LookAlikes, order: Numbers, read_small: ReadSmall) -> None:
        """Prepare; `start` begins.

        Args:
            groups: nobody else may use them from now on.
            order: (N,) all photos, in the order in which they are to be read.
            read_small: returns a photo at 32 pixels or more; may raise PhotoError.
        """
        self._groups, self._read_small = groups, read_small
        self._order = order
        self._total = min(len(order), MOST_LOOKS)
        self._seen = np.zeros(len(order), np.bool_)
        self._preferred: deque[int] = deque(maxlen=_MOST_PREFERRED)
        self._done = 0
        self._has_warned = False
        self._lock = threading.Lock()  # of what is preferred, and of who is in which group
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._work, name="looks", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """End; a photo that takes longer than a second to read is not waited for."""
        self._ends.set()
        if self._thread.is_alive():
            self._thread.join(_LONGEST_GOODBYE)

    def prefer(self, numbers: Sequence[int]) -> None:
        """Read these next, and then those taken around the same time."""
        wanted = [*numbers, *(other for n in numbers for other in self._groups.neighbours(n))]
        with self._lock:
            for number in reversed(dict.fromkeys(wanted)):
                if not self._seen[number]:
                    self._preferred.appendleft(number)

    def progress(self) -> tuple[int, int]:
        """Return how many photos were read, and how many will be."""
        return self._done, self._total

    def group_of(self, numbers: Numbers) -> Numbers:
        """Return (N,) groups, as the smallest number in each."""
        with self._lock:
            return self._groups.group_of(numbers)

    def members(self, number: int) -> tuple[int, ...]:
        """Return all photos of a photo's group, itself included, ascending."""
        with self._lock:
            return self._groups.members(number)

    def _work(self) -> None:
        _step_back()
        for number in self._unseen():
            if self._ends.is_set():
                return
            began = time.monotonic()
            self._seen[number] = True
            self._read(number)
            self._done += 1
            # As long as it worked it rests: a person's requests share the interpreter with it.
            self._ends.wait(min(time.monotonic() - began, _LONGEST_PAUSE))

    def _unseen(self) -> Iterator[int]:
        """Yield each photo once, preferred ones before others, as many as there is room for."""
        others = iter(self._order)
        for _ in range(self._total):
            number = self._next_preferred()
            if number is None:
                number = next(int(other) for other in others if not self._seen[other])
            yield number

    def _next_preferred(self) -> int | None:
        with self._lock:
            while self._preferred:
                number = self._preferred.popleft()
                if not self._seen[number]:
                    return number
        return None

    def _read(self, number: int) -> None:
        try:
            # To compare takes milliseconds: who asks for groups meanwhile does not wait for it.
            alike = self._groups.find(number, take_look(self._read_small(number)))
            with self._lock:
                for other in alike:
                    self._groups.join(number, other)
        except LandmarkError as error:  # gone or broken; the page says so when it is shown
            _logger.debug("no look: %s", error)
        except Exception:
            # One photo that a decoder chokes on must not end the search among all others.
            level = logging.DEBUG if self._has_warned else logging.WARNING
            _logger.log(level, "no look of photo %d", number, exc_info=True)
            self._has_warned = True


def _step_back() -> None:
    """Let everything else run before this thread; only Linux knows that for single threads."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
