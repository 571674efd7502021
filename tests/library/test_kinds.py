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
