"""A sidecar without what this tool wrote: the former bytes, where nobody edited in between. Pure.

Of each keyword that is remembered one copy goes, the last one; with it the white space before it,
which came with it. What people have put in beside it stays:

    a keyword that a person has twice       stays once
    the landmark's name in dc:subject       stays where a path of somebody's has the word since then
    copies of people's keywords             stay where somebody has put more into that field: a
                                            program keeps it then, and the copies are its own
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from landmark_core.sidecars.elements import Element, Name
from landmark_core.sidecars.keywords import FIELDS, SUBJECT, Field, is_in_paths
from landmark_core.sidecars.memory import Keywords, Memory, is_ours
from landmark_core.sidecars.packet import ABOUT, KeywordList, Packet, find_list
from landmark_core.sidecars.splice import Splice, cut, splice

_XML = "http://www.w3.org/XML/1998/namespace"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stripped:
    """A sidecar as others left it."""

    data: bytes | None  # null where it held nothing of others and this tool had made it
    taken_out: Keywords  # what was added and is not there any more


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """One field of a sidecar, and what of it is ours."""

    field: Field
    list: KeywordList
    ours: tuple[Element, ...]

    @property
    def is_all_ours(self) -> bool:
        """Whether nobody else has an item in the list."""
        return len(self.ours) == len(self.list.list.children)


def strip(packet: Packet, memory: Memory) -> Stripped:
    """Take away what is remembered.

    Raises:
        UnfitError: if a field is in a form that cannot be edited.
    """
    lists = {one: find_list(packet, one) for one in FIELDS}
    added = {one: _last_items(lists[one], memory.added.get(one, ())) for one in FIELDS}
    copied = {one: _last_items(lists[one], memory.copied.get(one, ())) for one in FIELDS}
    others = {one: _rest(lists[one], (*added[one], *copied[one])) for one in FIELDS}
    taken_out = {one: _missing(memory, one, added[one]) for one in FIELDS}
    if not memory.in_paths:
        added[SUBJECT] = [item for item in added[SUBJECT] if not is_in_paths(item.text, others)]
    parts = [
        _Part(field=one, list=found, ours=(*added[one], *(() if others[one] else copied[one])))
        for one, found in lists.items()
        if found is not None
    ]
    return Stripped(
        data=_without(packet, memory, parts),
        taken_out={one: words for one, words in taken_out.items() if words},
    )


def _last_items(found: KeywordList | None, wanted: Sequence[str]) -> list[Element]:
    """Return an item for each keyword, the last that says it."""
    items = [] if found is None else [item for item in found.items if not item.children]
    chosen = []
    for keyword in wanted:
        item = next((one for one in reversed(items) if one.text == keyword), None)
        if item is not None:
            items.remove(item)
            chosen.append(item)
    return chosen


def _rest(found: KeywordList | None, ours: Sequence[Element]) -> tuple[str, ...]:
    """Return what people have in a field."""
    if found is None:
        return ()
    gone = {item.start for item in ours}
    items = (item for item in found.items if not item.children)  # as `KeywordList.keywords`
    return tuple(item.text for item in items if item.start not in gone)


def _missing(memory: Memory, one: Field, there: Sequence[Element]) -> tuple[str, ...]:
    """Return the keywords that somebody took out of a field, now or before."""
    texts = {item.text for item in there}
    added = (keyword for keyword in memory.added.get(one, ()) if keyword not in texts)
    return (*memory.taken_out.get(one, ()), *added)


def _without(packet: Packet, memory: Memory, parts: Sequence[_Part]) -> bytes | None:
    """Return the bytes without our items, the memory, and what stands empty by that."""
    data = packet.data
    cuts = [cut(data, item) for part in parts for item in part.ours]
    empty = [part for part in parts if part.ours and part.is_all_ours]
    begun = [part.list.element for part in empty if part.field.key in memory.began]
    cuts += [_close(part.list.list) for part in empty if part.field.key in memory.opened]
    begun_at = {element.start for element in begun}
    others_left = False
    for node in packet.nodes:
        ours = [one for one in node.children if is_ours(one.name) or one.start in begun_at]
        cuts += [cut(data, element) for element in ours]
        cuts += _attribute_cuts(data, node)
        if _is_bare(node, ours):
            cuts.append(cut(data, node))
        else:
            others_left = True
    if memory.made and not others_left:
        return None
    if "RDF" in memory.opened and not others_left:
        cuts.append(_close(packet.rdf))
    return splice(data, cuts)


def _is_bare(node: Element, ours: Sequence[Element]) -> bool:
    """Whether a description held something of ours, and nothing else."""
    touched = bool(ours) or any(is_ours(one.name) for one in node.attributes)
    rest = [one for one in node.attributes if not (is_ours(one.name) or _says_nothing(one.name))]
    return touched and len(ours) == len(node.children) and not rest


def _says_nothing(name: Name) -> bool:
    return name == ABOUT or name[0] == _XML


def _close(element: Element) -> Splice:
    """Make `<a></a>` the `<a/>` that it was."""
    return Splice(element.inner - 1, element.end, b"/>")


def _attribute_cuts(data: bytes, node: Element) -> Iterator[Splice]:
    """Remove our properties that another program has written as attributes."""
    tag = data[node.start : node.inner]
    for one in node.attributes:
        if not is_ours(one.name):
            continue
        name = re.escape(one.raw_name.encode())
        found = re.search(rb"""\s+%s\s*=\s*("[^"]*"|'[^']*')""" % name, tag)
        if found is not None:
            yield Splice(node.start + found.start(), node.start + found.end())
