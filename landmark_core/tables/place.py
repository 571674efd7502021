"""OUT as the user typed it → the folder or bucket that it names."""

from pathlib import Path

from fsspec.core import url_to_fs

from landmark_core.tables.bucket import Bucket
from landmark_core.tables.folder import Folder

Place = Folder | Bucket


def open_place(out: str) -> Place:
    """Return the place; nothing is created or read yet.

    Raises:
        ConfigError: if it is a URL that nothing installed can open.
    """
    if out.startswith("file://"):
        out = url_to_fs(out)[1]
    return Bucket(out) if "://" in out else Folder(Path(out).absolute())
