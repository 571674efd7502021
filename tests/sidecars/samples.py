"""Sidecars as photo programs write them, made up for these tests; and an independent reader."""

from dataclasses import dataclass
from xml.etree import ElementTree as Xml

from landmark_core.sidecars import NAMESPACE, Wish

RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
FIELDS = {
    "subject": "{http://purl.org/dc/elements/1.1/}subject",
    "hierarchy": "{http://ns.adobe.com/lightroom/1.0/}hierarchicalSubject",
    "tags": "{http://www.digikam.org/ns/1.0/}TagsList",
}
TAJ = Wish(
    tag="Taj Mahal",
    path=("Landmarks", "India", "Agra", "Taj Mahal"),
    confidence=0.97314,
    said_at="2026-11-23T00:00:00Z",
    by="machine",
    reviewer=None,
    model_id="0123456789abcdef",
    model="starter",
)
EXPECTED = {
    "subject": "Taj Mahal",
    "hierarchy": "Landmarks|India|Agra|Taj Mahal",
    "tags": "Landmarks/India/Agra/Taj Mahal",
}

DIGIKAM = """\
<?xml version="1.0" encoding="UTF-8"?>
<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="XMP Core 4.4.0-Exiv2">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:digiKam="http://www.digikam.org/ns/1.0/"
    xmlns:MicrosoftPhoto="http://ns.microsoft.com/photo/1.0/"
    xmlns:lr="http://ns.adobe.com/lightroom/1.0/"
    xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    xmlns:dc="http://purl.org/dc/elements/1.1/"
   digiKam:PickLabel="0"
   digiKam:ColorLabel="0"
   xmp:Rating="4">
   <digiKam:TagsList>
    <rdf:Seq>
     <rdf:li>Places/Agra</rdf:li>
     <rdf:li>Été &amp; vacances</rdf:li>
    </rdf:Seq>
   </digiKam:TagsList>
   <MicrosoftPhoto:LastKeywordXMP>
    <rdf:Bag>
     <rdf:li>Places/Agra</rdf:li>
     <rdf:li>Été &amp; vacances</rdf:li>
    </rdf:Bag>
   </MicrosoftPhoto:LastKeywordXMP>
   <lr:hierarchicalSubject>
    <rdf:Bag>
     <rdf:li>Places|Agra</rdf:li>
     <rdf:li>Été &amp; vacances</rdf:li>
    </rdf:Bag>
   </lr:hierarchicalSubject>
   <dc:subject>
    <rdf:Bag>
     <rdf:li>Agra</rdf:li>
     <rdf:li>Été &amp; vacances</rdf:li>
    </rdf:Bag>
   </dc:subject>
   <dc:title>
    <rdf:Alt>
     <rdf:li xml:lang="x-default">At the river</rdf:li>
    </rdf:Alt>
   </dc:title>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>""".encode()

DARKTABLE = b"""\
<?xml version="1.0" encoding="UTF-8"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="XMP Core 4.4.0-Exiv2">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:exif="http://ns.adobe.com/exif/1.0/"
    xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/"
    xmlns:darktable="http://darktable.sf.net/"
    xmlns:dc="http://purl.org/dc/elements/1.1/"
    xmlns:lr="http://ns.adobe.com/lightroom/1.0/"
   exif:DateTimeOriginal="2026:05:04 12:13:14.000"
   xmp:Rating="1"
   xmpMM:DerivedFrom="photo.jpg"
   darktable:import_timestamp="63902"
   darktable:xmp_version="5"
   darktable:raw_params="0"
   darktable:auto_presets_applied="1"
   darktable:history_end="2">
   <darktable:masks_history>
    <rdf:Seq/>
   </darktable:masks_history>
   <darktable:history>
    <rdf:Seq>
     <rdf:li
      darktable:num="0"
      darktable:operation="colorin"
      darktable:enabled="1"
      darktable:modversion="7"
      darktable:params="gz48eJzjYhgFowABWAbaAaNgwAEAMNgADg=="
      darktable:multi_name=""/>
     <rdf:li
      darktable:num="1"
      darktable:operation="exposure"
      darktable:params="a &gt; b"/>
    </rdf:Seq>
   </darktable:history>
   <dc:subject>
    <rdf:Seq>
     <rdf:li>agra</rdf:li>
     <rdf:li>river</rdf:li>
    </rdf:Seq>
   </dc:subject>
   <lr:hierarchicalSubject>
    <rdf:Seq>
     <rdf:li>places|agra</rdf:li>
     <rdf:li>river</rdf:li>
    </rdf:Seq>
   </lr:hierarchicalSubject>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
"""

LIGHTROOM = b"""\
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="Adobe XMP Core 7.0-c000 1.000000, 0000/00/00">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/"
    xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/"
    xmlns:stEvt="http://ns.adobe.com/xap/1.0/sType/ResourceEvent#"
    xmlns:dc="http://purl.org/dc/elements/1.1/"
    xmlns:lr="http://ns.adobe.com/lightroom/1.0/"
    xmlns:crs="http://ns.adobe.com/camera-raw-settings/1.0/"
   xmp:Rating="3"
   xmp:CreatorTool="Adobe Photoshop Lightroom Classic"
   photoshop:City="Agra"
   xmpMM:DocumentID="xmp.did:5d0c"
   dc:format="image/jpeg"
   crs:ToneCurveName2012="Linear"
   crs:HasSettings="True">
   <xmpMM:History>
    <rdf:Seq>
     <rdf:li
      stEvt:action="saved"
      stEvt:instanceID="xmp.iid:5d0c"
      stEvt:changed="/metadata"/>
    </rdf:Seq>
   </xmpMM:History>
   <dc:subject>
    <rdf:Bag>
     <rdf:li>Agra</rdf:li>
     <rdf:li>India</rdf:li>
    </rdf:Bag>
   </dc:subject>
   <lr:hierarchicalSubject>
    <rdf:Bag>
     <rdf:li>Places|India|Agra</rdf:li>
    </rdf:Bag>
   </lr:hierarchicalSubject>
   <crs:ToneCurvePV2012>
    <rdf:Seq>
     <rdf:li>0, 0</rdf:li>
     <rdf:li>255, 255</rdf:li>
    </rdf:Seq>
   </crs:ToneCurvePV2012>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
"""

