"""Find the bytes of a model: a name in the package, a file, a URL, or a folder of versions.

MODEL_DIR means its champion, MODEL_DIR@VERSION one of its versions; see registry.py.

Does not look at what the bytes are; `recognise` does.
"""

import hashlib
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path

from landmark_core.addresses import clean_text, without_secrets
from landmark_core.errors import ConfigError
from landmark_core.library import describe_fault
from landmark_core.model.files import read_at_most
from landmark_core.model.registry import Registry, is_registry
from landmark_core.model.versions import Version, version_names

PACKAGED = {"starter": ("starter", "starter.pt")}  # name -> its place in landmark_core/model
# The file is held in memory while it is loaded. The largest vision networks of today have two
# billion weights, 8 GB.
MAX_MODEL_BYTES = 16 * 2**30


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFile:
    """The bytes of one model file and where they came from."""

    name: str  # as the user typed it
    path: str  # absolute path or URL
    data: bytes = field(repr=False)

    @property
    def model_id(self) -> str:
        """First 16 hex digits of the SHA-256 of the file."""
        return self.sha256[:16]

    @property
    def sha256(self) -> str:
        """SHA-256 of the file in hex."""
        return hashlib.sha256(self.data).hexdigest()


def packaged_models() -> tuple[str, ...]:
    """Return the names of the models that this installation carries."""
    return tuple(name for name in sorted(PACKAGED) if _packaged_path(name).is_file())


def read_model_file(name: str) -> ModelFile:
    """Read a model by the name of a packaged model, a path, a URL, MODEL_DIR or MODEL_DIR@VERSION.

    Raises:
        ConfigError: if there is no such model, it cannot be read, or is not the one that its
            version was trained to; lists the known names.
    """
    version = find_version(name)
    location = name if version is None else str(version.model_path)
    if name in PACKAGED:
        location = str(_packaged_path(name))
    known = ", ".join(packaged_models()) or "none in this installation"
    data = read_whole(
        location, what="model", max_bytes=MAX_MODEL_BYTES, hint=f" (known by name: {known})"
    )
    path = without_secrets(location) if "://" in location else str(Path(location).absolute())
    name = without_secrets(name)
    file = ModelFile(name=name, path=path, data=data)
    if version is not None and file.model_id != version.model_id:
        raise ConfigError(
            f"model {name}: {path} is not the file that was trained (SHA-256 {file.model_id}, "
            f"recorded {version.model_id}): put the file back, or roll back to another version"
        )
    return file


def check_sha256(file: ModelFile, wanted: str) -> None:
    """Raise ConfigError unless a file has this SHA-256, in hex."""
    found = file.sha256
    if found != wanted.lower():
        raise ConfigError(
            f"model {file.name}: expected SHA-256 {wanted.lower()}, {file.path} has {found}; "
            "nothing of it was run"
        )


def find_version(name: str) -> Version | None:
    """Return the version that MODEL_DIR or MODEL_DIR@VERSION means; None where it is no such name.

    Raises:
        ConfigError: if the folder has no champion yet, or no such version.
    """
    if name in PACKAGED or "://" in name:
        return None
    if _is_registry(name):
        champion = Registry(Path(name)).champion()
        if champion is None:
            known = version_names(Path(name))
            raise ConfigError(
                f"model folder {name} has no champion: "
                + (f"promote one of {', '.join(known[-5:])}" if known else "train a model first")
            )
        return champion
    folder, _, text = name.rpartition("@")
    if folder and _is_registry(folder) and not _exists(name):
        return Registry(Path(folder)).version(text)
    return None


def pin_model(name: str) -> str:
    """Return MODEL_DIR as MODEL_DIR@VERSION of its champion now; every other name as it is.

    A run that takes hours, or several processes, stays with one version whoever is promoted.

    Raises:
        ConfigError: if the folder has no champion yet.
    """
    version = find_version(name)
    return name if version is None or not _is_registry(name) else f"{name}@{version.name}"


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
    shown = without_secrets(location)
    try:
        return (_read_url if "://" in location else _read_local)(location, max_bytes)
    except FileNotFoundError:
        raise ConfigError(f"no {what} {shown}: there is no such file{hint}") from None
    except IsADirectoryError:
        raise ConfigError(
            f"{what} {shown} is a folder: give the file inside it"
            + (", or a folder that `landmarks train` wrote" if what == "model" else "")
        ) from None
    except Exception as error:  # every store raises its own types; all of them stop the run
        raise ConfigError(f"{what} {shown} cannot be read: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    """Say why, in one line; what a store's client says of it may quote keys."""
    if isinstance(error, ValueError | ImportError):
        return clean_text(str(error).partition("\n")[0]) or type(error).__name__
    is_local = isinstance(error, OSError) and error.strerror and error.filename
    return str(error) if is_local else describe_fault(error)


def _is_registry(location: str) -> bool:
    return _exists(location) and is_registry(Path(location))


def _exists(location: str) -> bool:
    try:
        return Path(location).exists()
    except (OSError, ValueError):  # a name that no file can have
        return False


def _packaged_path(name: str) -> Path:
    place = resources.files("landmark_core").joinpath("model", *PACKAGED[name])
    return Path(str(place))  # the package is installed as plain files, never run from a zip


def _read_local(location: str, max_bytes: int) -> bytes:
    return read_at_most(Path(location), max_bytes)  # a folder raises IsADirectoryError


def _read_url(location: str, max_bytes: int) -> bytes:
    import fsspec  # only models in buckets need it

    filesystem, path = fsspec.core.url_to_fs(location)
    if filesystem.isdir(path):
        raise IsADirectoryError(location)
    size = filesystem.size(path)  # None where the store does not say
    if size is None:
        with filesystem.open(path, "rb") as file:
            data = bytes(file.read(max_bytes + 1))
        return _check_size(data, len(data), max_bytes)
    _check_size(b"", size, max_bytes)
    return bytes(filesystem.cat_file(path))


def _check_size(data: bytes, size: int, max_bytes: int) -> bytes:
    if size > max_bytes:
        raise ValueError(f"it is larger than {max_bytes / 2**20:.0f} MiB")
    return data
