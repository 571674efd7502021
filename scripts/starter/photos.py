"""Find the training photos, and say what each of them shows.

A landmark photo lives in `landmarks13-train/NN.Class_Name/`, a photo of something else in
`negatives/`. Near-duplicates and folds are the business of `folds`.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

OTHER = -1  # label of a photo that shows none of the landmarks


@dataclass(frozen=True, slots=True, kw_only=True)
class Photo:
    """One training photo."""

    path: Path
    label: int  # index of its landmark, or OTHER
    digest: str  # hex SHA-256 of the bytes


def find_photos(data: Path) -> tuple[list[Photo], list[str]]:
    """Return every photo of the set, in a stable order, and the folder names by label.

    Args:
        data: the folder that holds `landmarks13-train` and `negatives`.

    Returns:
        Photos (landmarks first) and names such as "04.Colosseum_Rome", one per label.

    Raises:
        SystemExit: if a folder is missing or empty, in one line.
    """
    folders = sorted(path for path in data.glob("landmarks13-train/*") if path.is_dir())
    others = sorted(data.glob("negatives/*.jpg"))
    if not folders or not others:
        raise SystemExit(f"expected landmarks13-train/*/ and negatives/*.jpg in {data}; see --data")
    landmarks = [
        _photo(path, label)
        for label, folder in enumerate(folders)
        for path in sorted(folder.glob("*.jpg"))
    ]
    return landmarks + [_photo(path, OTHER) for path in others], [path.name for path in folders]


def _photo(path: Path, label: int) -> Photo:
    return Photo(path=path, label=label, digest=hashlib.sha256(path.read_bytes()).hexdigest())


def open_photo(path: Path) -> Image.Image:
    """Return the photo as RGB, in memory."""
    with Image.open(path) as image:
        return image.convert("RGB")


def data_digest(photos: list[Photo]) -> str:
    """Return 16 hex digits that change when any photo or label does."""
    text = "\n".join(sorted(f"{photo.digest} {photo.label}" for photo in photos))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
