"""Say what a file is: by its name's extension for the walk, by its first bytes for the decoder.

Pure: names and bytes in, words out. The signatures are those of the formats' own specifications,
collected in the WHATWG MIME Sniffing standard, section 6.1 (https://mimesniff.spec.whatwg.org/),
and for HEIF and AVIF in ISO/IEC 14496-12, section 4.3 (the `ftyp` box).
"""

from typing import Literal

Judgement = Literal["photo", "not_photo", "look_inside"]

HEAD_BYTES = 64  # enough of a file for `sniff`

# Camera raw: TIFF-based more often than not, where the first picture is a small preview.
_RAW = """
    3fr ari arw bay cr2 cr3 crw dcr dng erf fff iiq k25 kdc mef mos mrw nef nrw orf pef ptx raf raw
    rw2 rwl sr2 srf srw x3f
"""
_PICTURES = """
    jpg jpeg jpe jfif jif mpo png apng webp avif avifs tif tiff bmp dib gif
    heic heics heif heifs hif ico psd psb jp2 j2k jpf jpx jxl
"""
_SIDE_CARS_AND_DATA = """
    txt md rst csv tsv log json jsonl ndjson xml html htm css xmp aae thm pp3 dop cos lrcat
    lrtemplate yaml yml toml ini cfg conf db sqlite sqlite3 parquet arrow npy npz h5 pkl pt pth
    onnx safetensors
"""
_FILMS_AND_SOUND = """
    mp4 m4v mov avi mkv webm mpg mpeg mts m2ts 3gp wmv flv lrv mp3 m4a aac wav flac ogg opus wma gpx
"""
_DOCUMENTS_AND_PROGRAMS = """
    pdf doc docx xls xlsx ppt pptx odt ods odp rtf epub svg eps ai indd key pages numbers
    zip tar gz tgz bz2 xz zst 7z rar iso dmg py pyc ipynb js ts c h cpp rs go java sh bat ps1
    exe dll so dylib lock
"""
RAW_EXTENSIONS = frozenset(_RAW.split())
PHOTO_EXTENSIONS = RAW_EXTENSIONS | frozenset(_PICTURES.split())
OTHER_EXTENSIONS = frozenset(
    (_SIDE_CARS_AND_DATA + _FILMS_AND_SOUND + _DOCUMENTS_AND_PROGRAMS).split()
)

# A first byte sequence and the format it opens; the longest come first where one begins another.
_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"FUJIFILMCCD-RAW", "camera raw"),
    (b"IIU\x00", "camera raw"),  # Panasonic RW2
    (b"IIRO", "camera raw"),  # Olympus ORF, three spellings
    (b"IIRS", "camera raw"),
    (b"MMOR", "camera raw"),
    (b"FOVb", "camera raw"),  # Sigma X3F
    (b"\x00MRM", "camera raw"),  # Minolta MRW
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"II+\x00", "tiff"),  # BigTIFF
    (b"MM\x00+", "tiff"),
    (b"\x00\x00\x01\x00", "ico"),
    (b"8BPS", "psd"),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", "jpeg 2000"),
    (b"\xff\x4f\xff\x51", "jpeg 2000"),
    (b"\x00\x00\x00\x0cJXL \r\n\x87\n", "jpeg xl"),
    (b"\xff\x0a", "jpeg xl"),
)
_AVIF_BRANDS = frozenset((b"avif", b"avis"))
_HEIF_BRANDS = frozenset(
    (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1")
)
_BMP_HEADERS = frozenset((12, 16, 40, 52, 56, 64, 108, 124))  # bytes of the second header


def extension_of(name: str) -> str:
    """Return the lower-case extension of a file name without its dot, or ""."""
    stem, dot, extension = name.rpartition(".")
    return extension.lower() if dot and stem else ""


def judge_name(name: str) -> Judgement:
    """Tell from its bare name whether a file is a photo, or whether its content must say.

    Args:
        name: the file's name without folders. `._x.jpg` is what macOS leaves beside `x.jpg`
            on foreign disks: its extension says nothing about its content.
    """
    extension = extension_of(name)
    if extension in OTHER_EXTENSIONS:
        return "not_photo"
    if extension in PHOTO_EXTENSIONS and not name.startswith("._"):
        return "photo"
    return "look_inside"


def sniff(head: bytes) -> str | None:
    """Name the image format that a file's first bytes announce.

    Args:
        head: at least `HEAD_BYTES` bytes, or the whole file where it is shorter.

    Returns:
        "jpeg", "png", "gif", "webp", "tiff", "bmp", "avif" or "heif", which are decoded;
        "camera raw", "ico", "psd", "jpeg 2000" or "jpeg xl", which are not; else null.
    """
    for signature, kind in _SIGNATURES:
        if head.startswith(signature):
            is_cr2 = kind == "tiff" and head[8:10] == b"CR"
            return "camera raw" if is_cr2 else kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in _BMP_HEADERS:
        return "bmp"  # the second header is asked too: "BM" alone opens many a text
    return _sniff_brands(head) if head[4:8] == b"ftyp" else None


def _sniff_brands(head: bytes) -> str | None:
    end = min(int.from_bytes(head[:4], "big"), len(head))
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, end - 3, 4))]
    if brands[0] == b"crx ":
        return "camera raw"  # Canon CR3
    if not _AVIF_BRANDS.isdisjoint(brands):
        return "avif"  # asked first: AVIF files name HEIF's general brands as well
    return "heif" if not _HEIF_BRANDS.isdisjoint(brands) else None
