"""Review: a person settles what the model is unsure of, and checks some of what it is sure of.

Names load on first use: the summary needs no web server, and the queue no file.
"""

from importlib import import_module
from typing import Any

__all__: list[str] = []

_HOMES: dict[str, str] = {}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
