"""Tags as XMP sidecars beside the photos, for digiKam, Lightroom, darktable, Immich, PhotoPrism.

    merge       bytes → bytes: a tag put into a sidecar, changed or taken away. Pure; below it
                elements and packet (what is where), keywords, memory, strip, block, splice
    wishes      what stands of a photo → what its sidecar should say
    exporting   all photos of OUT, many at once; writing does one, in a folder or a bucket

Names load on first use: `landmarks --help` needs no table.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from landmark_core.sidecars.elements import UnfitError
    from landmark_core.sidecars.exporting import THREADS, SidecarSettings, export_sidecars
    from landmark_core.sidecars.keywords import Wish
    from landmark_core.sidecars.memory import NAMESPACE
    from landmark_core.sidecars.merge import write_tag
    from landmark_core.sidecars.outcome import Outcome, SidecarReport
    from landmark_core.sidecars.sidecar_text import (
        DiffChoice,
        diff_lines,
        sidecars_to_json,
        sidecars_to_text,
    )

_HOMES = {
    "DiffChoice": "sidecar_text",
    "NAMESPACE": "memory",
    "Outcome": "outcome",
    "SidecarReport": "outcome",
    "SidecarSettings": "exporting",
    "THREADS": "exporting",
    "UnfitError": "elements",
    "Wish": "keywords",
    "diff_lines": "sidecar_text",
    "export_sidecars": "exporting",
    "sidecars_to_json": "sidecar_text",
    "sidecars_to_text": "sidecar_text",
    "write_tag": "merge",
}

__all__ = [
    "NAMESPACE",
    "THREADS",
    "DiffChoice",
    "Outcome",
    "SidecarReport",
    "SidecarSettings",
    "UnfitError",
    "Wish",
    "diff_lines",
    "export_sidecars",
    "sidecars_to_json",
    "sidecars_to_text",
    "write_tag",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
