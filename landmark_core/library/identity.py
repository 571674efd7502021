"""Give a photo its lasting identity: an id and a name for people from where it lies.

Turns a location (path or URL) and what the store tells of it into a `PhotoRef`. Opens nothing.
"""

import hashlib
import os
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from landmark_core.addresses import without_secrets
from landmark_core.records import PhotoRef

_ESCAPED = re.compile(rb"\\x([0-9a-f]{2})")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")  # two letters at least: "C:\\" is a drive
# Every store has its own word for the same thing; the first that is there counts.
_ETAG_KEYS = ("ETag", "etag", "content_md5", "md5Hash", "md5", "generation")
_TIME_KEYS = ("LastModified", "last_modified", "updated", "mtime", "modified", "created")


def is_url(location: str) -> bool:
    """Say whether a location names a bucket or a web address rather than a local path."""
    return _URL.match(location) is not None


def photo_id_of(location: str) -> str:
    """Return the 32 hex digits that name this photo in every run.

    Args:
        location: local path in `os.fsdecode` form, made absolute without resolving links, or URL.
    """
    if is_url(location):
        key = b"url\0" + location.encode("utf-8", "surrogateescape")
    else:
        key = b"file\0" + os.path.abspath(os.fsencode(location))  # noqa: PTH100 (bytes)
    return hashlib.sha256(key).hexdigest()[:32]


def location_of(uri: str, photo_id: str) -> str:
    """Return what opens a photo, by the name that a table has for it.

    Undoes the escapes of a name that is not UTF-8; the photo's id tells whether there are any.
    """
    if photo_id_of(uri) == photo_id:
        return uri
    raw = _ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), uri.encode())
    location = raw.decode("utf-8", "surrogateescape")
    return location if photo_id_of(location) == photo_id else uri


def local_ref(path: str, status: os.stat_result | None) -> PhotoRef:
    """Describe a local photo.

    Args:
        path: absolute path in `os.fsdecode` form.
        status: what `os.stat` says of it; null where it could not be asked.
    """
    return PhotoRef(
        photo_id=photo_id_of(path),
        uri=os.fsencode(path).decode("utf-8", "backslashreplace"),
        location=path,
        size_bytes=None if status is None else status.st_size,
        modified_us=None if status is None else status.st_mtime_ns // 1000,
        etag=None,
    )


def url_ref(url: str, info: Mapping[str, Any]) -> PhotoRef:
    """Describe a photo in a bucket.

    A signature or password in the URL is in the location alone: the photo is the same one when its
    URL is signed anew, and no table holds the key.

    Args:
        url: full URL.
        info: the fsspec listing entry; empty where the store could not be asked.
    """
    size = info.get("size")
    etag = next((info[key] for key in _ETAG_KEYS if info.get(key)), None)
    plain = without_secrets(url)
    return PhotoRef(
        photo_id=photo_id_of(plain),
        uri=plain.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace"),
        location=url,
        size_bytes=int(size) if isinstance(size, int | float) else None,
        modified_us=next((_microseconds(info[key]) for key in _TIME_KEYS if info.get(key)), None),
        etag=None if etag is None else _plain_etag(etag),
    )


def newest_us(info: Mapping[str, Any]) -> int | None:
    """Return the newest of all times that a store gives for an object, in microseconds since 1970.

    Some keep the time that a copy brought along beside that of its arrival.
    """
    times = (_microseconds(info[key]) for key in _TIME_KEYS if info.get(key))
    return max((time for time in times if time is not None), default=None)


def absolute(path: str) -> str:
    """Make a path absolute without resolving links: two names of one photo stay two photos."""
    return os.path.abspath(path)  # noqa: PTH100 (Path.resolve follows links)


def strip_file_scheme(location: str) -> str:
    """Turn a file:// URL into its path; everything else stays as it is."""
    scheme, mark, path = location.partition("://")
    return path if mark and scheme.lower() in ("file", "local") else location


def _plain_etag(etag: object) -> str:
    if isinstance(etag, bytes | bytearray):  # Azure's MD5
        return bytes(etag).hex()
    return str(etag).strip('"')


def _microseconds(moment: object) -> int | None:
    """Turn a store's idea of a time into microseconds since 1970; unreadable ones are unknown."""
    if isinstance(moment, str):
        try:
            moment = datetime.fromisoformat(moment)
        except ValueError:
            return None
    if isinstance(moment, datetime):
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return round(aware.timestamp() * 1_000_000)
    return round(moment * 1_000_000) if isinstance(moment, int | float) else None
