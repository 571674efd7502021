"""A tag put into sidecars of others, changed and taken away: read by ElementTree, byte for byte."""

from dataclasses import replace

import pytest
from samples import DARKTABLE, DIGIKAM, EXPECTED, LIGHTROOM, NO_KEYWORDS, SAMPLES, TAJ, read

from landmark_core.sidecars import write_tag

PETRA = replace(
    TAJ, tag="Petra", path=("Landmarks", "Jordan", "Petra"), said_at="2026-12-01T00:00:00Z"
)
ANN = replace(TAJ, by="person", reviewer="Ann", said_at="2026-12-24T00:00:00Z")
samples = pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)


@samples
def test_everything_of_others_stays_and_ours_is_there(sample):
    before, after = read(sample), read(write_tag(sample, TAJ))
    assert after.others == before.others
    for field, keywords in after.keywords.items():
        assert keywords[: len(before.keywords[field])] == before.keywords[field]
        assert keywords[-1] == EXPECTED[field]
    assert after.own["tag"] == "Taj Mahal"
    assert after.own["confidence"] == "0.9731"
    assert (after.own["by"], after.own["date"]) == ("machine", "2026-11-23T00:00:00Z")
    assert (after.own["model"], after.own["modelId"]) == ("starter", "0123456789abcdef")


@samples
def test_undo_gives_the_former_bytes(sample):
    assert write_tag(write_tag(sample, TAJ), None) == sample


@samples
def test_the_same_again_changes_nothing(sample):
    once = write_tag(sample, TAJ)
    assert write_tag(once, TAJ) == once


@samples
def test_another_tag_takes_the_place_of_the_first(sample):
    assert write_tag(write_tag(sample, TAJ), PETRA) == write_tag(sample, PETRA)


@samples
def test_a_sidecar_of_others_is_not_touched_where_nothing_is_wished(sample):
    assert write_tag(sample, None) is sample


def test_lines_that_were_there_are_still_there():
    lines = write_tag(DIGIKAM, TAJ).split(b"\n")
    kept = iter(lines)
    assert all(line in kept for line in DIGIKAM.split(b"\n"))  # in their order
    assert b"     <rdf:li>Taj Mahal</rdf:li>" in lines


def test_a_new_sidecar_and_its_end():
    made = write_tag(None, TAJ)
    found = read(made)
    assert found.keywords == {field: [keyword] for field, keyword in EXPECTED.items()}
    assert made.count(b"<rdf:Bag>") >= 3
    assert found.others == []
    assert write_tag(made, None) is None


def test_a_new_sidecar_that_somebody_has_added_to_stays():
    made = write_tag(None, TAJ)
    rated = made.replace(b"</rdf:RDF>", b'<rdf:Description xmlns:x="urn:x/" x:y="5"/></rdf:RDF>')
    left = write_tag(rated, None)
    assert left is not None
    assert read(left).others == [("{urn:x/}y", "5")]
    assert read(left).own == {}


def test_a_keyword_that_was_there_is_neither_added_nor_removed():
    theirs = LIGHTROOM.replace(b"<rdf:li>India<", b"<rdf:li>Taj Mahal<")
    tagged = write_tag(theirs, TAJ)
    assert read(tagged).keywords["subject"] == ["Agra", "Taj Mahal"]
    assert write_tag(tagged, None) == theirs
    assert read(write_tag(tagged, PETRA)).keywords["subject"] == ["Agra", "Taj Mahal", "Petra"]


def test_a_keyword_in_another_normal_form_is_the_same():
    theirs = LIGHTROOM.replace(b"<rdf:li>India<", "<rdf:li>Cafe\u0301<".encode())
    tagged = write_tag(theirs, replace(TAJ, tag="Caf\u00e9"))
    assert read(tagged).keywords["subject"] == ["Agra", "Cafe\u0301"]


def test_a_keyword_that_a_person_added_as_well_stays_once():
    tagged = write_tag(DIGIKAM, TAJ)
    twice = tagged.replace(b"<rdf:li>Agra</rdf:li>", b"<rdf:li>Taj Mahal</rdf:li>")
    assert read(write_tag(twice, None)).keywords["subject"] == ["Taj Mahal", "Été & vacances"]


def test_a_word_that_a_persons_path_has_since_then_stays():
    tagged = write_tag(DIGIKAM, TAJ)
    placed = tagged.replace(b"Places/Agra", b"Places/Taj Mahal", 1)
    left = read(write_tag(placed, None))
    assert left.keywords["subject"] == ["Agra", "Été & vacances", "Taj Mahal"]
    assert left.keywords["tags"] == ["Places/Taj Mahal", "Été & vacances"]


def test_a_word_that_a_persons_path_had_before_goes_with_undo():
    placed = DIGIKAM.replace(b"Places/Agra", b"Places/Taj Mahal", 1)
    assert write_tag(write_tag(placed, TAJ), None) == placed


