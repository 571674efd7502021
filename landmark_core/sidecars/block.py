"""Our own rdf:Description as bytes, in the layout of the sidecar that it goes into. Pure."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from xml.sax.saxutils import escape

from landmark_core.sidecars.elements import UnfitError
from landmark_core.sidecars.memory import NAMESPACE, PREFIX, Keywords
from landmark_core.sidecars.packet import RDF

SKELETON = f"""\
<?xml version="1.0" encoding="UTF-8"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="landmark-tagger">
 <rdf:RDF xmlns:rdf="{RDF}">
 </rdf:RDF>
</x:xmpmeta>
""".encode()

_UNFIT = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # for XML 1.0
_RETURN = {"\r": "&#13;"}  # a bare one is read as a line break


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """What the description says and how it is laid out."""

    about: str
    fields: Keywords
    memory: Mapping[str, str | tuple[str, ...]]  # of our namespace, by local name
    lead: bytes  # white space before the description; without a line break all is one line
    binds_rdf: bool  # whether the prefix rdf has to be bound here


def write_item(name: bytes, keyword: str) -> bytes:
    """Return one item of a list.

    Raises:
        UnfitError: if XML has no sign for a character of it.
    """
    return b"<" + name + b">" + _text(keyword).encode() + b"</" + name + b">"


def write_block(block: Block) -> bytes:
    """Return the description, without the white space before it.

    Raises:
        UnfitError: if XML has no sign for a character in it.
    """
    lead = block.lead.decode()
    new_line = "\r\n" if "\r\n" in lead else "\n" if "\n" in lead else ""
    indent = new_line + lead.rpartition("\n")[2]
    (_, text), *rest = _lines(block)
    for depth, line in rest:
        if new_line:
            text += indent + " " * depth + line
        else:
            text += " " + line if line.startswith("xmlns:") else line
    return text.encode()


def _lines(block: Block) -> Iterator[tuple[int, str]]:
    """Yield the lines of the description, each behind its depth."""
    spaces = {one.prefix: one.namespace for one in block.fields} | {PREFIX: NAMESPACE}
    if block.binds_rdf:
        spaces["rdf"] = RDF
    *most, last = (f'xmlns:{prefix}="{space}"' for prefix, space in spaces.items())
    yield 0, f'<rdf:Description rdf:about="{_attribute(block.about)}"'
    yield from ((2, binding) for binding in most)
    yield 2, last + ">"
    for one, keywords in block.fields.items():
        yield from _bag(f"{one.prefix}:{one.key}", keywords)
    for key, value in block.memory.items():
        name = f"{PREFIX}:{key}"
        if isinstance(value, str):
            yield 1, f"<{name}>{_text(value)}</{name}>"
        else:
            yield from _bag(name, value)
    yield 0, "</rdf:Description>"


def _bag(name: str, values: Iterable[str]) -> Iterator[tuple[int, str]]:
    yield 1, f"<{name}>"
    yield 2, "<rdf:Bag>"
    for value in values:
        yield 3, f"<rdf:li>{_text(value)}</rdf:li>"
    yield 2, "</rdf:Bag>"
    yield 1, f"</{name}>"


def _text(value: str) -> str:
    if _UNFIT.search(value):
        raise UnfitError("the tag has a character that no XML file can hold")
    return escape(value, _RETURN)


def _attribute(value: str) -> str:
    return escape(value, {**_RETURN, '"': "&quot;", "\n": "&#10;", "\t": "&#9;"})
