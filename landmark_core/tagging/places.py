"""Refuse a SOURCE or an OUT that is a mix-up: each in one line that says what to type."""

from pathlib import Path

from landmark_core.addresses import without_secrets
from landmark_core.errors import ConfigError, LandmarkError
from landmark_core.library import is_url, strip_file_scheme
from landmark_core.tables import Store

_PARTS_OF_OUT = ("tags", "heatmaps", "reviews", "runs")
_READ_WHOLE = ("tags", "reviews")  # every Parquet file below them counts as a part


def check_nesting(out: str, store: Store) -> None:
    """Make sure that neither OUT lies among the tables of another, nor another among its own.

    Every Parquet file below OUT/tags is a part of it, so the tables of two would be mixed.

    Args:
        out: as it was typed.
        store: of OUT.

    Raises:
        ConfigError: naming the other OUT.
    """
    place = _whole(out)
    for above, name in _parts_above(place):
        if is_out(above):
            raise ConfigError(
                f"expected --out apart from other OUTs, got {store.out}, in {name}/ of the OUT "
                f"{without_secrets(above)}; type --out {without_secrets(above)} or a new folder"
            )
    if is_url(place):
        return  # rarer there, and each question is a request, of a store that may not answer
    for name in _READ_WHOLE:
        within = f"{place.rstrip('/')}/{name}"
        if is_out(within):
            raise ConfigError(
                f"expected --out apart from other OUTs, got {store.out}, whose {name}/ is an OUT "
                f"itself; type --out {without_secrets(within)} or a new folder"
            )


def is_out(place: str) -> bool:
    """Whether a place is the OUT of some runs; what cannot be listed is none.

    Args:
        place: folder or URL; anything else that may be a SOURCE is none.
    """
    if place == "-" or not (is_url(place) or Path(strip_file_scheme(place)).is_dir()):
        return False
    try:
        return Store(place).holds_runs()
    except LandmarkError:
        return False


def is_same_place(source: str, out: str) -> bool:
    """Whether SOURCE and OUT are one folder, or one place of a bucket."""
    return _whole(source) == _whole(out)


def _whole(place: str) -> str:
    """Return a URL without slashes at its end, and a path from the root on, links resolved."""
    location = strip_file_scheme(place)
    return location.rstrip("/") if is_url(location) else str(Path(location).resolve())


def _parts_above(place: str) -> list[tuple[str, str]]:
    """Return what may be an OUT above a place, each with the folder of it that leads here."""
    names = place.split("/")
    ends = range(1, len(names))
    return [
        ("/".join(names[:end]) or "/", names[end]) for end in ends if names[end] in _PARTS_OF_OUT
    ]
