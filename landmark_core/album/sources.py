"""OUT → the local folders that its runs searched for photos: no gallery may lie in one of them.

Run files hold SOURCE as it was typed. Where that is a relative path, the folder is the one of that
name above the photos which the run tagged: who writes a gallery may stand elsewhere by now.
"""

import os
from collections.abc import Iterator
from pathlib import Path, PurePath

import pyarrow as pa

from landmark_core.library import fixed_part, is_partitioned, is_url, strip_file_scheme
from landmark_core.tables import TAGS_SCHEMA, Scratch, Store

_COLUMNS = pa.schema([TAGS_SCHEMA.field(name) for name in ("run_id", "uri")])


def list_sources(store: Store, scratch: Scratch) -> list[Path]:
    """Return the local folders that finished runs searched, each once.

    Raises:
        ConfigError: if a table or a run file of OUT is broken.
    """
    found: dict[Path, None] = {}
    shared: dict[str, PurePath] | None = None
    for run_id, source in _local_sources(store):
        folder: PurePath | None = PurePath(source)
        if not PurePath(source).is_absolute():
            if shared is None:
                shared = _shared_folders(store, scratch)
            folder = folder_named(source, shared[run_id]) if run_id in shared else None
        if folder is not None and Path(folder).is_dir():
            found[Path(folder)] = None
    return list(found)


def folder_named(source: str, shared: PurePath) -> PurePath | None:
    """Return the folder that a relative SOURCE named; null where it was none, as of a list.

    Args:
        source: as it was typed.
        shared: the folder that all photos of its run have in common.
    """
    names = tuple(part for part in PurePath(os.path.normpath(source)).parts if part != "..")
    for end in range(len(shared.parts), len(names) - 1, -1):
        if shared.parts[end - len(names) : end] == names:
            return PurePath(*shared.parts[:end])
    return None


def _local_sources(store: Store) -> Iterator[tuple[str, str]]:
    """Yield run and SOURCE, of one with date fields the folder above them."""
    for run in store.read_runs():
        settings = run.summary.get("settings")
        source = settings.get("source") if isinstance(settings, dict) else None
        if not isinstance(source, str) or source == "-":
            continue
        source = strip_file_scheme(source)
        if not is_url(source):
            yield run.run_id, fixed_part(source) if is_partitioned(source) else source


def _shared_folders(store: Store, scratch: Scratch) -> dict[str, PurePath]:
    """Return for each run the folder that all its photos have in common."""
    scratch.insert("CREATE TABLE ends (run_id VARCHAR, uri VARCHAR)", _COLUMNS.empty_table())
    for table in store.read_parts(store.list_parts(), _COLUMNS):
        scratch.insert(
            "INSERT INTO ends SELECT run_id, unnest([min(uri), max(uri)]) FROM incoming "
            "GROUP BY run_id",
            table,
        )
    # What the first and the last of sorted texts begin with, all between them begin with.
    ends = scratch.database.execute(
        "SELECT run_id, min(uri), max(uri) FROM ends GROUP BY run_id HAVING min(uri) <> max(uri)"
    ).fetchall()
    return {run: _shared_folder(low, high) for run, low, high in ends}


def _shared_folder(low: str, high: str) -> PurePath:
    # Not commonpath: a list may name photos on disk and in buckets, which have nothing in common.
    beginning = os.path.commonprefix([low, high])  # noqa: RUF071
    return PurePath(beginning.rpartition("/")[0] or "/")
