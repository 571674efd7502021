"""What a backfill says of itself, to people and machines: how much is done, and what is left."""

import dataclasses
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from landmark_core.errors import ConfigError
from landmark_core.json_text import finite_number, whole_number
from landmark_core.report_text import duration, printable
from landmark_core.tables import BackfillRecord, Store, list_done_shards, read_backfill, read_shards

State = Literal["open", "ended"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillState:
    """How far a backfill is."""

    record: BackfillRecord
    state: State
    shards_done: int
    photos_done: int

    @property
    def photos_left(self) -> int:
        """Photos in shards that are not done."""
        return self.record.photos - self.photos_done


def look_at_backfill(store: Store, run_id: str) -> BackfillState:
    """Count what is done, from the names of the parts alone.

    Raises:
        ConfigError: if there is no such backfill.
    """
    record = read_backfill(store, run_id)
    if store.is_finished(run_id):
        return BackfillState(
            record=record, state="ended", shards_done=record.shards, photos_done=record.photos
        )
    done = list_done_shards(store, run_id)
    photos = sum(shard.photos for shard in read_shards(store, run_id) if shard.number in done)
    return BackfillState(record=record, state="open", shards_done=len(done), photos_done=photos)


def backfill_to_json(state: BackfillState) -> dict[str, Any]:
    """Return it as plain JSON values."""
    values = dataclasses.asdict(state.record)
    created: datetime = values.pop("created_at")
    return {
        **values,
        "created_at": created.isoformat(),
        "state": state.state,
        "shards_done": state.shards_done,
        "photos_done": state.photos_done,
    }


def backfill_to_text(state: BackfillState, out: str) -> str:
    """Return the lines that `landmarks backfill` prints."""
    record = state.record
    lines = [
        (
            f"backfill {record.run_id}: {state.state}, {state.photos_done:,} of "
            f"{record.photos:,} photos done, {state.shards_done:,} of {record.shards:,} shards"
        ),
        *(f"  {name:<9} {text}" for name, text in _facts(state)),
    ]
    if state.state == "open":
        lines.append(f"Go on with it: landmarks backfill run {out} {record.run_id}")
    return "\n".join(lines)


def backfill_to_markdown(state: BackfillState) -> str:
    """Return the backfill as a Markdown artifact."""
    record = state.record
    rows = [
        ("state", state.state),
        ("photos", f"{state.photos_done:,} of {record.photos:,} done"),
        ("shards", f"{state.shards_done:,} of {record.shards:,} done"),
        *_facts(state),
    ]
    lines = [f"# Backfill {record.run_id}", "", "| | |", "|---|---|"]
    return "\n".join([*lines, *(f"| {name} | {_cell(text)} |" for name, text in rows)])


def _facts(state: BackfillState) -> list[tuple[str, str]]:
    try:
        return _read_facts(state)
    except (KeyError, TypeError, ValueError, ArithmeticError) as error:
        raise ConfigError(
            f"the record of backfill {state.record.run_id} is not as it was written "
            f"({type(error).__name__}: {error}); restore it, or remove it to leave its photos to "
            "other runs"
        ) from error


def _read_facts(state: BackfillState) -> list[tuple[str, str]]:
    record, estimate = state.record, state.record.estimate
    rate = finite_number(estimate["photos_per_second"])
    processes = whole_number(estimate["processes"])
    seconds = state.photos_left / rate / processes
    hours = finite_number(estimate["process_hours"])
    facts = [
        ("source", printable(str(record.settings["source"]))),
        ("model", f"{printable(str(record.model['name']))} ({record.key.model_id})"),
        ("rate", f"{rate:.1f} photos/s a process, {printable(str(estimate['basis']))}"),
        ("left", f"{duration(seconds)} with {processes} processes"),
        ("whole", f"{hours:.2f} process hours"),
    ]
    if estimate["cost"] is not None:
        facts.append(("cost", f"{finite_number(estimate['cost']):,.2f} for the whole"))
    return facts


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
