"""The state of a library as plain JSON values. Pure but for the records that it reads."""

import dataclasses
from typing import Any

from landmark_core.tables import LibraryStatus


def status_to_json(status: LibraryStatus) -> dict[str, Any]:
    """Return the state as plain JSON values; times are ISO 8601 in UTC."""
    values = dataclasses.asdict(status)
    values["tags"] = dict(status.tags)
    for model in values["models"]:
        for moment in ("first_tagged_at", "last_tagged_at"):
            model[moment] = model[moment].isoformat()
    return values
