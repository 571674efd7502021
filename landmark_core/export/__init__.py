"""What stands of each photo, for other tools, and what people said there, back as decisions.

    exporting    OUT → a file: csv_out, label_studio_out
    importing    a file → decisions: csv_in, label_studio_in, then matching and fates for any format
    photos       OUT → a stream of photos with what stands of each; `sidecars` reads it too

Names load on first use: `landmarks --help` needs no table.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from landmark_core.export.cells import from_cell, to_cell
    from landmark_core.export.choices import choice_of, labelling_config, tag_of
    from landmark_core.export.csv_in import read_csv
    from landmark_core.export.csv_out import COLUMNS
    from landmark_core.export.exporting import Exported, ExportSettings, export_photos
    from landmark_core.export.import_text import import_to_json, import_to_text, unread_to_text
    from landmark_core.export.importing import ImportReport, ImportSettings, import_file
    from landmark_core.export.json_array import read_objects
    from landmark_core.export.label_studio_in import read_label_studio
    from landmark_core.export.photos import StandingPhoto, read_standing, version_text

_HOMES = {
    "COLUMNS": "csv_out",
    "ExportSettings": "exporting",
    "Exported": "exporting",
    "ImportReport": "importing",
    "ImportSettings": "importing",
    "StandingPhoto": "photos",
    "choice_of": "choices",
    "export_photos": "exporting",
    "from_cell": "cells",
    "import_file": "importing",
    "import_to_json": "import_text",
    "import_to_text": "import_text",
    "labelling_config": "choices",
    "read_csv": "csv_in",
    "read_label_studio": "label_studio_in",
    "read_objects": "json_array",
    "read_standing": "photos",
    "tag_of": "choices",
    "to_cell": "cells",
    "unread_to_text": "import_text",
    "version_text": "photos",
}

__all__ = [
    "COLUMNS",
    "ExportSettings",
    "Exported",
    "ImportReport",
    "ImportSettings",
    "StandingPhoto",
    "choice_of",
    "export_photos",
    "from_cell",
    "import_file",
    "import_to_json",
    "import_to_text",
    "labelling_config",
    "read_csv",
    "read_label_studio",
    "read_objects",
    "read_standing",
    "tag_of",
    "to_cell",
    "unread_to_text",
    "version_text",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
