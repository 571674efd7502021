"""A sidecar's bytes as an XMP packet: its descriptions and its lists of keywords. Pure.

XMP: ISO 16684-1, and https://github.com/adobe/XMP-Toolkit-SDK (docs/XMPSpecificationPart1.pdf,
section 7). A property may stand once only, over all rdf:Description of a packet: Adobe's toolkit,
on which exiv2 stands, refuses a packet where one stands twice.
"""

from dataclasses import dataclass

from landmark_core.sidecars.elements import Element, Name, UnfitError, read_elements
from landmark_core.sidecars.keywords import Field

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
ABOUT = (RDF, "about")
LISTS = tuple((RDF, kind) for kind in ("Bag", "Seq", "Alt"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """A sidecar that can be edited."""

    data: bytes
    rdf: Element  # rdf:RDF

    @property
    def nodes(self) -> tuple[Element, ...]:
        """The rdf:Description elements."""
        return self.rdf.children


@dataclass(frozen=True, slots=True, kw_only=True)
class KeywordList:
    """A property with its list, as it stands in a packet."""

    node: Element  # the rdf:Description
    element: Element  # the property
    list: Element  # rdf:Bag, rdf:Seq or rdf:Alt

    @property
    def items(self) -> tuple[Element, ...]:
        """The rdf:li elements."""
        return tuple(child for child in self.list.children if child.name == (RDF, "li"))

    @property
    def keywords(self) -> tuple[str, ...]:
        """What the items say; such as hold further elements are left out."""
        return tuple(item.text for item in self.items if not item.children)


def read_packet(data: bytes) -> Packet:
    """Read a sidecar.

    Raises:
        UnfitError: if it is no XMP that can be edited.
    """
    root = read_elements(data)
    found = [element for element in (root, *root.children) if element.name == (RDF, "RDF")]
    if len(found) != 1:
        raise UnfitError("the sidecar is no XMP: it has no rdf:RDF, or several")
    return Packet(data=data, rdf=found[0])


def find_list(packet: Packet, field: Field) -> KeywordList | None:
    """Return the list of keywords of a field; null where the packet has none.

    Raises:
        UnfitError: if the property stands there twice, or is no list.
    """
    found = find_properties(packet, field.name)
    if not found and not has_attribute(packet, field.name):
        return None
    if len(found) != 1 or has_attribute(packet, field.name):
        raise UnfitError(f"the sidecar has {field.prefix}:{field.key} in a form that is not XMP's")
    ((node, element),) = found
    if len(element.children) != 1 or element.children[0].name not in LISTS:
        raise UnfitError(f"the sidecar has {field.prefix}:{field.key} in a form that is not XMP's")
    return KeywordList(node=node, element=element, list=element.children[0])


def find_properties(packet: Packet, name: Name) -> list[tuple[Element, Element]]:
    """Return the elements of a name right in a description, each behind its description."""
    return [(node, child) for node in packet.nodes for child in node.children if child.name == name]


def has_attribute(packet: Packet, name: Name) -> bool:
    """Whether a description has a property of this name as an attribute."""
    return any(one.name == name for node in packet.nodes for one in node.attributes)


def about_of(packet: Packet) -> str:
    """Return what the packet is about: all its descriptions have to say the same."""
    abouts = (one.value for node in packet.nodes for one in node.attributes if one.name == ABOUT)
    return next(abouts, "")
