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
    if "://" in name:
        return ModelFile(name=name, path=name, data=_read_url(name))
    path = _packaged_path(name) if name in PACKAGED else Path(name)
    return ModelFile(name=name, path=str(path.absolute()), data=_read_local(path, name))


def _packaged_path(name: str) -> Path:
    place = resources.files("landmark_core").joinpath("model", *PACKAGED[name])
    return Path(str(place))  # the package is installed as plain files, never run from a zip


def _read_local(path: Path, name: str) -> bytes:
    try:
        if path.is_dir():
            raise ConfigError(f"model {name} is a folder: give the .pt file inside it")
        if path.stat().st_size > MAX_MODEL_BYTES:
            raise ConfigError(f"model {name} is larger than {MAX_MODEL_BYTES // 2**30} GiB")
        return path.read_bytes()
    except FileNotFoundError:
        known = ", ".join(packaged_models()) or "none in this installation"
        raise ConfigError(f"no model {name}: expected a file, a URL or a name ({known})") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise ConfigError(f"model {name} cannot be read: {error}") from error


def _read_url(url: str) -> bytes:
    import fsspec  # only models in buckets need it

    try:
        filesystem, path = fsspec.core.url_to_fs(url)
        if filesystem.size(path) > MAX_MODEL_BYTES:
            raise ConfigError(f"model {url} is larger than {MAX_MODEL_BYTES // 2**30} GiB")
        return bytes(filesystem.cat_file(path))
    except ConfigError:
        raise
    except FileNotFoundError:
        raise ConfigError(f"no model {url}: there is no such object") from None
    except Exception as error:  # every store raises its own types; all of them stop the run
        raise ConfigError(f"model {url} cannot be read: {type(error).__name__}: {error}") from error