SEVERAL_DESCRIPTIONS = (
    b"""\
<?xpacket begin='\xef\xbb\xbf' id='W5M0MpCehiHzreSzNTczkc9d'?>
<x:xmpmeta xmlns:x='adobe:ns:meta/' x:xmptk='Image::ExifTool 12.57'>
<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>

 <rdf:Description rdf:about='uuid:faf5bdd5'
  xmlns:dc='http://purl.org/dc/elements/1.1/'>
  <dc:subject>
   <rdf:Bag>
    <rdf:li>Agra</rdf:li>
   </rdf:Bag>
  </dc:subject>
 </rdf:Description>

 <rdf:Description rdf:about='uuid:faf5bdd5'
  xmlns:xmp='http://ns.adobe.com/xap/1.0/'>
  <xmp:Rating>2</xmp:Rating>
 </rdf:Description>
</rdf:RDF>
</x:xmpmeta>
"""
    + b" " * 200
    + b"\n<?xpacket end='w'?>"
)

ONE_LINE = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
    b'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/">'
    b"<dc:subject><rdf:Bag><rdf:li>Agra</rdf:li></rdf:Bag></dc:subject>"
    b"</rdf:Description></rdf:RDF></x:xmpmeta>"
)

NO_KEYWORDS = b"""\
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="5"/>
 </rdf:RDF>
</x:xmpmeta>
"""

CLOSED = b"""\
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/">
   <dc:subject>
    <rdf:Bag />
   </dc:subject>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
"""

EMPTY_LIST = CLOSED.replace(b"<rdf:Bag />", b"<rdf:Bag>\n    </rdf:Bag>")

NOTHING = b"""\
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/>
</x:xmpmeta>"""

OTHER_PREFIXES = b"""\
<y:xmpmeta xmlns:y="adobe:ns:meta/" xmlns:rdf="urn:something-else">
 <R:RDF xmlns:R="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <R:Description R:about="" xmlns:k="http://purl.org/dc/elements/1.1/" xmlns:dc="urn:another/">
   <k:subject><R:Bag><R:li>Agra</R:li></R:Bag></k:subject>
   <dc:subject>not Dublin Core</dc:subject>
  </R:Description>
 </R:RDF>
</y:xmpmeta>
"""

DEFAULT_NAMESPACE = b"""\
<RDF xmlns="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
 xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
 <Description r:about="" xmlns:dc="http://purl.org/dc/elements/1.1/">
  <dc:subject><Bag><li>Agra</li></Bag></dc:subject>
 </Description>
</RDF>
"""

SAMPLES = {
    "digikam": DIGIKAM,
    "darktable": DARKTABLE,
    "lightroom": LIGHTROOM,
    "several-descriptions": SEVERAL_DESCRIPTIONS,
    "one-line": ONE_LINE,
    "no-keywords": NO_KEYWORDS,
    "closed-list": CLOSED,
    "empty-list": EMPTY_LIST,
    "nothing": NOTHING,
    "other-prefixes": OTHER_PREFIXES,
    "default-namespace": DEFAULT_NAMESPACE,
    "windows-lines": LIGHTROOM.replace(b"\n", b"\r\n"),
    "byte-order-mark": b"\xef\xbb\xbf" + DARKTABLE,
}


@dataclass(frozen=True)
class Read:
    """What a reader finds in a sidecar."""

    keywords: dict[str, list[str]]  # by FIELDS
    own: dict[str, str]  # simple properties of our namespace
    others: list[tuple[str, str]]  # every other property of every description, in order


def read(data: bytes) -> Read:
    """Read a sidecar with ElementTree; a property that stands twice is an error, as in XMP."""
    root = Xml.fromstring(data)
    rdf = root if root.tag == f"{RDF}RDF" else root.find(f"{RDF}RDF")
    assert rdf is not None
    properties = [
        (name, value, None)
        for node in rdf
        for name, value in node.attrib.items()
        if name != f"{RDF}about"
    ] + [(child.tag, child.text or "", child) for node in rdf for child in node]
    names = [name for name, _, _ in properties]
    assert len(names) == len(set(names)), "a property stands twice"
    keywords: dict[str, list[str]] = {name: [] for name in FIELDS}
    own, others = {}, []
    for tag, text, element in properties:
        field = next((name for name, known in FIELDS.items() if known == tag), None)
        if field is not None:
            assert element is not None
            keywords[field] = [item.text or "" for item in element.iter(f"{RDF}li")]
        elif tag.startswith(f"{{{NAMESPACE}}}"):
            own[tag.partition("}")[2]] = text
        else:
            shown = text if element is None else Xml.tostring(element, encoding="unicode").strip()
            others.append((tag, shown))
    return Read(keywords, own, others)
