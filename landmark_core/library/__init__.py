"""The user's photos: find them, fetch them, decode them, feed them to a model in batches.

Names are imported when they are first used: planning needs neither torch nor a decoder.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from landmark_core.library.advice import Step, advise
    from landmark_core.library.allowed import openable
    from landmark_core.library.dates import fixed_part, is_partitioned
    from landmark_core.library.decode import Decoded, decode_photo
    from landmark_core.library.faults import describe_fault, hide_secrets, is_missing, is_passing
    from landmark_core.library.fetch import fetch_many, fetch_photo
    from landmark_core.library.find import Listing, open_listing
    from landmark_core.library.first_bytes import ask_first_bytes
    from landmark_core.library.gps import Position, read_position
    from landmark_core.library.identity import (
        absolute,
        is_url,
        local_ref,
        location_of,
        photo_id_of,
        strip_file_scheme,
        url_ref,
    )
    from landmark_core.library.keyring import keep_key, with_keys
    from landmark_core.library.loader import PhotoLoader
    from landmark_core.library.persistence import StoreError, persist
    from landmark_core.library.pictures import PICTURE_SIDE, make_picture
    from landmark_core.library.places import Place
    from landmark_core.library.reading import Preprocess
    from landmark_core.library.selection import Counts
    from landmark_core.library.workers import (
        main_module_hidden,
        settle_worker,
        shared_memory_free,
        warm_up_workers,
        worker_context,
    )

_HOMES = {
    "Counts": "selection",
    "Decoded": "decode",
    "Listing": "find",
    "PICTURE_SIDE": "pictures",
    "PhotoLoader": "loader",
    "Position": "gps",
    "Place": "places",
    "Preprocess": "reading",
    "Step": "advice",
    "StoreError": "persistence",
    "absolute": "identity",
    "advise": "advice",
    "ask_first_bytes": "first_bytes",
    "decode_photo": "decode",
    "describe_fault": "faults",
    "fetch_many": "fetch",
    "fetch_photo": "fetch",
    "make_picture": "pictures",
    "fixed_part": "dates",
    "hide_secrets": "faults",
    "is_partitioned": "dates",
    "is_missing": "faults",
    "is_passing": "faults",
    "is_url": "identity",
    "local_ref": "identity",
    "keep_key": "keyring",
    "location_of": "identity",
    "open_listing": "find",
    "openable": "allowed",
    "read_position": "gps",
    "persist": "persistence",
    "photo_id_of": "identity",
    "strip_file_scheme": "identity",
    "url_ref": "identity",
    "main_module_hidden": "workers",
    "settle_worker": "workers",
    "shared_memory_free": "workers",
    "warm_up_workers": "workers",
    "worker_context": "workers",
    "with_keys": "keyring",
}

__all__ = [
    "PICTURE_SIDE",
    "Counts",
    "Decoded",
    "Listing",
    "PhotoLoader",
    "Place",
    "Position",
    "Preprocess",
    "Step",
    "StoreError",
    "absolute",
    "advise",
    "ask_first_bytes",
    "decode_photo",
    "describe_fault",
    "fetch_many",
    "fetch_photo",
    "fixed_part",
    "hide_secrets",
    "is_missing",
    "is_partitioned",
    "is_passing",
    "is_url",
    "keep_key",
    "local_ref",
    "location_of",
    "main_module_hidden",
    "make_picture",
    "open_listing",
    "openable",
    "persist",
    "photo_id_of",
    "read_position",
    "settle_worker",
    "shared_memory_free",
    "strip_file_scheme",
    "url_ref",
    "warm_up_workers",
    "with_keys",
    "worker_context",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
