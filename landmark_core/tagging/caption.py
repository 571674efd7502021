"""Write into a JPEG what it shows: tag, confidence and identity, as EXIF and as a comment.

A JPEG is a chain of segments (ITU-T T.81, annex B); these go in behind the JFIF header, so that no
pixel is encoded again. Exif 2.32 has the names of the fields; the block is written here, as Pillow
takes an eighth of a small overlay's time for it.
"""

import json
import struct
from dataclasses import asdict, dataclass

from PIL import ExifTags

_APP0, _APP1, _COMMENT = b"\xff\xe0", b"\xff\xe1", b"\xff\xfe"  # JFIF, EXIF, text

_SOFTWARE = b"landmark-tagger\0"
# TIFF 6.0, section 2: types of values; where things are, in bytes from its beginning.
_ASCII, _LONG, _UNDEFINED = 2, 4, 7
_ENTRY = 12
_FIRST_DIRECTORY = 8
_SECOND_DIRECTORY = _FIRST_DIRECTORY + 2 + 3 * _ENTRY + 4
_DIRECTORIES_END = _SECOND_DIRECTORY + 2 + 1 * _ENTRY + 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Caption:
    """What the file says about itself; the names are the columns of the tags table."""

    photo_id: str
    model_id: str
    tag: str
    confidence: float


def insert_caption(jpeg: bytes, caption: Caption) -> bytes:
    """Return a JPEG with its caption.

    Args:
        jpeg: as an encoder wrote it: start, JFIF header where it has one, tables, pixels.
        caption: goes into the comment and the EXIF user comment as JSON, and into the EXIF
            description as text.
    """
    comment = json.dumps(asdict(caption), ensure_ascii=False).encode()
    end = 2  # of the start mark
    if jpeg[2:4] == _APP0:
        end += 2 + int.from_bytes(jpeg[4:6], "big")
    segments = _segment(_APP1, _exif(caption)) + _segment(_COMMENT, comment)
    return b"".join((jpeg[:end], segments, jpeg[end:]))


def _segment(mark: bytes, content: bytes) -> bytes:
    return mark + struct.pack(">H", len(content) + 2) + content  # its length counts itself


def _exif(caption: Caption) -> bytes:
    """Return an EXIF block: a TIFF, big-endian, of two directories, then what they point to."""
    # Bytes, as EXIF has no encoding of its own for text: every reader of today takes UTF-8.
    described = f"{caption.tag} {caption.confidence:.2f}".encode() + b"\0"
    comment = b"ASCII\0\0\0" + json.dumps(asdict(caption)).encode("ascii")
    software_at = _DIRECTORIES_END
    described_at = software_at + len(_SOFTWARE)
    gap = b"\0" * (len(described) % 2)  # what is pointed to begins at an even place
    comment_at = described_at + len(described) + len(gap)
    entries = (  # tag, type, count, value or where it is
        (ExifTags.Base.ImageDescription, _ASCII, len(described), described_at),
        (ExifTags.Base.Software, _ASCII, len(_SOFTWARE), software_at),
        (ExifTags.IFD.Exif, _LONG, 1, _SECOND_DIRECTORY),
    )
    return b"".join(
        (
            b"Exif\0\0MM\0*",
            struct.pack(">IH", _FIRST_DIRECTORY, len(entries)),
            *(struct.pack(">HHII", *entry) for entry in entries),
            struct.pack(">I", 0),  # no directory follows in this chain
            struct.pack(">H", 1),
            struct.pack(">HHII", ExifTags.Base.UserComment, _UNDEFINED, len(comment), comment_at),
            struct.pack(">I", 0),
            _SOFTWARE + described + gap + comment,
        )
    )
