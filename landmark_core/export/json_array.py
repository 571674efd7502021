"""A JSON array of any length as a stream of its objects: one in memory, never the whole file.

Exports of annotation tools are one array in one file, often hundreds of megabytes; reading it
whole takes ten times its size. The text is cut by the decoder itself (`raw_decode`), so
everything that `json` reads is read here.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from landmark_core.errors import ConfigError

CHUNK = 1 << 20  # characters read at a time
LARGEST = 1 << 24  # characters of one object; tasks with photos as URLs have some thousands

_DECODER = json.JSONDecoder()
_SPACE = re.compile(r"[ \t\r\n]*")


def read_objects(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the objects of a file that holds one JSON array, in their order.

    Raises:
        ConfigError: while reading, if it is no UTF-8, no JSON, no array of objects, or one object
            is larger than 16 million characters.
    """
    try:
        with path.open(encoding="utf-8-sig") as file:
            yield from _Reader(file, path).objects()
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8 text ({error.reason})") from error
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror or error}") from error


class _Reader:
    """Owns the piece of the text that was read and not yet understood."""

    def __init__(self, file: TextIO, path: Path) -> None:
        self._file = file
        self._path = path
        self._text = ""
        self._at = 0  # in _text
        self._read = 0  # objects begun so far
        self._ended = False

    def objects(self) -> Iterator[dict[str, Any]]:
        if self._sign() != "[":
            raise ConfigError(
                f"{self._path} is not a list of tasks: expected JSON that begins with ["
            )
        self._at += 1
        sign = self._sign()
        while sign != "]":
            yield self._object()
            sign = self._sign()
            if sign not in {",", "]"}:
                raise self._broken("expected , or ] after it")
            self._at += sign == ","
        self._at += 1
        if self._sign():
            raise self._broken("expected nothing after the list")

    def _object(self) -> dict[str, Any]:
        """Decode one object, reading twice as much as long as it has no end."""
        self._read += 1
        if self._sign() != "{":
            raise self._broken("expected an object")
        wanted = CHUNK
        while True:
            try:
                value, self._at = _DECODER.raw_decode(self._text, self._at)
            except RecursionError as error:
                raise self._broken("it is nested too deeply") from error
            except ValueError as error:  # cut off by the chunk, or wrong
                if self._ended:
                    raise self._broken(str(error).split(":")[0]) from error
                if len(self._text) - self._at > LARGEST:
                    raise self._broken(f"it has no end within {LARGEST:,} characters") from error
                self._more(wanted)
                wanted *= 2
            else:
                assert isinstance(value, dict)  # it begins with {
                return value

    def _sign(self) -> str:
        """Return the next character that is no space; empty at the end of the file."""
        while True:
            found = _SPACE.match(self._text, self._at)
            assert found is not None  # it matches nothing at least
            self._at = found.end()
            if self._at < len(self._text) or self._ended:
                return self._text[self._at : self._at + 1]
            self._more(CHUNK)

    def _more(self, wanted: int) -> None:
        piece = self._file.read(wanted)
        self._ended = len(piece) < wanted
        self._text = self._text[self._at :] + piece
        self._at = 0

    def _broken(self, reason: str) -> ConfigError:
        return ConfigError(f"{self._path}, task {self._read} of the list: {reason}")
