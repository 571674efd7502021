"""Which photos of a stream are still there? Local files are looked for; buckets are not asked."""

import os
from collections.abc import Iterable, Iterator

from landmark_core.finding.finding import FoundPhoto
from landmark_core.library import is_url


class Presence:
    """Owns the count of photos that were left out because their file is gone."""

    def __init__(self) -> None:
        self.gone = 0

    def keep_present(self, photos: Iterable[FoundPhoto]) -> Iterator[FoundPhoto]:
        """Yield the photos that are there, or of which nobody knows; count the others."""
        for photo in photos:
            if is_url(photo.location) or not _is_gone(photo.location):
                yield photo
            else:
                self.gone += 1


def _is_gone(path: str) -> bool:
    try:
        os.stat(path)  # noqa: PTH116  # a path in fsdecode form, and there may be many
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:  # somebody's folder that we may not look into: nothing is known
        return False
    return False
