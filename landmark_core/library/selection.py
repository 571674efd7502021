"""What a walk through the library takes, and the count of what it leaves.

A listing that loses files says so: everything met and not listed is counted under its reason.
"""

from dataclasses import dataclass

from landmark_core.library.patterns import Patterns


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which photos of SOURCE belong to the run."""

    patterns: Patterns
    follow_links: bool  # symbolic links that leave SOURCE or name folders
    skip: tuple[str, ...]  # absolute paths and URLs that are never entered, such as OUT
    since_us: int | None = None  # microseconds since 1970, UTC; what is older is left alone

    def is_older(self, changed_us: int | None) -> bool:
        """Say whether a file is older than the run looks back; one without a time is not."""
        return self.since_us is not None and changed_us is not None and changed_us < self.since_us


@dataclass(slots=True, kw_only=True)
class Counts:
    """What a listing has met so far; it grows while the listing is read."""

    photos: int = 0  # listed
    not_photos: int = 0  # files of other kinds, and pipes, sockets and devices
    links_not_followed: int = 0  # to folders, out of SOURCE, or to nothing
    excluded: int = 0  # photos that --include or --exclude left out, and whole folders as one
    unreadable_folders: int = 0  # could not be listed; their photos are not in the run
    older: int = 0  # files that may be photos, but --since left out
    partitions: int = 0  # places that a SOURCE with date fields came to
