"""Find the bytes of a model: a name in the package, a file, or a URL.

Does not look at what the bytes are; `recognise` does.
"""

import hashlib
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path

from landmark_core.errors import ConfigError

PACKAGED = {"starter": ("starter", "starter.pt")}  # name -> its place in landmark_core/model
MAX_MODEL_BYTES = 4 * 2**30  # the file is held in memory while it is loaded


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFile:
    """The bytes of one model file and where they came from."""

    name: str  # as the user typed it
    path: str  # absolute path or URL
    data: bytes = field(repr=False)

    @property
    def model_id(self) -> str:
        """First 16 hex digits of the SHA-256 of the file."""
        return hashlib.sha256(self.data).hexdigest()[:16]


def packaged_models() -> tuple[str, ...]:
    """Return the names of the models that this installation carries."""
    return tuple(name for name in sorted(PACKAGED) if _packaged_path(name).is_file())


def read_model_file(name: str) -> ModelFile:
    """Read a model by the name of a packaged model, a path or a URL.

    Raises:
        ConfigError: if there is no such model or it cannot be read; lists the known names.
    """
    location = name
    if name in PACKAGED:
        location = str(_packaged_path(name))
    known = ", ".join(packaged_models()) or "none in this installation"
    data = read_whole(
        location, what="model", max_bytes=MAX_MODEL_BYTES, hint=f" (known by name: {known})"
    )
    path = location if "://" in location else str(Path(location).absolute())
    return ModelFile(name=name, path=path, data=data)


def read_whole(location: str, *, what: str, max_bytes: int, hint: str = "") -> bytes:
    """Read a local file or an object of a bucket.

    Args:
        location: path or fsspec URL.
        what: it is, for messages.
        max_bytes: a larger one is refused.
        hint: ends the message where there is no such file.

    Raises:
        ConfigError: if it is missing, a folder, too large or cannot be read.
    """
    try:
        return (_read_url if "://" in location else _read_local)(location, max_bytes)
    except FileNotFoundError:
        raise ConfigError(f"no {what} {location}: there is no such file{hint}") from None
    except IsADirectoryError:
        raise ConfigError(f"{what} {location} is a folder: give the file inside it") from None
    except Exception as error:  # every store raises its own types; all of them stop the run
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise ConfigError(f"{what} {location} cannot be read: {reason}") from error


def _packaged_path(name: str) -> Path:
    place = resources.files("landmark_core").joinpath("model", *PACKAGED[name])
    return Path(str(place))  # the package is installed as plain files, never run from a zip


def _read_local(location: str, max_bytes: int) -> bytes:
    with Path(location).open("rb") as file:  # a folder raises IsADirectoryError
        data = file.read(max_bytes + 1)
    return _check_size(data, len(data), max_bytes)


def _read_url(location: str, max_bytes: int) -> bytes:
    import fsspec  # only models in buckets need it

    filesystem, path = fsspec.core.url_to_fs(location)
    if filesystem.isdir(path):
        raise IsADirectoryError(location)
    size = filesystem.size(path)  # None where the store does not say
    _check_size(b"", size or 0, max_bytes)
    return bytes(filesystem.cat_file(path))


def _check_size(data: bytes, size: int, max_bytes: int) -> bytes:
    if size > max_bytes:
        raise ValueError(f"it is larger than {max_bytes / 2**20:.0f} MiB")
    return data
