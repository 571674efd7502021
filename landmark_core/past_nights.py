"""Read the nights before a run from its OUT: the newest finished runs that had photos."""

import logging
from collections.abc import Collection

from landmark_core.errors import ConfigError
from landmark_core.nights import NIGHTS, Night, read_night
from landmark_core.tables import Store

logger = logging.getLogger(__name__)

_MOST_READ = 4 * NIGHTS  # run files; in between there may be runs that had nothing to do


def read_past_nights(
    store: Store, *, before: str, leave_out: Collection[str] = ()
) -> tuple[Night, ...]:
    """Return at most NIGHTS nights, oldest first.

    Args:
        store: OUT; only read.
        before: run id of tonight; that run and later ones are not among the past.
        leave_out: run ids that were no nights, such as backfills: an archive is other photos.

    A file that is no run file is passed over and logged: a report must not fail by it.
    """
    earlier = [name for name in store.list_finished() if name < before and name not in leave_out]
    nights: list[Night] = []
    for run_id in earlier[: -_MOST_READ - 1 : -1]:
        night = _read(store, run_id)
        if night is not None and night.photos:
            nights.append(night)
        if len(nights) == NIGHTS:
            break
    return tuple(reversed(nights))


def _read(store: Store, run_id: str) -> Night | None:
    name = f"runs/{run_id}.json"
    try:
        return read_night(store.read_json(name))
    except (OSError, ValueError, ConfigError) as error:
        logger.warning("%s/%s is passed over: %s", store.out, name, error)
        return None
