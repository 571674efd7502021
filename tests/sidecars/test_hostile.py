"""Files that are no sidecars, or mean harm, are left alone: in one line, and at once."""

import time

import pytest
from library_out import counts, export, out_of, place
from samples import DIGIKAM, LIGHTROOM, TAJ

from landmark_core.sidecars import UnfitError, write_tag

HEAD = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
TAIL = b"</r:RDF></x:xmpmeta>"
DC = b'<r:Description xmlns:dc="http://purl.org/dc/elements/1.1/"'
LAUGHS = b"".join(b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 10))
LAUGHS = b'<!DOCTYPE x [<!ENTITY l0 "lol">' + LAUGHS + b"]>"

CASES = {
    "empty": (b"", "no well-formed"),
    "no-xml": (b"\xff\xd8\xff\xe0 a JPEG", "not UTF-8"),
    "cut-off": (DIGIKAM[:-200], "no well-formed"),
    "two-roots": (LIGHTROOM + LIGHTROOM, "no well-formed"),
    "unbound-prefix": (HEAD + b"<q:Description/>" + TAIL, "no well-formed"),
    "billion-laughs": (LAUGHS + HEAD.replace(b"meta/", b"meta/&l9;") + TAIL, "document type"),
    "file-from-disk": (
        b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + HEAD + b"&e;" + TAIL,
        "document type",
    ),
    "document-type-alone": (
        b'<!DOCTYPE x SYSTEM "http://127.0.0.1/x.dtd">' + HEAD + TAIL,
        "document",
    ),
    "utf-16": (DIGIKAM.decode().replace("UTF-8", "UTF-16").encode("utf-16"), "not UTF-8"),
    "utf-16-without-a-mark": (LIGHTROOM.decode().encode("utf-16-le"), "not UTF-8"),
    "latin-1": (DIGIKAM.replace(b"UTF-8", b"ISO-8859-1"), "not UTF-8"),
    "not-what-it-says": (LIGHTROOM.replace(b"Agra", b"\xe9"), "not UTF-8"),
    "large": (LIGHTROOM + b" " * 2**22, "over 4 MiB"),
    "deep": (HEAD + b"<a>" * 500 + b"</a>" * 500 + TAIL, "nested deeper"),
    "many": (HEAD + b"<a/>" * 50_001 + TAIL, "elements"),
    "no-rdf": (b"<html/>", "no XMP"),
    "two-packets": (
        HEAD.replace(
            b"<r:RDF", b"<r:RDF xmlns:r='http://www.w3.org/1999/02/22-rdf-syntax-ns#'/><r:RDF", 1
        )
        + TAIL,
        "no XMP|well-formed",
    ),
    "text-for-a-list": (
        HEAD + DC + b"><dc:subject>a, b</dc:subject></r:Description>" + TAIL,
        "dc:subject",
    ),
    "attribute-for-a-list": (HEAD + DC + b' dc:subject="a, b"/>' + TAIL, "dc:subject"),
    "property-twice": (
        HEAD + 2 * (DC + b"><dc:subject><r:Bag/></dc:subject></r:Description>") + TAIL,
        "dc:subject",
    ),
    "null-byte": (LIGHTROOM.replace(b"Agra", b"\0"), "not UTF-8"),
}


@pytest.mark.parametrize(("data", "reason"), CASES.values(), ids=CASES)
def test_is_refused_at_once(data, reason):
    start = time.process_time()
    with pytest.raises(UnfitError, match=reason):
        write_tag(data, TAJ)
    assert time.process_time() - start < 2


def test_is_left_alone_and_counted(tmp_path):
    photos = tmp_path / "photos"
    photos.mkdir()
    rows = []
    for name, (data, _) in CASES.items():
        rows.append(place(photos, f"{name}.jpg"))
        (photos / f"{name}.jpg.xmp").write_bytes(data)
    rows.append(place(photos, "well.jpg"))
    report = export(out_of(tmp_path, rows))
    assert counts(report) == {"made": 1, "left_alone": len(CASES)}
    for name, (data, _) in CASES.items():
        assert (photos / f"{name}.jpg.xmp").read_bytes() == data
    assert all(reason.startswith("the sidecar ") for reason, _, _ in report.reasons)


def test_a_memory_that_lies_removes_no_more_than_keywords():
    lie = b"<landmarks:began><rdf:Bag><rdf:li>subject</rdf:li></rdf:Bag></landmarks:began>"
    lie += b"<landmarks:made>True</landmarks:made><landmarks:opened><rdf:Bag><rdf:li>RDF</rdf:li>"
    lie += b"<rdf:li>subject</rdf:li></rdf:Bag></landmarks:opened>"
    node = b'<rdf:Description rdf:about="" xmlns:landmarks="urn:landmark-tagger:1.0/">' + lie
    data = LIGHTROOM.replace(b" </rdf:RDF>", node + b"</rdf:Description> </rdf:RDF>")
    left = write_tag(data, None)
    assert left is not None
    assert left.split() == LIGHTROOM.split()


@pytest.mark.parametrize("tag", ["bell \a", "null \0", "half \ud800", "\ufffe"], ids=ascii)
def test_a_tag_that_no_xml_can_hold(tag):
    from dataclasses import replace

    with pytest.raises(UnfitError, match="no XML file can hold"):
        write_tag(LIGHTROOM, replace(TAJ, tag=tag, path=("Landmarks", tag)))
