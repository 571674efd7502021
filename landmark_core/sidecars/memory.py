"""What this tool remembers in a sidecar, in its own namespace. Pure.

    tag, confidence, date, by, reviewer, model, modelId     what was said, when and by whom
    addedSubject, addedTagsList, ...                        the keywords that were added to a field
    takenOutSubject, ...                                    those that somebody took out since
    copiedTagsList, ...                                     copies of people's keywords there
    began                                                   fields that were not there before
    opened                                                  what was written as `<a/>` before
    made                                                    True: there was no sidecar before
    inPaths                                                 True: people's paths had the word before

So a later run changes and removes what this tool wrote and nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from landmark_core.sidecars.elements import Element, Name
from landmark_core.sidecars.keywords import FIELDS, Field, Wish
from landmark_core.sidecars.packet import LISTS, RDF, Packet

NAMESPACE = "urn:landmark-tagger:1.0/"  # fixed for ever; exiv2 wants a / at its end
PREFIX = "landmarks"
_FACTS = ("tag", "confidence", "date", "by", "reviewer", "model", "modelId")

Keywords = Mapping[Field, tuple[str, ...]]  # fields that have none are left out
Bags = dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What was written, and what has to be known to take it back."""

    facts: Mapping[str, str]  # of _FACTS those that are known
    added: Keywords = field(default_factory=dict)
    taken_out: Keywords = field(default_factory=dict)
    copied: Keywords = field(default_factory=dict)
    began: tuple[str, ...] = ()  # keys of fields
    opened: tuple[str, ...] = ()  # keys of fields, and RDF
    made: bool = False
    in_paths: bool = False


def facts_of(wish: Wish) -> dict[str, str]:
    """Return what is remembered of a wish."""
    known = {
        "tag": wish.tag,
        "confidence": None if wish.confidence is None else f"{wish.confidence:.4f}",
        "date": wish.said_at,
        "by": wish.by,
        "reviewer": wish.reviewer,
        "model": wish.model,
        "modelId": wish.model_id,
    }
    return {name: value for name, value in known.items() if value is not None}


def to_properties(memory: Memory) -> dict[str, str | tuple[str, ...]]:
    """Return the properties of our namespace by local name: texts, and bags of texts."""
    bags: Bags = {"began": memory.began, "opened": memory.opened}
    kinds = (("added", memory.added), ("takenOut", memory.taken_out), ("copied", memory.copied))
    for kind, keywords in kinds:
        bags |= {_key(kind, one): words for one, words in keywords.items()}
    flags = {"made": memory.made, "inPaths": memory.in_paths}
    return {
        **memory.facts,
        **{name: values for name, values in bags.items() if values},
        **{name: "True" for name, is_set in flags.items() if is_set},
    }


def recall(packet: Packet) -> Memory | None:
    """Return what a sidecar remembers; null where this tool has written nothing there."""
    texts: dict[str, str] = {}
    bags: Bags = {}
    for node in packet.nodes:
        texts |= {one.name[1]: one.value for one in node.attributes if is_ours(one.name)}
        for child in node.children:
            if is_ours(child.name):
                _take(child, texts, bags)
    if not texts and not bags:
        return None
    return Memory(
        facts={name: texts[name] for name in _FACTS if name in texts},
        added=_keywords(bags, "added"),
        taken_out=_keywords(bags, "takenOut"),
        copied=_keywords(bags, "copied"),
        began=bags.get("began", ()),
        opened=bags.get("opened", ()),
        made=texts.get("made") == "True",
        in_paths=texts.get("inPaths") == "True",
    )


def is_ours(name: Name) -> bool:
    """Whether a name is of our namespace."""
    return name[0] == NAMESPACE


def _take(element: Element, texts: dict[str, str], bags: Bags) -> None:
    key = element.name[1]
    if element.children and element.children[0].name in LISTS:
        items = element.children[0].children
        bags[key] = tuple(item.text for item in items if item.name == (RDF, "li"))
    else:
        texts[key] = element.text


def _keywords(bags: Bags, kind: str) -> Keywords:
    return {one: bags[_key(kind, one)] for one in FIELDS if bags.get(_key(kind, one))}


def _key(kind: str, one: Field) -> str:
    # Never a field's own name: some readers look at local names alone (PhotoPrism's older one).
    return kind + one.key[0].upper() + one.key[1:]
