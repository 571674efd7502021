"""The bytes of an XML file → elements that know where their bytes lie.

An edit by offset leaves every other byte as it was, which no parser followed by a writer does.
expat (https://libexpat.github.io) reads; what a stranger's file could do is refused: document
types and with them all entities, other encodings than UTF-8, files that are too large, too deep or
of too many elements. Pure: bytes in, records out.
"""

import re
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

MAX_BYTES = 4 * 2**20  # a sidecar has some kilobytes; Lightroom's masks some hundred
MAX_DEPTH = 200
MAX_ELEMENTS = 50_000  # together some ten megabytes of memory
_KEPT_DEPTH = 7  # x:xmpmeta, rdf:RDF, rdf:Description, property, list, item, and what is in it

_START_TAG = re.compile(rb"""<(?>[^>"']+|"[^"]*"|'[^']*')*>""")
_SEPARATOR = "\n"  # no attribute value, so no namespace, holds a line break unless it is escaped

Name = tuple[str, str]  # namespace, local name


class UnfitError(Exception):
    """A sidecar is left alone; the message says why, in words that many sidecars may share."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of an element; declarations of namespaces are none."""

    name: Name
    raw_name: str  # with its prefix
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """One element; offsets are of bytes."""

    name: Name
    raw_name: bytes  # with its prefix
    attributes: tuple[Attribute, ...]
    text: str  # its own, without that of its children
    children: tuple["Element", ...]  # none below what is in a list's items
    start: int  # of its first tag
    inner: int  # behind the first tag's >
    end: int
    is_closed: bool  # written as `<a/>`


@dataclass(slots=True, kw_only=True)
class _Open:
    """An element whose end was not met yet."""

    name: str
    attributes: dict[str, str]
    start: int
    text: list[str] = field(default_factory=list)
    children: list[Element] = field(default_factory=list)


def read_elements(data: bytes) -> Element:
    """Return the root element of a file.

    Raises:
        UnfitError: if it is no well-formed XML in UTF-8, or could do harm.
    """
    if len(data) > MAX_BYTES:
        raise UnfitError(f"the sidecar is over {MAX_BYTES // 2**20} MiB")
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        raise UnfitError("the sidecar is not UTF-8") from None
    if b"\0" in data:  # UTF-16 of plain letters
        raise UnfitError("the sidecar is not UTF-8")
    return _Reader(data).read()


class _Reader:
    """Owns one parse."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._stack: list[_Open] = []
        self._depth = 0
        self._elements = 0
        self._names: dict[str, tuple[Name, str]] = {}  # a sidecar has many elements, few names
        self._root: Element | None = None
        self._parser = parser = expat.ParserCreate(namespace_separator=_SEPARATOR)
        parser.namespace_prefixes = True
        parser.buffer_text = True
        parser.XmlDeclHandler = self._declare
        parser.StartDoctypeDeclHandler = self._refuse_document_type
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._take_text

    def read(self) -> Element:
        """Return the root element, with all that is in it."""
        try:
            self._parser.Parse(self._data, True)  # noqa: FBT003 (takes no names)
        except expat.ExpatError:
            raise UnfitError("the sidecar is no well-formed XML") from None
        assert self._root is not None, "a well-formed file has a root"
        return self._root

    def _declare(self, _version: str, encoding: str | None, _standalone: int) -> None:
        if encoding is not None and encoding.lower() not in ("utf-8", "utf8"):
            raise UnfitError("the sidecar is not UTF-8")

    def _refuse_document_type(self, *_about: Any) -> None:
        raise UnfitError("the sidecar declares a document type, where entities hide")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self._elements += 1
        if self._depth > MAX_DEPTH:
            raise UnfitError(f"the sidecar is nested deeper than {MAX_DEPTH} elements")
        if self._elements > MAX_ELEMENTS:
            raise UnfitError(f"the sidecar has more than {MAX_ELEMENTS:,} elements")
        if self._depth <= _KEPT_DEPTH:
            at = self._parser.CurrentByteIndex
            self._stack.append(_Open(name=name, attributes=attributes, start=at))

    def _end(self, _name: str) -> None:
        self._depth -= 1
        if self._depth >= _KEPT_DEPTH:
            return
        element = self._close(self._stack.pop(), self._parser.CurrentByteIndex)
        if self._stack:
            self._stack[-1].children.append(element)
        else:
            self._root = element

    def _take_text(self, text: str) -> None:
        if self._depth <= _KEPT_DEPTH:
            self._stack[-1].text.append(text)

    def _close(self, opened: _Open, last_tag: int) -> Element:
        first_tag = _START_TAG.match(self._data, opened.start)
        assert first_tag is not None, "expat saw a tag there"
        inner = first_tag.end()
        is_closed = first_tag[0].endswith(b"/>")
        name, raw_name = self._split(opened.name)
        return Element(
            name=name,
            raw_name=raw_name.encode(),
            attributes=tuple(
                Attribute(*self._split(one), value) for one, value in opened.attributes.items()
            ),
            text="".join(opened.text),
            children=tuple(opened.children),
            start=opened.start,
            inner=inner,
            end=inner if is_closed else self._data.index(b">", last_tag) + 1,
            is_closed=is_closed,
        )

    def _split(self, name: str) -> tuple[Name, str]:
        if name not in self._names:
            self._names[name] = _split(name)
        return self._names[name]


def _split(name: str) -> tuple[Name, str]:
    """Return a name as expat gives it, and as it is written, with its prefix."""
    parts = name.split(_SEPARATOR)  # namespace, local name, prefix; the first and last may lack
    if len(parts) == 1:
        return ("", name), name
    return (parts[0], parts[1]), ":".join((*parts[2:], parts[1]))
