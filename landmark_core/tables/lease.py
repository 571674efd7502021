"""One run at a time in a bucket: a lease, which its holder renews and which ends where it stops.

    runs/.lease/00000007.json    who holds OUT; the highest number counts

Object stores have no locks that die with a process, but they can create an object only where there
is none (`Bucket.put_new`). Nothing else is needed of them, and no two clocks that agree:

* The holder of number n writes its object anew every third of the lease's length.
* Who wants OUT watches. An object that says "released", or that was not written anew while the
  watcher's own clock went on by the whole length, is followed by creating number n + 1, which one
  watcher alone can do. A number counts only while no higher one is there; who creates a lower one,
  having looked away for long, sees that and withdraws.
* The highest object is never removed, lower ones are, by the next holder.
* A holder whose last renewal began longer ago than half the length writes nothing more: a write
  that is on its way then has the other half to arrive before anybody else can hold OUT. What is
  left: a request that was half sent when its process was stopped, if the store waits for the rest
  longer than that. To take such a part back would be worse: whoever holds OUT may count on it.

After Gray and Cheriton 1989, Leases (https://doi.org/10.1145/74851.74870).
"""

import contextlib
import dataclasses
import logging
import os
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime

from landmark_core.errors import ConfigError, RunError
from landmark_core.tables.bucket import Bucket, Patience
from landmark_core.tables.lease_file import (
    LENGTH_S,
    Lease,
    lease_name,
    lease_numbers,
    new_lease,
    newest_lease,
)
from landmark_core.tables.lock import Holder

logger = logging.getLogger(__name__)

LENGTH_VARIABLE = "LANDMARKS_LEASE_SECONDS"

_LOOKS_A_LENGTH = 20  # how often a watcher looks within one length
_SHORTEST_LOOK_S = 0.05


class HeldLease:
    """Owns a lease while this process holds it, and the thread that renews it."""

    def __init__(self, bucket: Bucket, number: int, lease: Lease, begun: float) -> None:
        self._bucket = bucket
        self._number = number
        self._lease = lease
        self._renewed = begun  # by our clock; when the last renewal that succeeded began
        self._lost = False
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._renew, name="lease", daemon=True)
        self._thread.start()

    def check(self) -> None:
        """Say whether this process may still write; asks nobody.

        Raises:
            RunError: if the lease was lost, or was not renewed in time.
        """
        if self._lost or _clock() - self._renewed > self._lease.length_s / 2:
            self._lost = True
            raise RunError(
                f"lost the lease of {self._bucket.label} (it could not be renewed in time): "
                "another run may be writing there; run the same command again for what is missing"
            )

    def confirm(self) -> None:
        """Ask the store, too: clocks stand still where a virtual machine is paused.

        Raises:
            RunError: if the lease was lost.
        """
        self.check()
        with contextlib.suppress(RunError):  # no answer says nothing; the clock goes on
            if max(lease_numbers(self._bucket), default=0) > self._number:
                self._lost = True
        self.check()

    def release(self) -> None:
        """Stop renewing, and let others in at once."""
        self._ended.set()
        self._thread.join(self._lease.length_s / 6)
        with contextlib.suppress(RunError):  # it ends by itself then
            self.check()
            if not self._thread.is_alive():
                self._put(released=True)

    def _renew(self) -> None:
        pause = self._lease.length_s / 3
        while not self._ended.wait(pause):
            begun = _clock()
            try:
                self.confirm()
                self._put(renewals=self._lease.renewals + 1)
            except RunError as error:
                if self._lost:
                    return
                logger.warning("%s: the lease was not renewed: %s", self._bucket.label, error)
                pause = self._lease.length_s / 12
            else:
                self._renewed = begun
                pause = self._lease.length_s / 3

    def _put(self, *, renewals: int | None = None, released: bool = False) -> None:
        self._lease = dataclasses.replace(
            self._lease,
            renewals=self._lease.renewals if renewals is None else renewals,
            renewed_at=datetime.now(UTC),
            released=released,
        )
        self._bucket.put(lease_name(self._number), self._lease.to_bytes())


# The writers of a process share its leases: each opens OUT for itself.
_HELD: dict[str, HeldLease] = {}


