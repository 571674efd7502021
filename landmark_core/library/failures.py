"""The words of failures that several ways of fetching share. Pure."""

from landmark_core.config import ReadLimits
from landmark_core.errors import PhotoError


def too_large(limits: ReadLimits) -> PhotoError:
    """Return the failure of a photo of too many bytes."""
    return PhotoError("too_large", f"more than {limits.max_bytes:,} bytes")
