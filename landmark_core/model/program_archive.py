"""Open a .pt2 file as the zip archive that it is, and keep of it what cannot run code.

`torch.export.load` trusts its file: it unpickles weights and sample inputs
(torch/export/pt2_archive/_package.py), evaluates shapes with sympy's `sympify` and shape guards
with `exec` (torch/_export/serde/serialize.py, torch/export/_unlift.py), resolves any attribute of
torch by name, as `torch.os.system`, as an operator of the graph, and loads compiled libraries. So
what torch gets is a copy made here: weights as raw bytes, operators of ATen alone, names and
shapes that are nothing else; the pickled samples, guards and metadata are left behind. This closes
the ways that are known; torch promises nothing, so a .pt2 file is still to be trusted no more than
a TorchScript file. Layout: https://docs.pytorch.org/docs/stable/export/pt2_archive.html
"""

import io
import json
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from landmark_core.errors import ConfigError
from landmark_core.model.archive import (
    check_members,
    check_sizes,
    check_sums,
    damaged_file,
    read_card_text,
)
from landmark_core.model.recognise import DAMAGE

MODEL = "models/model.json"
SAMPLES = "data/sample_inputs/model.pt"
CONFIGS = ("data/weights/model_weights_config.json", "data/constants/model_constants_config.json")
MAX_JSON_BYTES = 256 * 2**20  # the graph of a large network takes about 1 MiB
_RAW = re.compile(r"data/(weights/weight|constants/tensor)_\d+")
_COPIED = re.compile(r"archive_format|archive_version|byteorder|\.data/\w+")
_TENSOR = re.compile(r"(weight|tensor)_\d+")
_NAME = re.compile(r"[\w.+ -]*")
_OPERATOR = re.compile(r"torch\.ops\.aten\.(?!from_file|save\b)\w+\.\w+|torch\.sym_\w+")
_ARITHMETIC = re.compile(
    r"_operator\.(getitem|add|sub|mul|floordiv|truediv|mod|neg|eq|ne|lt|le|gt|ge)"
)
# One digit at a time: `\d+` inside a repetition takes days to refuse a long number.
_SHAPE = re.compile(
    r"(?:Symbol\('\w+'|(?:positive|integer)=True|-?\d|[(), ]"
    r"|Integer|Add|Mul|Min|Max|Mod|FloorDiv|PythonMod|CeilDiv)+"
)
_TREE_TYPES = (None, "builtins.tuple", "builtins.list", "builtins.dict")
_TREE_CONTEXTS = (None, "null", "[]")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramArchive:
    """What a .pt2 file holds, made harmless."""

    data: bytes  # another .pt2 file, for torch.export.load
    card_text: str | None  # landmarks.json, None in files that are not ours


class _UnsafeError(Exception):
    """Something that no exported network needs; the message names it."""


def is_program(data: bytes) -> bool:
    """Tell whether bytes are the zip archive of an exported program."""
    if not data.startswith(b"PK\x03\x04"):
        return False
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return any(name.partition("/")[2] == MODEL for name in archive.namelist())
    except DAMAGE:
        return False


def open_program_archive(data: bytes, name: str) -> ProgramArchive:
    """Check a .pt2 file and copy what is harmless.

    Args:
        data: the whole file.
        name: of the model, for messages.

    Raises:
        ConfigError: if it is damaged, a zip bomb, or holds what could run code.
    """
    buffer = io.BytesIO()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            check_sizes(archive, len(data), name)
            check_members(archive, name)
            check_sums(archive, name)
            card_text = read_card_text(archive, name)
            with zipfile.ZipFile(buffer, "w") as copy:
                _copy(archive, copy)
    except _UnsafeError as error:
        raise ConfigError(
            f"model {name}: not opened, it holds {error}, which could run any code: if you trust "
            "it, load it in Python and save torch.jit.script(model.eval()) with torch.jit.save"
        ) from error
    except (*DAMAGE, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise damaged_file(name, str(error) or type(error).__name__) from error
    return ProgramArchive(data=buffer.getvalue(), card_text=card_text)


def _copy(archive: zipfile.ZipFile, copy: zipfile.ZipFile) -> None:
    for member in archive.infolist():
        top, _, inside = member.filename.partition("/")
        if _RAW.fullmatch(inside) or _COPIED.fullmatch(inside):
            copy.writestr(f"{top}/{inside}", archive.read(member))
        elif inside in CONFIGS:
            copy.writestr(f"{top}/{inside}", json.dumps(_checked_config(archive, member)))
        elif inside == MODEL:
            copy.writestr(f"{top}/{inside}", json.dumps(_checked_model(archive, member)))
        elif inside == SAMPLES:
            copy.writestr(f"{top}/{inside}", b"")  # a pickle that only documents
        elif not inside.startswith("extra/"):
            raise _UnsafeError(f"a member {inside[:80]!r}")


def _read_json(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> dict[str, Any]:
    if member.file_size > MAX_JSON_BYTES:
        raise ValueError(f"{member.filename} has {member.file_size} bytes")
    values = json.loads(archive.read(member))
    if not isinstance(values, dict):
        raise TypeError(f"{member.filename} is no object")
    return values


def _checked_config(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> dict[str, Any]:
    """Return the list of weights or constants, all of them raw tensors."""
    values = _read_json(archive, member)
    for entry in values["config"].values():
        if entry["use_pickle"] is not False or not _TENSOR.fullmatch(entry["path_name"]):
            raise _UnsafeError(f"the pickle {entry['path_name'][:80]!r}")
    _check_texts(values, "")
    return values


def _checked_model(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> dict[str, Any]:
    """Return the graph without what torch would evaluate and no network needs."""
    values = _read_json(archive, member)
    values["guards_code"] = []
    values["graph_module"]["treespec_namedtuple_fields"] = {}
    _check_texts(values, "")
    return values


def _check_texts(value: Any, key: str) -> None:
    """Refuse every text that is not what its key stands for; empties metadata."""
    if isinstance(value, dict):
        if isinstance(value.get("metadata"), dict):
            value["metadata"] = {}
        for name, entry in value.items():
            _check_text("", name)
            _check_texts(entry, name)
    elif isinstance(value, list):
        for entry in value:
            _check_texts(entry, key)
    elif isinstance(value, str):
        _check_text(key, value)


def _check_text(key: str, text: str) -> None:
    if key in ("in_spec", "out_spec"):
        _check_tree(json.loads(text)[1])
        return
    if key == "expr_str":
        fits = _SHAPE.fullmatch(text)
    elif key == "target":
        fits = _OPERATOR.fullmatch(text) or _ARITHMETIC.fullmatch(text)
    else:
        fits = _NAME.fullmatch(text)
    if not fits:
        raise _UnsafeError(f"the {key or 'name'} {text[:80]!r}")


def _check_tree(spec: Mapping[str, Any]) -> None:
    """Refuse inputs and outputs that are not tensors in tuples, lists and dictionaries."""
    if spec["type"] not in _TREE_TYPES or spec["context"] not in _TREE_CONTEXTS:
        raise _UnsafeError(f"a structure of type {str(spec['type'])[:80]!r}")
    for child in spec["children_spec"]:
        _check_tree(child)
