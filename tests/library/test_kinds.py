"""What a file is: by name against a table by hand, by content against what Pillow writes."""

import io

import pillow_heif
import pytest
from PIL import Image

from landmark_core.library.kinds import HEAD_BYTES, extension_of, judge_name, sniff


@pytest.mark.parametrize(
    ("name", "judgement"),
    [
        ("IMG_0001.JPG", "photo"),
        ("scan.tiff", "photo"),
        ("DSC.NEF", "photo"),
        ("a.b.heic", "photo"),
        ("notes.txt", "not_photo"),
        ("IMG_0001.xmp", "not_photo"),
        ("clip.MOV", "not_photo"),
        ("._IMG_0001.JPG", "look_inside"),
        ("._notes.txt", "not_photo"),
        ("photo", "look_inside"),
        (".jpg", "look_inside"),
        ("photo.jpg.download", "look_inside"),
        ("trailing.", "look_inside"),
    ],
)
def test_names_are_judged_by_their_extension(name, judgement):
    assert judge_name(name) == judgement


@pytest.mark.parametrize(
    ("pillow_format", "kind"),
    [
        ("JPEG", "jpeg"),
        ("MPO", "jpeg"),
        ("PNG", "png"),
        ("GIF", "gif"),
        ("WEBP", "webp"),
        ("TIFF", "tiff"),
        ("BMP", "bmp"),
        ("AVIF", "avif"),
        ("ICO", "ico"),
        ("JPEG2000", "jpeg 2000"),
    ],
)
def test_what_pillow_writes_is_recognised(pillow_format, kind):
    file = io.BytesIO()
    Image.new("RGB", (32, 32), "teal").save(file, pillow_format)
    assert sniff(file.getvalue()[:HEAD_BYTES]) == kind


def test_heic_is_recognised():
    file = io.BytesIO()
    pillow_heif.from_pillow(Image.new("RGB", (64, 64), "teal")).save(file)
    assert sniff(file.getvalue()[:HEAD_BYTES]) == "heif"


# First bytes by hand, from the formats' descriptions.
@pytest.mark.parametrize(
    ("head", "kind"),
    [
        pytest.param(b"II*\0\x10\0\0\0CR\x02\0", "camera raw", id="canon-cr2-is-a-tiff-with-cr"),
        pytest.param(b"\0\0\0\x18ftypcrx \0\0\0\x01crx isom", "camera raw", id="canon-cr3"),
        pytest.param(b"FUJIFILMCCD-RAW 0201", "camera raw", id="fuji-raf"),
        pytest.param(b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf", "avif", id="avif-in-general-brand"),
        pytest.param(b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", "heif", id="heif-in-general-brand"),
        pytest.param(b"\0\0\0\x14ftypqt  \0\0\0\0qt  ", None, id="quicktime-film"),
        pytest.param(b"\0\0\0\x18ftypisom\0\0\2\0isomavc1", None, id="mp4-film"),
        pytest.param(b"BMW service record 2024 and more", None, id="text-that-begins-like-a-bmp"),
        pytest.param(b"RIFF\x24\0\0\0WAVEfmt ", None, id="sound"),
        pytest.param(b"\0\5\x16\7\0\2\0\0Mac OS X        ", None, id="apple-double"),
        pytest.param(b"\xff\x0a\xfa\x7f", "jpeg xl", id="jpeg-xl-stream"),
        pytest.param(b"", None, id="empty"),
        pytest.param(b"\0\0\0\x0cftyp", None, id="cut-brand-box"),
    ],
)
def test_first_bytes(head, kind):
    assert sniff(head) == kind


def test_extension_needs_a_stem():
    assert [extension_of(name) for name in ("a.JPG", ".jpg", "a", "a.")] == ["jpg", "", "", ""]


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\x89PNG\r\n\x1a\n", "png"),
        (b"\xff\xd8\xff\xe0", "jpeg"),
        (b"GIF87a\x01\x00", "gif"),
        (b"GIF89a\x01\x00", "gif"),
        (b"IIU\x00\x08", "camera raw"),
        (b"IIRO\x08", "camera raw"),
        (b"IIRS\x08", "camera raw"),
        (b"MMOR\x00", "camera raw"),
        (b"FOVb\x00", "camera raw"),
        (b"\x00MRM\x00", "camera raw"),
        (b"II*\x00\x08\x00\x00\x00\x0f\x00", "tiff"),
        (b"MM\x00*\x00", "tiff"),
        (b"II+\x00\x08", "tiff"),
        (b"MM\x00+\x00", "tiff"),
        (b"\x00\x00\x01\x00\x02", "ico"),
        (b"8BPS\x00", "psd"),
        (b"\x00\x00\x00\x0cjP  \r\n\x87\n", "jpeg 2000"),
        (b"\xff\x4f\xff\x51\x00", "jpeg 2000"),
        (b"\x00\x00\x00\x0cJXL \r\n\x87\n", "jpeg xl"),
        (b"RIFF\x24\x00\x00\x00WEBPVP8 ", "webp"),
    ],
)
def test_signatures_of_the_specifications_need_every_byte(head, kind):
    # https://mimesniff.spec.whatwg.org/ and the makers' formats; what follows does not matter.
    assert sniff(head) == sniff(head + bytes(64)) == kind
    assert sniff(b"x" + head) is None


def test_only_a_tiff_is_a_canon_raw_by_the_letters_in_its_ninth_and_tenth_byte():
    assert sniff(b"II*\x00\x10\x00\x00\x00CR\x02") == "camera raw"
    assert sniff(b"II*\x00\x10\x00\x00CR\x02\x00") == "tiff"
    assert sniff(b"GIF89a\x10\x00CR\x02") == "gif"


def test_a_bmp_has_one_of_the_eight_second_headers():
    def head(size: int) -> bytes:
        return b"BM" + bytes(12) + size.to_bytes(4, "little") + bytes(20)

    # The sizes of Microsoft's and OS/2's headers, from both makers' documentation.
    found = {size for size in range(70_000) if sniff(head(size)) == "bmp"}
    assert found == {12, 16, 40, 52, 56, 64, 108, 124}


def boxed(*brands: str, size: int | None = None) -> bytes:
    """The first box of a HEIF file: its size, `ftyp`, major brand, version, further brands."""
    major, *others = (brand.encode() for brand in brands)
    box = b"ftyp" + major + bytes(4) + b"".join(others)
    return (len(box) + 4 if size is None else size).to_bytes(4, "big") + box


@pytest.mark.parametrize(
    ("brand", "kind"),
    [
        *((brand, "heif") for brand in ("heic", "heix", "heim", "heis", "hevc")),
        *((brand, "heif") for brand in ("hevx", "hevm", "hevs", "mif1", "msf1")),
        *(("avif", "avif"), ("avis", "avif"), ("crx ", "camera raw"), ("isom", None)),
    ],
)
def test_brands(brand, kind):
    assert sniff(boxed(brand)) == kind
    if brand != "crx ":  # only as the major one
        assert sniff(boxed("isom", brand)) == sniff(boxed("isom", "iso2", brand)) == kind


def test_brands_beyond_the_box_or_the_head_are_none():
    # Size, ftyp, major brand and version are 16 bytes; the next brand ends with byte 20.
    assert sniff(boxed("isom", "heic", size=20)) == "heif"
    assert sniff(boxed("isom", "heic", size=19)) is None
    assert sniff(boxed("isom", "heic", size=2**32 - 1)) == "heif"
    assert sniff(boxed("isom", "iso2", "heic", size=23)) is None
    assert sniff(boxed("isom", "heic")[:19]) is None
