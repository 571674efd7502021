"""Make broken JSON of good JSON: wrong kinds, missing and doubled keys, depths, sizes.

Everything is decided by the generator that is given: the same seed makes the same text.
"""

import json
import random
from collections.abc import Iterator
from typing import Any

from fuzzing.mutate import mutate

_DEEP = 100_000  # levels; Python's own reader stops at about a thousand
# As JSON text, for some of these no Python value has.
_ODD = (
    *("null", "true", "false", "0", "-1", "1", "0.5", "-0.0", "1e308", "1e999", "-1e999", "NaN"),
    *("Infinity", "-Infinity", '""', '" "', "[]", "{}", "[[]]", "[null]", '[{"a": 1}]', '{"": {}}'),
    *('"text"', '"\\ud800"', '"\\u0000"', '"\\u202egnp.exe"', '"../../etc/passwd"', '"2026-11-23"'),
    *('"2026-11-23T16:45:00"', '"9999-12-31T23:59:59.999999+00:00"', '"0001-01-01T00:00:00+23:59"'),
    *(str(2**31), str(2**53 + 1), str(2**63), str(2**64), str(-(2**63)), "9" * 400, "9" * 5000),
    *('"' + "x" * 70_000 + '"', "[" + "0," * 20_000 + "0]"),
)


def broken_json(text: str, rng: random.Random) -> bytes:
    """Return a text with one to three faults, most of them in its values."""
    if rng.random() < 0.25:
        return mutate(text.encode(), rng, [text.encode()])
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        text = _with_fault(text, rng)
    return text.encode("utf-8", "surrogatepass")


def _with_fault(text: str, rng: random.Random) -> str:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    places = list(_places(value))
    if not places or rng.random() < 0.03:
        return rng.choice((*_ODD, "[" * _DEEP, '{"a":' * _DEEP, "", "{", text + text))
    parent, key = rng.choice(places)
    way = rng.choice(("replace", "replace", "replace", "drop", "rename", "double", "deepen"))
    mark = f"{rng.getrandbits(64):016x}"
    if way == "drop":
        del parent[key]
        return json.dumps(value)
    if way == "rename" and isinstance(parent, dict):
        parent[rng.choice(("", "odd", str(key).upper(), f"{key} "))] = parent.pop(key)
        return json.dumps(value)
    if way == "double" and isinstance(parent, dict):
        parent[mark] = parent[key]
        return json.dumps(value).replace(json.dumps(mark), json.dumps(key))
    parent[key] = mark
    odd = "[" * _DEEP + "]" * _DEEP if way == "deepen" else rng.choice(_ODD)
    return json.dumps(value).replace(f'"{mark}"', odd)


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every place in a value, as what holds it and its key there."""
    waiting = [value]
    while waiting:
        held = waiting.pop()
        if isinstance(held, dict | list):
            keys = list(held) if isinstance(held, dict) else list(range(len(held)))[:50]
            for key in keys:
                yield held, key
                waiting.append(held[key])
