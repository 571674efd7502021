"""Google Cloud Storage through gcsfs (https://gcsfs.readthedocs.io): its JSON API.

Pages: https://cloud.google.com/storage/docs/json_api/v1/objects/list. A body comes whole or not at
all here, so a transfer that breaks off starts again.
"""

import json
from typing import Any

import fsspec

from landmark_core.library.dialects import Entry, Page, prefix_of
from landmark_core.library.faults import ChangedError
from landmark_core.library.transfer import Transfer

_FIELDS = "items(name,size,etag,updated),nextPageToken"


def settle(options: dict[str, Any]) -> dict[str, Any]:
    """Change nothing: gcsfs has no setting for its retries; `_ask` goes around them."""
    return options


def quiet(_store: fsspec.AbstractFileSystem) -> None:
    """Change nothing."""


async def list_page(
    store: fsspec.AbstractFileSystem, path: str, token: str | None, size: int
) -> Page:
    """Return one page of all objects below a path, in key order."""
    bucket, key, _ = store.split_path(path)
    options = {"prefix": prefix_of(key) or None, "pageToken": token}
    chosen = {name: value for name, value in options.items() if value is not None}
    content = await _ask(store, "b/{}/o", bucket, fields=_FIELDS, maxResults=size, **chosen)
    answer = json.loads(content[1])
    entries: list[Entry] = [
        {**item, "name": f"{bucket}/{item['name']}", "size": int(item["size"]), "type": "file"}
        for item in answer.get("items", ())
    ]
    return Page(entries, answer.get("nextPageToken"))


async def read(store: fsspec.AbstractFileSystem, path: str, transfer: Transfer) -> None:
    """Fetch a transfer's bytes; none stay where it breaks off."""
    transfer.data.clear()
    wanted = {"If-Match": transfer.etag, "Range": transfer.range_wanted()}
    headers = {name: value for name, value in wanted.items() if value is not None}
    try:
        _, content = await _ask(store, store.url(path), headers=headers)
    except FileExistsError as error:  # what gcsfs makes of status 412
        raise ChangedError from error
    transfer.is_verified = transfer.etag is not None
    transfer.take(content[: transfer.limit])


async def _ask(
    store: fsspec.AbstractFileSystem, url: str, *parts: str, **options: Any
) -> tuple[Any, bytes]:
    """Send one GET, without the six tries of gcsfs, whose pauses add up to half a minute."""
    request = type(store)._request  # noqa: SLF001
    once = getattr(request, "__wrapped__", request)
    _, headers, _, content = await once(store, "GET", url, *parts, **options)
    return headers, content
