"""Which addresses of a table may be opened: a table can come from anywhere. Opens nothing."""

from landmark_core.errors import PhotoError
from landmark_core.library.identity import is_url
from landmark_core.protocols import extra_for
from landmark_core.records import PhotoRef

_LOCAL = frozenset({"file", "local", "memory"})


def openable(ref: PhotoRef) -> PhotoRef:
    """Return the photo if it lies where photos may lie.

    A table must not make this machine ask addresses on the network.

    Raises:
        PhotoError: if its uri is no local path and no bucket.
    """
    if is_url(ref.location):
        scheme = ref.location.partition("://")[0].lower()
        if "::" in ref.location or not (scheme in _LOCAL or extra_for(scheme)):
            raise PhotoError("fetch_error", f"photos are not read from {scheme}:// addresses")
    return ref
