"""Files that a person names for output: a slip of the name costs nobody a photo.

Written over is only what such a command has written before, told by what it begins with.
"""

import os
import re
from pathlib import Path

from landmark_core.errors import ConfigError

_HEAD = 4096  # bytes that are looked at
_OURS = {
    "csv": rb"photo_id",  # among the names of the columns
    "jsonl": rb'"photo_id"',
    "label-studio": rb'"photo_id"|\A\s*\[\s*\]\s*\Z',  # tasks, or none
    "labelling config": rb"\A\s*<View",
    "page": rb'<meta name="generator" content="landmarks">',
    "model": rb"\APK\x03\x04",  # a zip archive, as TorchScript and torch.export write them
}


def refuse_overwriting(option: str, path: Path, kind: str) -> None:
    """Refuse to write where something lies that no such command has written.

    Args:
        option: by which the path was given, for the message.
        path: of the file that is to be written.
        kind: csv, jsonl, label-studio, labelling config, page or model.

    Raises:
        ConfigError: if there is a folder, a device, or a file of another kind; empty files are
            nobody's.
    """
    if not os.path.lexists(path):
        return
    if path.is_dir():
        raise ConfigError(f"{option} {path} is a folder; name a file in it")
    if not path.is_file():
        raise ConfigError(f"{option} {path} is no ordinary file; name one")
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError as error:
        raise ConfigError(f"{option} {path} cannot be read: {error.strerror}") from error
    if head.strip() and not re.search(_OURS[kind], head):
        raise ConfigError(
            f"{option} {path} is there and is no {kind} of this tool; it was left as it is: "
            "name another file, or remove it first"
        )
