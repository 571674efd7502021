"""End a run whose credentials are no longer accepted, before it writes a row for every photo.

One photo that is forbidden to us is that photo's failure. Credentials that are refused for many
photos in a row are the run's: what it would write from then on are rows that say nothing. The
photos of the shard under way are then missing work, which the next run does.
"""

from collections.abc import Iterable
from datetime import UTC, datetime

from landmark_core.errors import RunError
from landmark_core.library.faults import REFUSED
from landmark_core.records import DecodedPhoto

IN_A_ROW = 32  # photos; each was tried with a client made anew


class RefusalWatch:
    """Counts the photos in a row whose store refused our credentials."""

    def __init__(self) -> None:
        self._count = 0
        self._since: datetime | None = None

    def look(self, photos: Iterable[DecodedPhoto], now: datetime) -> None:
        """Look at the photos of a batch, in their order.

        Args:
            photos: good and bad ones.
            now: UTC.

        Raises:
            RunError: the credentials have been refused for `IN_A_ROW` photos.
        """
        for photo in photos:
            if photo.status != "fetch_error" or REFUSED not in (photo.error or ""):
                self._count, self._since = 0, None
                continue
            self._count += 1
            self._since = self._since or now
            if self._count >= IN_A_ROW:
                raise _refused(photo, self._count, self._since)


def _refused(photo: DecodedPhoto, count: int, since: datetime) -> RunError:
    protocol = photo.ref.location.partition("://")[0]
    reason = (photo.error or "").removeprefix("could not be fetched: ")
    return RunError(
        f"{protocol}://: {reason}, for {count} photos in a row since "
        f"{since.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC; refresh the credentials and run the same "
        "command again: finished shards are kept, the others are done then"
    )
