"""S3 through s3fs (https://s3fs.readthedocs.io): pages by continuation token, reads by If-Match.

The tokens do what StartAfter does, and also where keys are in no order (directory buckets).
"""

from datetime import datetime
from typing import Any

import fsspec
from fsspec.config import conf

from landmark_core.library.dialects import Entry, Page, prefix_of
from landmark_core.library.transfer import Transfer

_CHUNK = 2**18  # bytes taken from the connection at once
_CONNECTIONS = 32  # a worker fetches 8 photos at once, a listing asks for 16 first bytes


def settle(options: dict[str, Any]) -> dict[str, Any]:
    """Turn off botocore's retries, which know nothing of the tries that we count."""
    own = {"retries": {"max_attempts": 0}, "max_pool_connections": _CONNECTIONS}
    configured = conf.get("s3", {}).get("config_kwargs", {})  # explicit options would hide it
    return {**options, "config_kwargs": {**own, **configured}}


def quiet(store: fsspec.AbstractFileSystem) -> None:
    """Turn off s3fs' own retries, which have no jitter."""
    store.retries = 1


async def list_page(
    store: fsspec.AbstractFileSystem, path: str, token: str | None, size: int
) -> Page:
    """Return one page of all objects below a path, in key order."""
    await store.set_session()
    parsers = store.session.get_component("response_parser_factory")
    parsers.set_parser_defaults(timestamp_parser=_parse_moment)
    bucket, key, _ = store.split_path(path)
    more = {"ContinuationToken": token} if token else {}
    answer = await store._call_s3(  # noqa: SLF001 (its public twin blocks the loop)
        "list_objects_v2", Bucket=bucket, Prefix=prefix_of(key), MaxKeys=size, **more
    )
    entries: list[Entry] = [
        {
            "name": f"{bucket}/{item['Key']}",
            "size": item["Size"],
            "type": "file",
            "ETag": item.get("ETag"),
            "LastModified": item.get("LastModified"),
        }
        for item in answer.get("Contents", ())
    ]
    # A page that says there is more and not where: KeyError, and the listing has broken off.
    return Page(entries, answer["NextContinuationToken"] if answer.get("IsTruncated") else None)


async def read(store: fsspec.AbstractFileSystem, path: str, transfer: Transfer) -> None:
    """Add the bytes that a transfer lacks; those that came stay where it breaks off."""
    bucket, key, version = store.split_path(path)
    wanted = {
        "Range": transfer.range_wanted(),
        "IfMatch": f'"{transfer.etag}"' if transfer.etag else None,
        "VersionId": version,
    }
    answer = await store._call_s3(  # noqa: SLF001 (its public twin blocks the loop)
        "get_object",
        Bucket=bucket,
        Key=key,
        **{name: value for name, value in wanted.items() if value is not None},
    )
    body = answer["Body"]
    try:
        transfer.begin(answer.get("ETag", "").strip('"') or None, answer.get("ContentRange"))
        while chunk := await body.read(_CHUNK):
            if not transfer.take(chunk):
                return
    finally:
        body.close()


def _parse_moment(text: str) -> datetime:
    """Read a time; botocore's own way, dateutil, takes three quarters of a listing's time."""
    try:
        return datetime.fromisoformat(text)
    except (TypeError, ValueError):  # the times in HTTP headers
        from botocore.utils import parse_timestamp

        moment: datetime = parse_timestamp(text)
        return moment
