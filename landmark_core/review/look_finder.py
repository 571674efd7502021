"""Look for photos that look alike while a person works: in the background, at low priority.

What is in front of the person comes first, with its neighbours in time; then all others, folder by
folder. Nothing waits for it: groups grow while the list is gone through.
"""

import contextlib
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence

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
_LONGEST_GOODBYE = 2.0  # seconds
_NICE = 10  # of 19; Linux knows it for single threads
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
        self._order = order[:MOST_LOOKS]
        self._seen = np.zeros(len(order), np.bool_)
        self._preferred: deque[int] = deque(maxlen=_MOST_PREFERRED)
        self._done = 0
        self._lock = threading.Lock()
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._work, name="looks", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """End; a photo that takes longer than a moment to read is not waited for."""
        self._ends.set()
        if self._thread.is_alive():
            self._thread.join(_LONGEST_GOODBYE)

    def prefer(self, numbers: Sequence[int]) -> None:
        """Read these next, and those taken around the same time."""
        with self._lock:
            wanted = list(numbers)
            for number in numbers:
                wanted += self._groups.neighbours(number)
            for number in reversed(wanted):
                if not self._seen[number]:
                    self._preferred.appendleft(number)

    def progress(self) -> tuple[int, int]:
        """Return how many photos were read, and how many will be."""
        return self._done, len(self._order)

    def group_of(self, numbers: Numbers) -> Numbers:
        """Return (N,) groups, as the smallest number in each."""
        with self._lock:
            return self._groups.group_of(numbers)

    def members(self, number: int) -> tuple[int, ...]:
        """Return all photos of a photo's group, itself included, ascending."""
        with self._lock:
            return self._groups.members(number)

    def _work(self) -> None:
        with contextlib.suppress(AttributeError, OSError):  # where single threads have none
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
        place = 0
        while not self._ends.is_set():
            number = self._next_preferred()
            while number is None and place < len(self._order):
                candidate = int(self._order[place])
                place += 1
                number = None if self._seen[candidate] else candidate
            if number is None:
                self._ends.wait(1.0)  # all are read; somebody may still prefer one beyond
                continue
            began = time.monotonic()
            self._read(number)
            # As long as it worked it rests: a person's requests share the interpreter with it.
            self._ends.wait(min(time.monotonic() - began, _LONGEST_PAUSE))

    def _next_preferred(self) -> int | None:
        with self._lock:
            while self._preferred:
                number = self._preferred.popleft()
                if not self._seen[number]:
                    return number
        return None

    def _read(self, number: int) -> None:
        self._seen[number] = True
        try:
            look = take_look(self._read_small(number))
            with self._lock:
                self._groups.add(number, look)
        except LandmarkError as error:  # gone or broken; the page says so when it is shown
            _logger.debug("no look: %s", error)
        except Exception:
            # One photo that a decoder chokes on must not end the search among all others.
            _logger.debug("no look of photo %d", number, exc_info=True)
        self._done += 1
