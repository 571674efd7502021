"""Say what a file is that was given as a model and is not TorchScript.

Looks at magic numbers, zip members and pickle opcodes. Nothing is unpickled: a pickle can run any
code.
"""

import codecs
import io
import json
import zipfile
import zlib
from collections.abc import Collection

from landmark_core.model.pickles import EXPORT_IT, describe_pickle, is_pickle, skip_legacy_header

# What zipfile raises for archives that are damaged, encrypted, or compressed in ways unknown here.
DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    NotImplementedError,
    OverflowError,
    RuntimeError,
    ValueError,
)
MAX_PICKLE_BYTES = 16 * 2**20  # what it holds stands at its beginning
# (offset, bytes, what it is, what to do)
MAGIC_NUMBERS = (
    (0, b"\x89HDF\r\n\x1a\n", "an HDF5 file (Keras weights)", "only TorchScript runs here"),
    (4, b"TFL3", "a TensorFlow Lite model", "only TorchScript runs here"),
    (0, b"GGUF", "a GGUF model", "only TorchScript runs here"),
    (0, b"\x93NUMPY", "a NumPy array", "give the TorchScript file"),
    (0, b"\x1f\x8b", "a gzip archive", "unpack it and give the file inside"),
    (0, b"BZh", "a bzip2 archive", "unpack it and give the file inside"),
    (0, b"\xfd7zXZ\x00", "an xz archive", "unpack it and give the file inside"),
    (0, b"\x28\xb5\x2f\xfd", "a zstd archive", "unpack it and give the file inside"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "unpack it and give the file inside"),
    (0, b"Rar!", "a RAR archive", "unpack it and give the file inside"),
    (257, b"ustar", "a tar archive", "unpack it and give the file inside"),
    (0, b"\xff\xd8\xff", "a JPEG photo", "photos are SOURCE, the model goes to --model"),
    (0, b"\x89PNG", "a PNG image", "photos are SOURCE, the model goes to --model"),
)
LEAST_EXPORT = "2.8"  # whose .pt2 archives have today's layout
ONNX_TAGS = b"\x12\x1a\x22\x28\x32\x3a\x42"  # field tags that can follow ir_version in a ModelProto


def describe_foreign_file(data: bytes) -> str | None:
    """Say in one line what a file is and what to do; None for a TorchScript archive.

    Args:
        data: the whole file.
    """
    if not data:
        return "the file is empty: copy or download it again"
    if data.startswith(b"version https://git-lfs"):
        return (
            f"a Git-LFS pointer{_lfs_size(data)}, not the model itself: "
            "run `git lfs pull` where it came from and copy the real file"
        )
    if data.startswith(b"PK\x03\x04"):
        return _describe_zip(data)
    for offset, magic, kind, advice in MAGIC_NUMBERS:
        if data.startswith(magic, offset):
            return f"{kind}, not TorchScript: {advice}"
    return _describe_by_structure(data)


def _describe_by_structure(data: bytes) -> str:
    if is_pickle(data):
        return describe_pickle(skip_legacy_header(data))
    if _is_safetensors(data):
        return (
            "a safetensors file, weights without their network: "
            f"build the network in Python, load them and {EXPORT_IT}"
        )
    head = data[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith((b"<!doctype", b"<html", b"<?xml")):
        return "a web page (HTML), not a model: the download gave an error or log-in page"
    if data[0] == 0x08 and len(data) > 2 and data[1] < 0x40 and data[2] in ONNX_TAGS:
        return "an ONNX model, not TorchScript: export the PyTorch model with torch.jit instead"
    if _is_text(data[:512]):
        return (
            f"a text file that starts {_first_line(data)!r}, not a model: give the TorchScript file"
        )
    return f"not a model file that is known here (it starts {data[:8].hex(' ')}): give TorchScript"


def _describe_zip(data: bytes) -> str | None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = {name.partition("/")[2] or name for name in archive.namelist()}
            if any(name.startswith("code/") for name in members) and "data.pkl" in members:
                return None
            return _describe_members(archive, members)
    except DAMAGE:
        return (
            f"cut off or damaged: {len(data)} bytes of a zip archive without its end: get it again"
        )


def _describe_members(archive: zipfile.ZipFile, members: Collection[str]) -> str:
    names = archive.namelist()
    if "data.pkl" in members:
        (pickled, *_) = [name for name in names if name.endswith("data.pkl")]
        with archive.open(pickled) as file:
            return describe_pickle(io.BytesIO(file.read(MAX_PICKLE_BYTES)))
    if {"archive_format", "serialized_exported_program.json"} & set(members):
        return (
            "a torch.export program (.pt2) of an old torch, or compiled: "
            f"export it again with torch {LEAST_EXPORT} or later, or {EXPORT_IT}"
        )
    if ".data/extern_modules" in members:
        return f"a torch.package archive, not TorchScript: load it in Python and {EXPORT_IT}"
    if "model.weights.h5" in names:
        return "a Keras model, not TorchScript: only TorchScript runs here"
    if any(name.startswith("MAR-INF/") for name in names):
        return "a TorchServe archive: unpack it and give the .pt file inside"
    inside = next((name for name in names if name.endswith((".pt", ".pth"))), None)
    holds = f" that holds {inside!r}" if inside else ""
    return f"a zip archive{holds}, not TorchScript: unpack it and give the model file inside"


def _lfs_size(data: bytes) -> str:
    for line in data[:1024].decode("ascii", "replace").splitlines():
        if line.startswith("size ") and line[5:].isdigit():
            return f" to {int(line[5:])} bytes"
    return ""


def _is_safetensors(data: bytes) -> bool:
    length = int.from_bytes(data[:8], "little")
    if not 2 <= length <= min(len(data) - 8, 100_000_000):
        return False
    try:
        return isinstance(json.loads(data[8 : 8 + length]), dict)
    except (ValueError, RecursionError):
        return False


def _is_text(head: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)  # its last character may be cut
    except UnicodeDecodeError:
        return False
    return all(byte >= 0x20 or byte in b"\t\r\n\f" for byte in head)


def _first_line(data: bytes) -> str:
    lines = data[:200].decode("utf-8", "replace").strip().splitlines()
    return lines[0][:40] if lines else ""  # a file of spaces and line breaks
