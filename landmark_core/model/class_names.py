"""Read class names from a file, and make them readable.

Training folders are often called "04.Eiffel_Tower". People read "Eiffel Tower": where every name
starts with a number and a separator the number goes, and underscores become spaces. Where that
would make two names equal, all stay as they are.
"""

import re
from collections import Counter
from collections.abc import Sequence

from landmark_core.errors import ConfigError
from landmark_core.model.source import read_whole

MAX_FILE_BYTES = 64 * 2**20
NUMBER_PREFIX = re.compile(r"^\d+\s*[.\-_)]\s*(?=\S)")


def read_class_names(path: str) -> tuple[str, ...]:
    """Read a file of class names, one a line; blank lines and lines that start with # are skipped.

    Raises:
        ConfigError: if the file cannot be read, is not UTF-8, or names no class or one twice.
    """
    try:
        text = read_whole(path, what="--classes file", max_bytes=MAX_FILE_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"--classes {path} is not UTF-8 text: {error}") from error
    lines = [line.strip() for line in text.splitlines()]
    names = tuple(line for line in lines if line and not line.startswith("#"))
    if not names:
        raise ConfigError(f"--classes {path} names no class: expected one name a line")
    (most, times), *_ = Counter(names).most_common(1)
    if times > 1:
        raise ConfigError(f"--classes {path} names {most!r} {times} times: each class has one line")
    return names


def tidy_class_names(names: Sequence[str]) -> tuple[str, ...]:
    """Return the names as people read them, in the same order; distinct names stay distinct."""
    numbered = all(NUMBER_PREFIX.match(name) for name in names)
    tidy = tuple(_tidy(name, numbered=numbered) for name in names)
    return tuple(names) if _repeats(tidy) or "" in tidy else tidy


def _tidy(name: str, *, numbered: bool) -> str:
    bare = NUMBER_PREFIX.sub("", name) if numbered else name
    return " ".join(bare.replace("_", " ").split())


def _repeats(names: Sequence[str]) -> bool:
    return len(set(names)) < len(names)
