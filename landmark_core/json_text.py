"""JSON that somebody else may have written: what is beyond sense is refused, in one line.

`json` by itself fails in ways of its own on deep nesting (RecursionError), takes NaN, which is no
JSON, and of two equal keys keeps the last, where another reader would take the first. Pure.
"""

import json
import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NoReturn


def parse_json(text: bytes | str, *, most: int, exact: bool = False) -> Any:
    """Return the value of a JSON text.

    Args:
        text: all of it.
        most: bytes or characters; a longer one is refused unread.
        exact: refuse numbers that are not finite and keys that stand twice, too.

    Raises:
        ValueError: if it is too long, too deep, no JSON or not UTF-8; one line says which.
    """
    if len(text) > most:
        raise ValueError(f"expected at most {most:,} bytes, got {len(text):,}")
    try:
        if exact:
            return json.loads(
                text,
                object_pairs_hook=_object,
                parse_constant=_refuse_constant,
                parse_float=_finite,
            )
        return json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def whole_number(value: object, *, most: int = 2**53) -> int:
    """Return a value that has to be a whole number of 0 to `most`; a JSON number may be anything.

    Raises:
        ValueError: if it is not.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise ValueError(f"expected a whole number of 0 to {most}, got {repr(value)[:40]}")
    return value


def finite_number(value: object) -> float:
    """Return a value that has to be a number, and finite.

    Raises:
        ValueError: if it is not.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"expected a number, got {repr(value)[:40]}")  # noqa: TRY004 (a value's kind)
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ValueError(f"expected a finite number, got {str(value)[:40]}")
    return number


def moment_of(value: object) -> datetime:
    """Return a value that has to be a moment with its zone, as ISO 8601 writes it.

    Raises:
        ValueError: if it is not.
    """
    if not isinstance(value, str):
        raise ValueError(f"expected a moment, got {repr(value)[:40]}")  # noqa: TRY004 (likewise)
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError(f"expected a moment with its zone, got {value[:40]!r}")
    return moment


def _object(pairs: Sequence[tuple[str, Any]]) -> Mapping[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise ValueError(f"the key {name[:40]!r} stands twice")
            seen.add(name)
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number in JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"the number {text[:40]} is too large")
    return number
