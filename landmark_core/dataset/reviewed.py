"""Turn people's decisions into labels: a tag, or none for what is not a landmark.

What counts is the current decision of a photo, as `tables.current_tags` knows it: the newest one
on the photo's current version; undone ones and skips do not count. The bytes that the person saw
are named by their digest, so that a photo which changed since is noticed when it is read.
"""

from dataclasses import dataclass
from pathlib import Path

import pyarrow.compute as pc

from landmark_core.errors import ConfigError
from landmark_core.library import is_url, location_of
from landmark_core.records import PhotoRef
from landmark_core.tables import Store, current_tags

_COLUMNS = ("photo_id", "uri", "etag", "content_sha256", "final_decision", "final_tag")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewed:
    """One photo that a person has decided on."""

    ref: PhotoRef
    tag: str | None  # null: it shows no landmark
    digest: str  # SHA-256 in hex of the bytes that were tagged


def read_reviewed(out: str) -> tuple[Reviewed, ...]:
    """Read the current decisions of people from an OUT, in the order of the photos' uris.

    Raises:
        ConfigError: OUT holds no results of `landmarks tag`, or a table in it is broken.
        RunError: scratch room runs out.
    """
    store = Store(out)
    if not store.list_parts():
        place = "" if is_url(out) or Path(out).is_dir() else ", which is no folder"
        raise ConfigError(
            f"--reviews must be an OUT that `landmarks tag` has written to, got {out}{place}"
        )
    if not store.list_reviews():
        return ()
    found = []
    for batch in current_tags(store):
        by_person = batch.filter(pc.equal(batch["settled_by"], "person"))
        rows = by_person.select(["size_bytes", *_COLUMNS]).to_pylist()
        moments = by_person["modified_at"].cast("int64").to_pylist()  # datetime ends in 9999
        for row, moment in zip(rows, moments, strict=True):
            # Without a digest nobody knows what the person saw, without a tag what it was.
            named = row["final_tag"] is not None or row["final_decision"] != "tagged"
            if row["content_sha256"] is not None and named:
                found.append(_reviewed(row, moment))
    return tuple(sorted(found, key=lambda photo: photo.ref.uri))


def _reviewed(row: dict[str, object], modified_us: int | None) -> Reviewed:
    values = {name: None if row[name] is None else str(row[name]) for name in _COLUMNS}
    uri, photo_id, digest = values["uri"], values["photo_id"], values["content_sha256"]
    assert uri is not None
    assert photo_id is not None
    assert digest is not None
    size = row["size_bytes"]
    ref = PhotoRef(
        photo_id=photo_id,
        uri=uri,
        location=location_of(uri, photo_id),
        size_bytes=size if isinstance(size, int) else None,
        modified_us=modified_us,
        etag=values["etag"],
    )
    tag = values["final_tag"] if values["final_decision"] == "tagged" else None
    return Reviewed(ref=ref, tag=tag, digest=digest)
