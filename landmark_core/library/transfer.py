"""One object's bytes on their way: how many are here, and of which version they are.

A transfer that broke off goes on from where it was, and only if the object is still the same one.
Pure: the dialects fill it, `fetch` judges it.
"""

from dataclasses import dataclass, field

from landmark_core.library.faults import ChangedError


@dataclass(slots=True)
class Transfer:
    """The bytes of one object so far; a dialect's `read` adds what is missing."""

    size: int | None  # bytes as listed; null where unknown
    etag: str | None  # the version that is wanted, without quotes; null takes the one that is there
    limit: int  # bytes after which nothing more is wanted
    data: bytearray = field(default_factory=bytearray)
    is_verified: bool = False  # the store itself says that the bytes are of that version

    @property
    def is_complete(self) -> bool:
        """Whether all bytes that the listing promised, or that are wanted, are here."""
        return self.size is not None and len(self.data) >= min(self.size, self.limit)

    @property
    def is_part(self) -> bool:
        """Whether less than the whole object is missing, so that a range is to be asked for."""
        return bool(self.data) or (self.size is not None and self.limit < self.size)

    def range_wanted(self) -> str | None:
        """Return the Range header for what is missing; null where all of it is."""
        return f"bytes={len(self.data)}-{self.limit - 1}" if self.is_part else None

    def begin(self, etag: str | None, content_range: str | None) -> None:
        """Take note of what an answer says before its bytes come.

        Args:
            etag: of the answer, without quotes; null where the store sends none.
            content_range: its Content-Range header; null where it starts at the first byte.

        Raises:
            ChangedError: it is of another version than the bytes that are wanted.
        """
        if etag is not None:
            if self.etag is not None and etag != self.etag:
                raise ChangedError
            self.etag = etag
            self.is_verified = True
        elif self.etag is None:
            self.data.clear()  # nothing says that both halves would be of one version
        start = (content_range or "").removeprefix("bytes ").partition("-")[0]
        if self.data and start != str(len(self.data)):
            self.data.clear()  # the store does not do ranges, and sends all of it again

    def take(self, chunk: bytes) -> bool:
        """Add bytes; return whether more are wanted."""
        self.data += chunk
        return len(self.data) < self.limit
