"""Azure Blob Storage through adlfs (https://github.com/fsspec/adlfs) and the client it owns.

Pages: https://learn.microsoft.com/rest/api/storageservices/list-blobs. What is smaller than 32 MB
comes in one piece, so a photo's transfer that breaks off starts again.
"""

from typing import Any

import fsspec

from landmark_core.library.dialects import Entry, Page, prefix_of
from landmark_core.library.transfer import Transfer


def settle(options: dict[str, Any]) -> dict[str, Any]:
    """Name the client apart from others, which keep their retries; photos come in one stream."""
    return {"max_concurrency": 1, **options}


def quiet(store: fsspec.AbstractFileSystem) -> None:
    """Turn off the client's own retries, whose pauses start at 15 seconds; no option does."""
    store.service_client._config.retry_policy.total_retries = 0  # noqa: SLF001


async def list_page(
    store: fsspec.AbstractFileSystem, path: str, token: str | None, size: int
) -> Page:
    """Return one page of all objects below a path, in key order."""
    container, key, _ = store.split_path(path)
    async with store.service_client.get_container_client(container) as client:
        blobs = client.list_blobs(
            name_starts_with=prefix_of(key) or None,
            include=["metadata"],
            results_per_page=size,
        )
        pages = blobs.by_page(continuation_token=token)
        page = await anext(pages)
        found = [blob async for blob in page]
    entries: list[Entry] = [
        {
            # Accounts with a hierarchical namespace list their folders too, as empty blobs.
            "name": f"{container}/{blob.name}" + "/" * _is_folder(blob.metadata),
            "size": blob.size,
            "type": "file",
            "etag": blob.etag,
            "last_modified": blob.last_modified,
        }
        for blob in found
    ]
    return Page(entries, pages.continuation_token or None)


async def read(store: fsspec.AbstractFileSystem, path: str, transfer: Transfer) -> None:
    """Add the bytes that a transfer lacks; those that came stay where it breaks off."""
    from azure.core import MatchConditions

    container, key, version = store.split_path(path)
    wanted: dict[str, Any] = {"version_id": version} if version else {}
    if transfer.etag:
        same = MatchConditions.IfNotModified
        wanted |= {"etag": f'"{transfer.etag}"', "match_condition": same}
    if transfer.is_part:
        wanted |= {"offset": len(transfer.data), "length": transfer.limit - len(transfer.data)}
    async with store.service_client.get_blob_client(container, key) as client:
        stream = await client.download_blob(**wanted)
        transfer.begin(stream.properties.etag.strip('"'), f"bytes {len(transfer.data)}-")
        async for chunk in stream.chunks():
            if not transfer.take(chunk):
                return


def _is_folder(metadata: dict[str, str] | None) -> bool:
    marks = {name.lower(): value for name, value in (metadata or {}).items()}
    return marks.get("hdi_isfolder") == "true"
