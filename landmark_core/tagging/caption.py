"""Write into a JPEG what it shows: tag, confidence and identity, as EXIF and as a comment.

A JPEG is a chain of segments (ITU-T T.81, annex B); these go in behind the JFIF header, so that no
pixel is encoded again. Exif 2.32 has the names of the fields.
"""

import json
import struct
from dataclasses import asdict, dataclass

from PIL import ExifTags, Image

_APP0, _APP1, _COMMENT = b"\xff\xe0", b"\xff\xe1", b"\xff\xfe"  # JFIF, EXIF, text


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
    exif = Image.Exif()
    # Bytes, as EXIF has no encoding of its own for text: every reader of today takes UTF-8.
    exif[ExifTags.Base.ImageDescription] = f"{caption.tag} {caption.confidence:.2f}".encode()
    exif[ExifTags.Base.Software] = "landmark-tagger"
    in_ascii = b"ASCII\0\0\0" + json.dumps(asdict(caption)).encode("ascii")
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.UserComment] = in_ascii
    return exif.tobytes()
