"""How large a record in OUT may be, and its reading within that.

OUT may lie in a bucket that others write to: what is far beyond anything of ours is refused before
it fills the memory.
"""

from landmark_core.errors import ConfigError
from landmark_core.tables.folder import Folder
from landmark_core.tables.place import Place

# Bytes of a JSON file in `runs`. A run file with 100,000 classes and their counts takes 8 MB, the
# record of a compaction of a million parts 60.
MOST_JSON = 128 * 2**20


def read_bounded(place: Place, name: str) -> bytes:
    """Return the content of a record in OUT; FileNotFoundError where there is none.

    Raises:
        ConfigError: if it cannot be read, or is larger than any of ours.
    """
    try:
        if isinstance(place, Folder):  # asked first: a foreign file of any size may lie there
            size = (place.root / name).stat().st_size
            if size > MOST_JSON:
                raise ConfigError(f"{name}: expected at most {MOST_JSON:,} bytes, got {size:,}")
        return place.get(name)
    except FileNotFoundError:
        raise
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise ConfigError(f"{place.label}/{name} cannot be read: {reason}") from error
