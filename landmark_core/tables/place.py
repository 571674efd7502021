"""OUT as the user typed it → the folder or bucket that it names."""

from functools import partial
from pathlib import Path

from fsspec.core import url_to_fs

from landmark_core.tables.bucket import Bucket
from landmark_core.tables.folder import Folder
from landmark_core.tables.lease import check_lease

Place = Folder | Bucket


def open_place(out: str) -> Place:
    """Return the place; nothing is created or read yet.

    Raises:
        ConfigError: if it is a URL that nothing installed can open.
    """
    if out.startswith("file://"):
        out = url_to_fs(out)[1]
    if "://" not in out:
        return Folder(Path(out).absolute())
    return Bucket(out, before_write=partial(check_lease, out))  # whoever lost OUT stops there