@contextlib.contextmanager
def hold_lease(out: str, wait_s: float = 0.0) -> Iterator[None]:
    """Hold a bucket for one run.

    Where the holder seems dead, this watches it for a whole length before it takes its place.

    Args:
        out: URL.
        wait_s: seconds to wait for a holder that is alive.

    Raises:
        ConfigError: if the length that the environment asks for is no number of seconds.
        RunError: if another run holds it, naming that run's process; or the store fails.
    """
    length = _length()
    bucket = Bucket(out, patience=Patience(tries=4, limit_s=length / 6))
    held = _take(bucket, new_lease(length), wait_s)
    _HELD[_key(out)] = held
    try:
        yield
    finally:
        if _HELD.get(_key(out)) is held:
            del _HELD[_key(out)]
        held.release()


def held_lease(out: str) -> HeldLease | None:
    """Return the lease by which this process holds a bucket; null where it holds none."""
    return _HELD.get(_key(out))


def check_lease(out: str) -> None:
    """Refuse a write to a bucket whose lease this process has lost.

    Raises:
        RunError: if it has.
    """
    if held := held_lease(out):
        held.check()


def find_lease_holder(out: str) -> Holder | None:
    """Return who holds a bucket, as far as one look tells; null where nobody does.

    Who was silent for longer than the lease is taken for dead, by the clocks of both machines.
    """
    bucket = Bucket(out, patience=Patience(tries=4, limit_s=20.0))
    _, _, lease = newest_lease(bucket)
    if lease is None or lease.released or not lease.seems_alive():
        return None
    return Holder(pid=lease.pid, host=lease.host, since=lease.since)


def _take(bucket: Bucket, mine: Lease, wait_s: float) -> HeldLease:
    begun = _clock()
    watched: tuple[int, bytes] = (0, b"")
    watched_from = begun
    shown_life = False
    while True:
        looked = _clock()  # before the question: its answer may be slow, and old when it arrives
        number, content, theirs = newest_lease(bucket)
        if (number, content) != watched:
            shown_life = watched != (0, b"")  # somebody wrote while we watched
            watched, watched_from = (number, content), _clock()
        unchanged_s = looked - watched_from
        if theirs is None or theirs.released or unchanged_s > theirs.length_s:
            if theirs and not theirs.released:
                logger.warning("%s: took over from %s", bucket.label, theirs.describe())
            if held := _create(bucket, number + 1, mine):
                return held
            continue
        if _clock() - begun >= wait_s and (shown_life or theirs.seems_alive()):
            raise RunError(
                f"another run is writing to {bucket.label} ({theirs.describe()}); wait for it to "
                "end (--wait SECONDS), or stop it: where it was killed, its lease ends after "
                f"{theirs.length_s:g} s"
            )
        time.sleep(max(_SHORTEST_LOOK_S, theirs.length_s / _LOOKS_A_LENGTH))


def _create(bucket: Bucket, number: int, mine: Lease) -> HeldLease | None:
    """Create a lease; null where another process was faster."""
    begun = _clock()
    name = lease_name(number)
    if not bucket.put_new(name, mine.to_bytes()):
        return None
    numbers = lease_numbers(bucket)
    if max(numbers, default=0) > number:
        bucket.remove(name)
        return None
    if bucket.put_new(name, dataclasses.replace(mine, renewals=1).to_bytes()):
        logger.warning("%s: conditional writes are ignored; start one run at a time", bucket.label)
    for lower in numbers:
        if lower < number:
            bucket.remove(lease_name(lower))
    return HeldLease(bucket, number, mine, begun)


def _length() -> float:
    text = os.environ.get(LENGTH_VARIABLE, "")
    try:
        length = float(text or LENGTH_S)
    except ValueError:
        length = 0.0
    if not 1 <= length <= 86400:
        raise ConfigError(f"{LENGTH_VARIABLE} must be 1 to 86400 seconds, got {text!r}")
    return length


def _clock() -> float:
    """Return seconds that go on while the machine sleeps: a lease does not wait for it."""
    boot_time = getattr(time, "CLOCK_BOOTTIME", None)  # Linux
    return time.monotonic() if boot_time is None else time.clock_gettime(boot_time)


def _key(out: str) -> str:
    return out.rstrip("/")
