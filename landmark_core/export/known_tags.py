"""The tags that OUT knows, and how a tag from elsewhere is spelled there."""

from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc

from landmark_core.finding import by_letters, spelled_like
from landmark_core.tables import REVIEWS_SCHEMA, TAGS_SCHEMA, Store


def read_known_tags(store: Store) -> tuple[str, ...]:
    """Return every tag that OUT knows, each once: those of its models first, then people's.

    Raises:
        ConfigError: if a table is broken or foreign.
    """
    newest_first = reversed(store.read_runs())
    classes = [name for run in newest_first for name in run.class_names]
    return tuple(dict.fromkeys((*classes, *_of_models(store), *_of_people(store))))


def speller(known: tuple[str, ...]) -> Callable[[str], str]:
    """Return what spells a tag as the first known one of the same letters, if there is one."""
    spellings = by_letters(known)
    return lambda tag: spelled_like(tag, spellings)


def _of_models(store: Store) -> list[str]:
    found: set[str] = set()
    for table in store.read_parts(store.list_parts(), pa.schema([TAGS_SCHEMA.field("tags")])):
        scores = pc.list_flatten(table["tags"])
        found.update(pc.unique(pc.struct_field(scores, "tag")).to_pylist())
    return sorted(found)


def _of_people(store: Store) -> list[str]:
    found: set[str] = set()
    for table in store.read_parts(store.list_reviews(), pa.schema([REVIEWS_SCHEMA.field("tag")])):
        found.update(pc.unique(table["tag"]).drop_null().to_pylist())
    return sorted(found)
