"""Put a tag into a sidecar, change it or take it away: bytes in, bytes out. Pure.

Every byte of others stays. A keyword goes into the list that is there, behind its last item and
with that item's white space; fields that the sidecar lacks, and the memory, go into one
rdf:Description of our own behind the last one.
"""

from collections.abc import Mapping, Sequence

from landmark_core.sidecars.block import SKELETON, Block, write_block, write_item
from landmark_core.sidecars.elements import Element
from landmark_core.sidecars.keywords import (
    FIELDS,
    SUBJECT,
    Field,
    Wish,
    copies_for,
    holds,
    is_in_paths,
    keyword_of,
)
from landmark_core.sidecars.memory import (
    NAMESPACE,
    Keywords,
    Memory,
    facts_of,
    recall,
    to_properties,
)
from landmark_core.sidecars.packet import KeywordList, Packet, about_of, find_list, read_packet
from landmark_core.sidecars.splice import Splice, lead_of, splice
from landmark_core.sidecars.strip import strip

Lists = Mapping[Field, KeywordList | None]


def write_tag(data: bytes | None, wish: Wish | None) -> bytes | None:
    """Return a sidecar that says what it should.

    Args:
        data: the sidecar as it is; null where there is none.
        wish: null takes away what this tool wrote, and nothing else.

    Returns:
        The same bytes where they say it already; null where there should be no sidecar.

    Raises:
        UnfitError: if it cannot be edited; it has to be left alone then.
    """
    if wish is None and (data is None or NAMESPACE.encode() not in data):
        return data
    old: Memory | None = None
    base: bytes | None = data
    taken_out: Keywords = {}
    if data is not None:
        packet = read_packet(data)
        old = recall(packet)
        if old is not None:
            stripped = strip(packet, old)
            base = stripped.data
            taken_out = _still_out(stripped.taken_out, old, wish)
    if wish is None:
        return base
    packet = read_packet(SKELETON if base is None else base)
    lists = {one: find_list(packet, one) for one in FIELDS}
    memory = _plan(packet, lists, wish, taken_out, is_new=base is None)
    return data if memory == old else _put_in(packet, lists, memory)


def _still_out(taken_out: Keywords, old: Memory, wish: Wish | None) -> Keywords:
    """Return what stays out: the same tag, unless a person has said it since."""
    if wish is None or old.facts.get("tag") != wish.tag:
        return {}
    is_said_anew = wish.by == "person" and facts_of(wish) != old.facts
    return {} if is_said_anew else taken_out


def _plan(packet: Packet, lists: Lists, wish: Wish, taken_out: Keywords, *, is_new: bool) -> Memory:
    """Decide what goes in where, as it will be remembered."""
    others = {one: found.keywords if found else () for one, found in lists.items()}
    added: dict[Field, tuple[str, ...]] = {}
    copied: dict[Field, tuple[str, ...]] = {}
    out: dict[Field, tuple[str, ...]] = {}
    for one in FIELDS:
        keyword = keyword_of(wish, one)
        if holds(others[one], keyword):
            continue
        if one in taken_out:
            out[one] = taken_out[one]
            continue
        added[one] = (keyword,)
        if not others[one]:
            copied[one] = tuple(
                copy for copy in copies_for(one, others) if not holds((keyword,), copy)
            )
    opened = [one.key for one in added if (found := lists[one]) and found.list.is_closed]
    return Memory(
        facts=facts_of(wish),
        added=added,
        taken_out=out,
        copied={one: words for one, words in copied.items() if words},
        began=tuple(one.key for one in added if lists[one] is None),
        opened=(*opened, *(["RDF"] if packet.rdf.is_closed else [])),
        made=is_new,
        in_paths=SUBJECT in added and is_in_paths(wish.tag, others),
    )


def _put_in(packet: Packet, lists: Lists, memory: Memory) -> bytes:
    new = {one: (*memory.copied.get(one, ()), *words) for one, words in memory.added.items()}
    splices = [
        _add_items(packet.data, found, new[one])
        for one, found in lists.items()
        if found is not None and one in new
    ]
    begun = {one: words for one, words in new.items() if lists[one] is None}
    return splice(packet.data, [*splices, _add_block(packet, begun, memory)])


def _add_items(data: bytes, found: KeywordList, keywords: Sequence[str]) -> Splice:
    """Put keywords behind the last item of a list."""
    prefix = found.list.raw_name.rpartition(b":")[0]
    name = prefix + b":li" if prefix else b"li"
    lead = _lead_inside(data, found.list, found.items)
    items = b"".join(lead + write_item(name, keyword) for keyword in keywords)
    return _append(data, found.list, found.items, items)


def _add_block(packet: Packet, begun: Keywords, memory: Memory) -> Splice:
    """Put our own rdf:Description behind the last one."""
    lead = _lead_inside(packet.data, packet.rdf, packet.nodes)
    block = Block(
        about=about_of(packet),
        fields=begun,
        memory=to_properties(memory),
        lead=lead,
        binds_rdf=packet.rdf.raw_name != b"rdf:RDF",
    )
    return _append(packet.data, packet.rdf, packet.nodes, lead + write_block(block))


def _lead_inside(data: bytes, parent: Element, children: Sequence[Element]) -> bytes:
    """Return the white space to put before a new child."""
    if children:
        return lead_of(data, children[-1].start)
    outer = lead_of(data, parent.start)
    return outer + b" " if b"\n" in outer else b""


def _append(data: bytes, parent: Element, children: Sequence[Element], new: bytes) -> Splice:
    """Put bytes behind the last child; right behind it, so that `cut` takes away just them."""
    if parent.is_closed:
        last_tag = lead_of(data, parent.start) + b"</" + parent.raw_name + b">"
        return Splice(parent.end - 2, parent.end, b">" + new + last_tag)
    at = children[-1].end if children else parent.inner
    return Splice(at, at, new)