def test_what_somebody_took_out_is_not_put_back():
    tagged = write_tag(DIGIKAM, TAJ)
    without = tagged.replace(b"     <rdf:li>Taj Mahal</rdf:li>\n", b"", 1)
    later = write_tag(without, replace(TAJ, confidence=0.5))
    assert read(later).keywords["subject"] == ["Agra", "Été & vacances"]
    assert read(later).keywords["tags"][-1] == EXPECTED["tags"]
    assert write_tag(later, replace(TAJ, confidence=0.5)) == later
    assert write_tag(later, None) == DIGIKAM


def test_what_somebody_took_out_and_put_back_is_theirs():
    tagged = write_tag(DIGIKAM, TAJ)
    without = tagged.replace(b"     <rdf:li>Taj Mahal</rdf:li>\n", b"", 1)
    known = write_tag(without, TAJ)
    back = known.replace(b"<rdf:li>Agra</rdf:li>", b"<rdf:li>Taj Mahal</rdf:li>")
    assert read(write_tag(back, None)).keywords["subject"] == ["Taj Mahal", "Été & vacances"]
    assert read(write_tag(write_tag(back, TAJ), None)).keywords["subject"][0] == "Taj Mahal"


def test_a_person_who_says_so_later_puts_it_back():
    tagged = write_tag(DIGIKAM, TAJ)
    without = tagged.replace(b"     <rdf:li>Taj Mahal</rdf:li>\n", b"", 1)
    said = read(write_tag(without, ANN))
    assert said.keywords["subject"][-1] == "Taj Mahal"
    assert (said.own["by"], said.own["reviewer"]) == ("person", "Ann")


def test_a_field_that_programs_prefer_does_not_hide_peoples_keywords():
    after = read(write_tag(LIGHTROOM, TAJ)).keywords
    assert after["tags"] == ["Places/India/Agra", EXPECTED["tags"]]  # digiKam, Immich read it first
    flat = DARKTABLE.replace(b"lr:hierarchicalSubject", b"lr:weightedFlatSubject")
    after = read(write_tag(flat, TAJ)).keywords
    assert after["hierarchy"] == ["agra", "river", EXPECTED["hierarchy"]]
    assert after["tags"] == ["agra", "river", EXPECTED["tags"]]


def test_copies_follow_what_people_change():
    tagged = write_tag(LIGHTROOM, TAJ)
    moved = tagged.replace(b"Places|India|Agra<", b"Places|Agra<", 1)
    after = write_tag(moved, TAJ)
    assert read(after).keywords["tags"] == ["Places/Agra", EXPECTED["tags"]]
    assert write_tag(after, None) == LIGHTROOM.replace(b"Places|India|Agra<", b"Places|Agra<")


def test_copies_stay_in_a_field_that_another_program_has_taken_over():
    tagged = write_tag(LIGHTROOM, TAJ)
    ours = b"<rdf:li>Places/India/Agra</rdf:li>"
    added = tagged.replace(ours, ours + b"<rdf:li>Sunset</rdf:li>", 1)
    assert read(write_tag(added, None)).keywords["tags"] == ["Places/India/Agra", "Sunset"]


def test_separators_within_names():
    odd = replace(TAJ, tag="AC/DC|Arena", path=("Landmarks", "AC/DC|Arena"))
    keywords = read(write_tag(None, odd)).keywords
    assert keywords["subject"] == ["AC/DC|Arena"]
    assert keywords["hierarchy"] == ["Landmarks|AC/DC-Arena"]
    assert keywords["tags"] == ["Landmarks/AC-DC|Arena"]


def test_all_of_a_packet_is_about_one_thing():
    tagged = write_tag(SAMPLES["several-descriptions"], TAJ)
    assert tagged.count(b"uuid:faf5bdd5") == 3


def test_a_program_that_writes_all_anew_loses_nothing():
    """Adobe's toolkit merges descriptions and writes simple properties as attributes."""
    tagged = write_tag(NO_KEYWORDS, TAJ).decode()
    start = tagged.index("<landmarks:tag>")
    anew = tagged.replace("<landmarks:tag>Taj Mahal</landmarks:tag>", "")
    anew = anew.replace(
        '1.0/">\n   <dc:subject>', "1.0/\"\n landmarks:tag = 'Taj Mahal'>\n<dc:subject>"
    )
    assert start > 0
    assert "landmarks:tag = 'Taj Mahal'" in anew
    assert read(anew.encode()).own["tag"] == "Taj Mahal"
    assert write_tag(anew.encode(), TAJ) == anew.encode()
    left = write_tag(anew.encode(), None)
    assert left == NO_KEYWORDS


def test_an_item_that_holds_elements_is_kept_and_is_no_keyword():
    odd = LIGHTROOM.replace(b"<rdf:li>Places|India|Agra</rdf:li>", b"<rdf:li>a<rdf:Bag/></rdf:li>")
    tagged = write_tag(odd, TAJ)
    assert write_tag(tagged, TAJ) == tagged
    assert read(tagged).keywords["hierarchy"] == ["a", "Agra", "India", EXPECTED["hierarchy"]]
    assert write_tag(tagged, None) == odd
