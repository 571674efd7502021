"""The object of a bucket's lease: its names, and what it says.

    runs/.lease/00000007.json    the highest number counts

How leases are taken, kept and lost is `lease`.
"""

import contextlib
import dataclasses
import json
import os
import re
import secrets
import socket
from dataclasses import dataclass
from datetime import UTC, datetime

from landmark_core.json_text import finite_number, moment_of, parse_json, whole_number
from landmark_core.tables.bucket import Bucket

LENGTH_S = 120.0  # seconds after which a lease that was not renewed may be taken over
_MOST = 65536  # bytes; ours has about 200

_FOLDER = "runs/.lease"
_NAME = re.compile(rf"{re.escape(_FOLDER)}/(\d{{8}})\.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """What a lease's object says."""

    token: str  # tells the runs of one process apart
    pid: int
    host: str
    since: datetime  # UTC
    length_s: float
    renewals: int = 0
    renewed_at: datetime  # UTC, by the holder's clock: a hint for people, nothing rests on it
    released: bool = False

    def seems_alive(self) -> bool:
        """Whether its holder was heard of within its length, by the clocks of both machines."""
        return 0 <= self._silent_s() <= self.length_s

    def describe(self) -> str:
        """Say who holds it."""
        return (
            f"process {self.pid} on {self.host}, since {self.since:%Y-%m-%d %H:%M} UTC, "
            f"last heard of {max(0.0, self._silent_s()):.0f} s ago"
        )

    def to_bytes(self) -> bytes:
        """Return the object's content."""
        return json.dumps(dataclasses.asdict(self), default=datetime.isoformat).encode()

    def _silent_s(self) -> float:
        return (datetime.now(UTC) - self.renewed_at).total_seconds()


def new_lease(length_s: float) -> Lease:
    """Return what this process writes to hold a bucket from now on."""
    now = datetime.now(UTC)
    return Lease(
        token=secrets.token_hex(8),
        pid=os.getpid(),
        host=socket.gethostname(),
        since=now,
        length_s=length_s,
        renewed_at=now,
    )


def newest_lease(bucket: Bucket) -> tuple[int, bytes, Lease | None]:
    """Return the lease that counts: its number, its content as it is, and what that says."""
    while numbers := lease_numbers(bucket):
        number = max(numbers)
        with contextlib.suppress(FileNotFoundError):  # its follower is there by now
            content = bucket.get(lease_name(number))
            return number, content, _parse(content)
    return 0, b"", None


def lease_numbers(bucket: Bucket) -> list[int]:
    """Return the numbers of all leases that are there."""
    names = bucket.list_names(_FOLDER, hidden=True)
    return [int(found[1]) for name in names if (found := _NAME.fullmatch(name))]


def _parse(content: bytes) -> Lease:
    try:
        values = parse_json(content, most=_MOST)
        for name in ("since", "renewed_at"):
            values[name] = moment_of(values[name])
        values["length_s"] = finite_number(values["length_s"])
        return _checked(Lease(**values))
    except (ValueError, TypeError, KeyError):  # a later version's, or cut: watched like any other
        never = datetime.fromtimestamp(0, UTC)
        return Lease(
            token="", pid=0, host="an unknown machine", since=never, length_s=LENGTH_S,
            renewed_at=never,
        )  # fmt: skip


def _checked(lease: Lease) -> Lease:
    """Return a lease whose values are of the kinds that theirs are."""
    whole_number(lease.pid)
    whole_number(lease.renewals)
    if not (isinstance(lease.token, str) and isinstance(lease.host, str)):
        raise TypeError("expected texts")
    if not isinstance(lease.released, bool):
        raise TypeError("expected true or false")
    return lease


def lease_name(number: int) -> str:
    """Return the name of a lease's object."""
    return f"{_FOLDER}/{number:08d}.json"
