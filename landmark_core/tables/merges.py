"""What compactions have done in OUT, and which parts count while they are at it.

    runs/<id>.merging.json       written first: merged files will come, and do not count yet
    runs/<id>.compaction.json    the commit: from here on they count, and what they replace does not
    runs/<id>.compacted.json     written last: the replaced files are gone

A compaction only goes forward through these, and each is a name: whoever sees the same names before
and after a look at the parts has seen them in one state, in which each row counts exactly once.
"""

import dataclasses
import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from landmark_core.errors import ConfigError, RunError
from landmark_core.json_text import moment_of, parse_json, whole_number
from landmark_core.tables.limits import MOST_JSON, read_bounded
from landmark_core.tables.names import in_time, run_of_part
from landmark_core.tables.place import Place

State = Literal["merging", "compaction", "compacted"]

_RECORD = re.compile(r"runs/([^/.]+)\.(merging|compaction|compacted)\.json")
_LOOKS = 50  # how often OUT may change under a look before it is given up


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """One file that takes the place of several."""

    merged: str  # names, relative to OUT
    replaced: tuple[str, ...]  # in the order of their rows
    rows: int
    digest: str = ""  # of all values, as `content` makes it; empty until they are written


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeRecord:
    """One compaction."""

    compaction_id: str
    state: State
    moment: datetime  # UTC, when it came to this state
    merges: tuple[Merge, ...]

    @property
    def name(self) -> str:
        """Of the record's file, relative to OUT."""
        return f"runs/{self.compaction_id}.{self.state}.json"


def write_record(place: Place, record: MergeRecord) -> None:
    """Bring a compaction to a state; the record of the state before is removed.

    Raises:
        RunError: if OUT is full or fails.
    """
    values = dataclasses.asdict(record)
    text = json.dumps(values, indent=2, ensure_ascii=False, default=datetime.isoformat)
    place.put(record.name, text.encode("utf-8", "backslashreplace"))
    before = {"compaction": "merging", "compacted": "compaction"}.get(record.state)
    if before:
        place.remove(f"runs/{record.compaction_id}.{before}.json")


def list_records(place: Place) -> list[tuple[str, State]]:
    """Return the id and the state of each compaction, oldest first."""
    return _newest_states(_record_names(place))


def read_record(place: Place, compaction_id: str, state: State) -> MergeRecord:
    """Read one record.

    Raises:
        ConfigError: if it is none.
        FileNotFoundError: if the compaction has come to another state.
    """
    name = f"runs/{compaction_id}.{state}.json"
    content = read_bounded(place, name)
    try:
        values: dict[str, Any] = parse_json(content, most=MOST_JSON, exact=True)
        return MergeRecord(
            compaction_id=compaction_id,
            state=state,
            moment=moment_of(values["moment"]),
            merges=tuple(_read_merge(merge) for merge in values["merges"]),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"{place.label}/{name} is not a record of merged parts: {error}; restore it"
        ) from error


def _read_merge(value: dict[str, Any]) -> Merge:
    merge = Merge(**{**value, "replaced": tuple(value["replaced"])})
    whole_number(merge.rows)
    texts = (merge.merged, merge.digest, *merge.replaced)
    if not isinstance(value["replaced"], list) or not all(isinstance(t, str) for t in texts):
        raise TypeError(f"expected names of parts, got {str(texts)[:60]}")
    return merge


def drop_stale_records(place: Place) -> None:
    """Remove the records of states that a compaction has left behind, after a kill just then.

    Raises:
        RunError: if OUT fails.
    """
    names = _record_names(place)
    newest = {f"runs/{run}.{state}.json" for run, state in _newest_states(names)}
    for name in names:
        if name not in newest:
            place.remove(name)


def list_parts(place: Place) -> list[str]:
    """Return the Parquet files below `tags` that count, in the order of time.

    Raises:
        ConfigError: if the record of a compaction is broken.
        RunError: if OUT never holds still.
    """
    records = _record_names(place)
    for _ in range(_LOOKS):
        seen = records
        try:
            passed = _passed_over(place, seen)
        except FileNotFoundError:  # it came to its next state
            records = _record_names(place)
            continue
        names = [name for name in place.list_names("tags") if name.endswith(".parquet")]
        records = _record_names(place)
        if records == seen:
            return sorted((name for name in names if name not in passed), key=in_time)
    raise RunError(f"{place.label} changes too quickly to be read; try again")


def merged_parts(place: Place) -> Counter[str]:
    """Count, for each run, its parts whose rows lie in merged files now.

    Raises:
        ConfigError: if the record of a compaction is broken.
    """
    counts: Counter[str] = Counter()
    for compaction_id, state in list_records(place):
        if state != "merging":
            record = _read_newest(place, compaction_id, state)
            replaced = (name for merge in record.merges for name in merge.replaced)
            counts.update(run for name in replaced if (run := run_of_part(name)))
    return counts


def _read_newest(place: Place, compaction_id: str, state: State) -> MergeRecord:
    try:
        return read_record(place, compaction_id, state)
    except FileNotFoundError:  # it has just been finished
        return read_record(place, compaction_id, "compacted")


def _passed_over(place: Place, names: Sequence[str]) -> set[str]:
    """Return the parts that do not count, as the records of these names have it."""
    passed: set[str] = set()
    for compaction_id, state in _newest_states(names):
        if state == "compacted":
            continue
        for merge in read_record(place, compaction_id, state).merges:
            passed.update((merge.merged,) if state == "merging" else merge.replaced)
    return passed


def _record_names(place: Place) -> list[str]:
    return [name for name in place.list_names("runs") if _RECORD.fullmatch(name)]


def _newest_states(names: Sequence[str]) -> list[tuple[str, State]]:
    states: dict[str, State] = {}
    order: tuple[State, ...] = ("merging", "compaction", "compacted")
    for state in order:  # of two, after a kill between them, the later one counts
        for name in names:
            found = _RECORD.fullmatch(name)
            if found and found[2] == state:
                states[found[1]] = state
    return sorted(states.items())
