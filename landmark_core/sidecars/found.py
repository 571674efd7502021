"""A sidecar as it was read, and how it is found among the names of a folder. Pure."""

import itertools
from collections.abc import Collection
from dataclasses import dataclass, field

_ENDINGS = tuple("." + "".join(letters) for letters in itertools.product("xX", "mM", "pP"))


class ChangedError(Exception):
    """Somebody else has written, made or removed the sidecar since it was read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The bytes of a sidecar and what tells whether it is still the same."""

    data: bytes = field(repr=False)
    version: tuple[object, ...]
    path: str  # of the file itself, where links lead to it; of an object, its URL


def choose(base: str, names: Collection[str]) -> str | None:
    """Return the name that a sidecar has among others: with `.xmp` in any case; null for none.

    Args:
        base: its name without ending.
        names: what is there; of several, the one in small letters counts.
    """
    return next((base + ending for ending in _ENDINGS if base + ending in names), None)
