"""The split ledger: which content sits in which slot, in one Parquet file that only grows.

HOME/splits.parquet has the columns `digest` (SHA-256 in hex) and `slot` (0..19). Photos that are
gone stay in it: where they come back, they come back to their side.
"""

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from landmark_core.dataset.splits import SLOTS
from landmark_core.errors import ConfigError
from landmark_core.tables import Folder, to_parquet

_NAME = "splits.parquet"


def read_ledger(home: Path) -> dict[str, int]:
    """Return the slot of every content that was ever dealt out.

    Raises:
        ConfigError: the file is damaged; going on would move photos across.
    """
    path = home / _NAME
    if not path.exists():
        return {}
    try:
        table = pq.read_table(path, columns=["digest", "slot"])
        digests, slots = table["digest"].to_pylist(), table["slot"].to_pylist()
        ledger = dict(zip(digests, slots, strict=True))
    except (pa.ArrowException, KeyError, OSError, TypeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise ConfigError(
            f"{path} cannot be read ({reason}); restore it: without it, photos that were judged "
            "by could be learnt from"
        ) from error
    if None in ledger or not all(isinstance(s, int) and 0 <= s < SLOTS for s in slots):
        raise ConfigError(
            f"{path} is no split ledger: expected slots in 0..{SLOTS - 1}; restore it"
        )
    return ledger


def extend_ledger(home: Path, ledger: Mapping[str, int], slots: Mapping[str, int]) -> None:
    """Add contents to the ledger, on disk, atomically; the caller holds the lock.

    Args:
        home: folder of the ledger.
        ledger: what it holds now.
        slots: of the contents of a dataset; what the ledger holds already stays.

    Raises:
        RunError: the disk is full or fails.
    """
    if slots.keys() <= ledger.keys():
        return
    merged = dict(sorted({**slots, **ledger}.items()))
    columns = {
        "digest": pa.array(list(merged), pa.string()),
        "slot": pa.array(list(merged.values()), pa.int8()),
    }
    Folder(home).put(_NAME, to_parquet(pa.table(columns)))
