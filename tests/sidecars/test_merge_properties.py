"""Random sidecars, random wishes, random edits in between: what stays true of all of them."""

import re
import unicodedata
from dataclasses import replace
from xml.sax.saxutils import escape, quoteattr

from hypothesis import given, settings
from hypothesis import strategies as st
from samples import TAJ, read

from landmark_core.sidecars import UnfitError, write_tag

SPACES = {
    "subject": ("dc", "http://purl.org/dc/elements/1.1/", "subject"),
    "hierarchy": ("lr", "http://ns.adobe.com/lightroom/1.0/", "hierarchicalSubject"),
    "tags": ("digiKam", "http://www.digikam.org/ns/1.0/", "TagsList"),
}
WORDS = [
    "Taj Mahal",
    "Agra",
    "Places|Agra",
    "Landmarks/Petra",
    "Landmarks|Petra",
    "a & <b>",
    "é",
    " x ",
]
words = st.lists(st.sampled_from(WORDS), max_size=4)
texts = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=8
)
names = st.one_of(st.sampled_from(["Taj Mahal", "Petra", "Agra", "A/B", "A|B"]), texts)


@st.composite
def wishes(draw):
    tag = draw(names.filter(str.strip))
    person = draw(st.booleans())
    return replace(
        TAJ,
        tag=tag,
        path=("Landmarks", *draw(st.lists(names, max_size=2)), tag),
        confidence=draw(st.sampled_from([None, 0.5, 1.0])),
        by="person" if person else "machine",
        reviewer=draw(texts) if person else None,
        model=draw(st.one_of(st.none(), texts)),
    )


@st.composite
def sidecars(draw):
    """A packet with some of the three fields, over one or several descriptions, in some layout."""
    line = draw(st.sampled_from(["", "\n", "\r\n", "\n\n"]))
    rdf = draw(st.sampled_from(["rdf", "R"]))
    quote = draw(st.sampled_from(['"', "'"]))
    nodes = [[] for _ in range(draw(st.integers(0, 3)))]
    for field in draw(st.sets(st.sampled_from(sorted(SPACES)))) if nodes else ():
        kind = draw(st.sampled_from(["Bag", "Seq", "Alt"]))
        nodes[draw(st.integers(0, len(nodes) - 1))].append(
            _property(field, draw(words), rdf, kind, line, draw(st.booleans()))
        )
    about = draw(st.sampled_from(["", "uuid:1"]))
    body = ""
    for number, fields in enumerate(nodes):
        body += f"{line} <{rdf}:Description {rdf}:about={quote}{about}{quote}"
        body += f' xmlns:z{number}="urn:z{number}/"'
        body += f" z{number}:Rating={quote}3{quote}"
        inner = "".join(fields) + draw(st.sampled_from(["", "<!-- note -->", f"{line}  "]))
        body += f">{inner}</{rdf}:Description>" if inner else "/>"
    body += draw(st.sampled_from(["", line, "<!-- end -->"]))
    tag = f'{rdf}:RDF xmlns:{rdf}="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
    packet = f"{line}<{tag}>{body}</{rdf}:RDF>" if body else f"<{tag}/>"
    head = draw(st.sampled_from(["", '<?xml version="1.0"?>', "<?xpacket begin='' id='W5M0'?>\n"]))
    return f'{head}<x:xmpmeta xmlns:x="adobe:ns:meta/">{packet}{line}</x:xmpmeta>'.encode()


def _property(field, keywords, rdf, kind, line, closed):
    prefix, space, key = SPACES[field]
    items = "".join(f"{line}   <{rdf}:li>{escape(word)}</{rdf}:li>" for word in keywords)
    holder = f"<{rdf}:{kind}>{items}{line}</{rdf}:{kind}>"
    if not items and closed:
        holder = f"<{rdf}:{kind}/>"
    start = f"{line}  <{prefix}:{key} xmlns:{prefix}={quoteattr(space)}>"
    return f"{start}{holder}</{prefix}:{key}>"


@settings(max_examples=40, deadline=None)
@given(sidecar=st.one_of(st.none(), sidecars()), first=wishes(), second=wishes())
def test_whatever_is_written_can_be_changed_and_taken_back(sidecar, first, second):
    once = write_tag(sidecar, first)
    assert write_tag(once, first) == once
    assert write_tag(once, None) == sidecar
    twice = write_tag(once, second)
    assert twice == write_tag(sidecar, second)
    assert write_tag(twice, None) == sidecar


@settings(max_examples=30, deadline=None)
@given(sidecar=sidecars(), wish=wishes())
def test_every_field_says_it_once_and_nothing_of_others_is_lost(sidecar, wish):
    before, after = read(sidecar), read(write_tag(sidecar, wish))
    assert after.others == before.others
    expected = {
        "subject": wish.tag,
        "hierarchy": "|".join(part.replace("|", "-") for part in wish.path),
        "tags": "/".join(part.replace("/", "-") for part in wish.path),
    }
    for field, keywords in after.keywords.items():
        theirs = before.keywords[field]
        assert keywords[: len(theirs)] == theirs
        same = [word for word in keywords if _same(word, expected[field])]
        assert len(same) == max(1, sum(_same(word, expected[field]) for word in theirs))


def _same(one, other):
    return unicodedata.normalize("NFC", one.strip()) == unicodedata.normalize("NFC", other.strip())


LISTS = re.compile(rb"<(dc:subject|lr:hierarchicalSubject|digiKam:TagsList)\b.*?</\1>", re.DOTALL)


@settings(max_examples=30, deadline=None)
@given(sidecar=sidecars(), wish=wishes(), data=st.data())
def test_what_a_person_adds_in_between_outlives_undo_and_change(sidecar, wish, data):
    tagged = write_tag(sidecar, wish)
    rdf = b"R" if b"<R:RDF" in tagged else b"rdf"
    item = re.compile(b"</(%s|rdf):li>" % rdf)
    found = [one for one in LISTS.finditer(tagged) if item.search(one[0])]
    if not found:
        return  # each of the keywords was there in a form that we take for the same
    chosen = data.draw(st.sampled_from(found))
    end = item.search(tagged, chosen.start())
    theirs = b"<%s:li>Sunset</%s:li>" % (end[1], end[1])
    edited = tagged[: end.end()] + theirs + tagged[end.end() :]
    for later in (write_tag(edited, None), write_tag(edited, replace(wish, tag="Rome"))):
        assert later is not None
        assert any("Sunset" in keywords for keywords in read(later).keywords.values())


@settings(max_examples=40, deadline=None)
@given(sidecar=sidecars(), wish=wishes(), data=st.data())
def test_broken_bytes_are_refused_or_come_back(sidecar, wish, data):
    at = data.draw(st.integers(0, len(sidecar) - 1))
    broken = (
        sidecar[:at]
        + data.draw(st.binary(max_size=3))
        + sidecar[at + data.draw(st.integers(0, 3)) :]
    )
    try:
        tagged = write_tag(broken, wish)
    except UnfitError:
        return
    assert write_tag(tagged, None) == broken
