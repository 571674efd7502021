"""Read class names and given splits out of the paths of a labelled folder.

    NN.Name/… or Name/…                  one folder per class, however deep its photos lie
    train/<class>/… and test/<class>/…   already split; valid/, val/ or validation/ may stand beside

Folder names become class names by the rule of `tidy_class_names`. Pure: paths in, labels out.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from landmark_core.errors import ConfigError
from landmark_core.model import tidy_class_names

Given = Literal["train", "validation", "test"]

_SPLITS: dict[str, Given] = {
    "train": "train",
    "training": "train",
    "valid": "validation",
    "val": "validation",
    "validation": "validation",
    "test": "test",
    "testing": "test",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What the folders of DATA mean."""

    is_split: bool  # the first folder of a path is train, test or validation
    names: dict[str, str]  # class folder as it is on disk → class name

    def place_of(self, path: str) -> tuple[str, Given | None] | None:
        """Return class name and given split of a photo; null where it lies in no class folder."""
        first, *rest = path.split("/")
        if not self.is_split:
            return (self.names[first], None) if rest else None
        return (self.names[rest[0]], _SPLITS[first.casefold()]) if len(rest) > 1 else None


def read_layout(paths: Iterable[str], folders: Sequence[str], *, data: str) -> Layout:
    """Tell which folders are classes.

    Args:
        paths: of all photos, relative to DATA, with `/`.
        folders: of the first two levels, relative to DATA; they tell of empty classes.
        data: DATA, as messages call it.

    Raises:
        ConfigError: there is no class folder, train/ and test/ stand among classes, or two folders
            give one class name.
    """
    places = [path.split("/") for path in paths]
    with_photos = {parts[0] for parts in places if len(parts) > 1}
    tops = with_photos | {folder.split("/")[0] for folder in folders}
    is_split = _is_split(with_photos, tops, data)
    if is_split:
        below = [parts[1] for parts in places if len(parts) > 2]
        below += [folder.split("/")[1] for folder in folders if "/" in folder and _top(folder)]
        tops = set(below)
    if not tops:
        raise ConfigError(
            f"DATA must hold one folder of photos per class, such as {data}/Name/photo.jpg; "
            "there is none"
        )
    return Layout(is_split=is_split, names=_name_classes(sorted(tops)))


def _top(folder: str) -> bool:
    return folder.split("/")[0].casefold() in _SPLITS


def _is_split(with_photos: set[str], tops: set[str], data: str) -> bool:
    splits = {_SPLITS[name.casefold()] for name in tops if name.casefold() in _SPLITS}
    others = sorted(name for name in with_photos if name.casefold() not in _SPLITS)
    if "train" not in splits:
        return False
    if not others:
        return True
    if len(splits) > 1:
        raise ConfigError(
            f"DATA {data} holds train and test folders as well as {others[0]!r}; expected either "
            "one folder per class, or train/ and test/ alone with a folder per class in each"
        )
    return False  # a class that is called "train"


def _name_classes(folders: Sequence[str]) -> dict[str, str]:
    """Return a class name for each folder; macOS and Linux spell accents differently."""
    plain = [unicodedata.normalize("NFC", folder) for folder in folders]
    distinct = sorted(set(plain))
    seen: dict[str, str] = {}
    for name, bare in zip(distinct, _bare(distinct), strict=True):
        if (other := seen.setdefault(bare.casefold(), name)) != name:
            raise ConfigError(
                f"the folders {other!r} and {name!r} give one class name, {bare!r}; "
                "rename one of them, or put their photos together"
            )
    tidy = dict(zip(distinct, tidy_class_names(distinct), strict=True))
    return {folder: tidy[name] for folder, name in zip(folders, plain, strict=True)}


def _bare(names: Sequence[str]) -> list[str]:
    """Tidy names one by one, for `tidy_class_names` gives up where two would become equal."""
    spaced = [" ".join(name.replace("_", " ").split()) for name in names]
    alone = [tidy_class_names([name])[0] for name in names]  # without its number
    all_numbered = all(one != other for one, other in zip(spaced, alone, strict=True))
    return alone if all_numbered else spaced
