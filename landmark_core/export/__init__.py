"""What stands of each photo, for other tools, and what people said there, back as decisions.

Names load on first use: `landmarks --help` needs no table.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from landmark_core.export.cells import from_cell, to_cell
    from landmark_core.export.json_array import read_objects

_HOMES = {
    "from_cell": "cells",
    "read_objects": "json_array",
    "to_cell": "cells",
}

__all__ = [
    "from_cell",
    "read_objects",
    "to_cell",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
