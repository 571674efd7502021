"""Open a TorchScript file as the zip archive that it is, before torch sees it.

torch itself checks neither checksums nor sizes: a flipped bit in the weights loads and gives wrong
tags, a zip bomb fills the memory. Both are refused here, and so are archives of which two readers
would see different things: members that lie over each other, or have one name. What the code in it
does is not judged: a model file is a program. Layout: `torch/csrc/jit/docs/serialization.md`
(https://github.com/pytorch/pytorch/blob/main/torch/csrc/jit/docs/serialization.md).
"""

import io
import zipfile
from dataclasses import dataclass

from landmark_core.errors import ConfigError
from landmark_core.model.recognise import DAMAGE, describe_foreign_file

CARD_FILE = "landmarks.json"
MAX_CODE_BYTES = 64 * 2**20  # all code/*.py together; a large network takes about 1 MiB
MAX_CARD_BYTES = 64 * 2**20
MAX_INFLATION = 20  # unpacked size over file size; weights barely shrink
FREE_INFLATION_BYTES = 64 * 2**20  # small files may inflate more: code shrinks tenfold
MAX_MEMBERS = 100_000  # a network has one for each tensor and each class of its code
_LOCAL_HEADER = 30  # bytes before a member's name, which its content follows


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptArchive:
    """What a TorchScript file says before it is loaded."""

    code: tuple[str, ...]  # the texts of its code/*.py members
    card_text: str | None  # landmarks.json, None in files that are not ours


def open_script_archive(data: bytes, name: str) -> ScriptArchive:
    """Check that bytes are a whole TorchScript file and read what it says of itself.

    Args:
        data: the whole file.
        name: of the model, for messages.

    Raises:
        ConfigError: if it is anything else, damaged, or a zip bomb; says what it is and what to do.
    """
    foreign = describe_foreign_file(data)
    if foreign is not None:
        raise ConfigError(f"model {name}: {foreign}")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            check_sizes(archive, len(data), name)
            check_members(archive, name)
            check_sums(archive, name)
            return ScriptArchive(
                code=_read_code(archive, name), card_text=read_card_text(archive, name)
            )
    except DAMAGE as error:
        raise damaged_file(name, str(error) or type(error).__name__) from error


def damaged_file(name: str, reason: str) -> ConfigError:
    """Return the error for a file that is not as it was written."""
    return ConfigError(f"model {name}: the file is damaged ({reason}): copy or download it again")


def check_sizes(archive: zipfile.ZipFile, size: int, name: str) -> None:
    """Refuse a zip bomb.

    Raises:
        ConfigError: if the members unpack to far more than the file's size in bytes.
    """
    unpacked = sum(member.file_size for member in archive.infolist())
    if unpacked > FREE_INFLATION_BYTES + MAX_INFLATION * size:
        raise ConfigError(
            f"model {name}: a zip bomb: {size} bytes unpack to {unpacked}; "
            "do not trust where it came from"
        )


def check_members(archive: zipfile.ZipFile, name: str) -> None:
    """Refuse an archive that readers disagree about, or that only keeps them busy.

    Raises:
        ConfigError: if it has very many members, two of one name, or two in one place.
    """
    members = sorted(archive.infolist(), key=lambda member: member.header_offset)
    if len(members) > MAX_MEMBERS:
        raise ConfigError(
            f"model {name}: a zip archive of {len(members):,} members, expected at most "
            f"{MAX_MEMBERS:,}; do not trust where it came from"
        )
    names: set[str] = set()
    free = 0  # where the next member may begin
    for member in members:
        if member.filename in names or member.header_offset < free:
            how = "stands twice" if member.filename in names else "lies over another one"
            raise ConfigError(
                f"model {name}: {member.filename[:80]!r} {how} in its zip archive, which no writer "
                "of models makes; do not trust where it came from"
            )
        names.add(member.filename)
        # At least: the local header's own further fields are not counted.
        least = _LOCAL_HEADER + len(member.orig_filename) + member.compress_size
        free = member.header_offset + least


def check_sums(archive: zipfile.ZipFile, name: str) -> None:
    """Refuse an archive with a flipped bit.

    Raises:
        ConfigError: if a member fails its checksum.
    """
    broken = archive.testzip()
    if broken is not None:
        raise damaged_file(name, f"{broken!r} fails its checksum")


def _read_code(archive: zipfile.ZipFile, name: str) -> tuple[str, ...]:
    members = [m for m in archive.infolist() if _inside(m).startswith("code/")]
    sources = [m for m in members if m.filename.endswith(".py")]
    if sum(member.file_size for member in sources) > MAX_CODE_BYTES:
        raise ConfigError(f"model {name}: more than {MAX_CODE_BYTES // 2**20} MiB of code")
    return tuple(archive.read(member).decode("utf-8", "replace") for member in sources)


def read_card_text(archive: zipfile.ZipFile, name: str) -> str | None:
    """Return the text of landmarks.json, None in a file that is not ours.

    Raises:
        ConfigError: if it is too large, or not text.
    """
    members = [m for m in archive.infolist() if _inside(m) == f"extra/{CARD_FILE}"]
    if not members:
        return None
    if members[0].file_size > MAX_CARD_BYTES:
        raise ConfigError(f"model {name}: its card is over {MAX_CARD_BYTES // 2**20} MiB")
    try:
        return archive.read(members[0]).decode("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"model {name}: its card is not UTF-8 text: {error}") from error


def _inside(member: zipfile.ZipInfo) -> str:
    """Return a member's path below the archive's one top folder."""
    return member.filename.partition("/")[2]
