"""Read what was broken, as the commands do: one function for each kind of record.

Each takes the folder of a case and a generator, which chooses where there are several readers.
"""

import json
import random
from datetime import UTC, datetime
from pathlib import Path

import fsspec

from fuzzing import out as template
from landmark_core import backfill, nights, past_nights, review
from landmark_core.compaction_text import compaction_to_text
from landmark_core.config import config_from_settings
from landmark_core.dashboard import status_to_json, status_to_text
from landmark_core.export.csv_in import read_csv
from landmark_core.export.label_studio_in import read_label_studio
from landmark_core.export.photos import read_standing
from landmark_core.model import Registry
from landmark_core.model.archive import open_script_archive
from landmark_core.model.card_json import card_from_json, card_to_json
from landmark_core.model.program_archive import is_program, open_program_archive
from landmark_core.nights_text import nights_to_markdown
from landmark_core.review.catalogue import open_catalogue
from landmark_core.review.past import judged
from landmark_core.tables import (
    CompactionSettings,
    Store,
    compact,
    count_work,
    current_tags,
    find_report,
    hold_lock,
    list_backfills,
    preview_compaction,
    read_shard,
    read_shards,
    status_counts,
)
from landmark_core.tables import read_backfill as record_of
from landmark_core.tables.claims import list_claims, read_claims

NOW = datetime(2026, 11, 28, tzinfo=UTC)


def read_out(folder: Path, rng: random.Random) -> None:
    """Read OUT as one of the commands does, chosen by chance: each takes a while."""
    store = Store(str(folder / "out"))
    rng.choice((_status, _plan, _current, _review, _export, _preview, _compact, _report))(store)


def _status(store: Store) -> None:
    status = status_counts(store)
    status_to_text(status, store.out)
    json.dumps(status_to_json(status))


def _plan(store: Store) -> None:
    count_work(store, map(template.ref, range(12)), key=template.KEY)


def _current(store: Store) -> None:
    for batch in current_tags(store):
        batch.validate(full=True)


def _review(store: Store) -> None:
    log = open_log(store)
    with open_catalogue(store, log.photo_ids()) as catalogue:
        for number in range(len(catalogue)):
            item = catalogue.item(number)
            catalogue.number_of(item.ref.photo_id)
        catalogue.versions(range(len(catalogue)))
        review.summarise(judged(log), audit_pool=catalogue.machine_settled)


def open_log(store: Store) -> review.DecisionLog:
    """Read all decisions, and ask what the page asks."""
    log = review.DecisionLog(store, clock=lambda: NOW, rng=random.Random(0))
    log.load()
    log.refresh()
    log.last_actions("ann", 5)
    log.settled()
    return log


def _export(store: Store) -> None:
    log = open_log(store)
    for photo in read_standing(store, log):
        str(photo.best)


def _preview(store: Store) -> None:
    report = preview_compaction(store, CompactionSettings(), now=NOW)
    compaction_to_text(report, store.out, is_preview=True)


def _compact(store: Store) -> None:
    settings = CompactionSettings(grace_s=0.0)
    rng = random.Random(0)
    compact(store, settings, now=lambda: NOW, rng=rng, sleep=lambda _: None)


def _report(store: Store) -> None:
    find_report(store, template.SHARD)


def read_runs(folder: Path, rng: random.Random) -> None:
    """Read run files, as the nights before tonight and for the page."""
    store = Store(str(folder / "out"))
    past = past_nights.read_past_nights(store, before=template.BACKFILL)
    if past:
        comparison = nights.compare(past[-1], past[:-1])
        passed = nights.passed_limits(comparison, nights.Limits(min_photos=1))
        nights_to_markdown(comparison, past, passed)
    if rng.random() < 0.1:
        _status(store)
    store.read_runs()


def read_backfill(folder: Path, rng: random.Random) -> None:
    """Look at a backfill, work on it and end it."""
    store = Store(str(folder / "out"))
    record = record_of(store, template.BACKFILL)
    list_backfills(store)
    state = backfill.look_at_backfill(store, template.BACKFILL)
    backfill.backfill_to_text(state, store.out)
    backfill.backfill_to_markdown(state)
    json.dumps(backfill.backfill_to_json(state))
    for shard in read_shards(store, template.BACKFILL):
        read_shard(store, shard)
    for photos in read_claims(store, list_claims(store, template.KEY), store.list_parts()):
        photos.validate(full=True)
    if rng.random() < 0.1:
        _plan(store)
    backfill.cancel_backfill(str(folder / "out"), template.BACKFILL, now=NOW)
    config_from_settings(record.settings)


def read_plan(folder: Path, rng: random.Random) -> None:
    """Read the shards of a plan, and leave its photos to it."""
    store = Store(str(folder / "out"))
    if rng.random() < 0.3:
        _plan(store)
    for shard in read_shards(store, template.BACKFILL)[:5]:
        read_shard(store, shard)


def read_merges(folder: Path, rng: random.Random) -> None:
    """Read the parts that count, and go on with the compaction."""
    store = Store(str(folder / "out"))
    store.list_parts()
    rng.choice((_status, _preview, _compact))(store)


def read_card(folder: Path, _: random.Random) -> None:
    """Read a model card."""
    card_to_json(card_from_json((folder / "card.json").read_text("utf-8", "replace")))


def read_script(folder: Path, _: random.Random) -> None:
    """Read what a model file says of itself, before torch sees it."""
    data = (folder / "tiny.pt").read_bytes()
    if is_program(data):
        open_program_archive(data, "tiny")
        return
    archive = open_script_archive(data, "tiny")
    if archive.card_text is not None:
        card_from_json(archive.card_text)


def read_program(folder: Path, _: random.Random) -> None:
    """Make an exported program harmless."""
    open_program_archive((folder / "tiny.pt2").read_bytes(), "tiny")


def read_models(folder: Path, _: random.Random) -> None:
    """Read a folder of models with its history."""
    registry = Registry(folder / "models")
    registry.versions()
    registry.problems()
    registry.history()
    if (champion := registry.champion()) is not None:
        str(champion.model_path)


def read_lease(folder: Path, _: random.Random) -> None:
    """Ask who holds a bucket."""

    content = (folder / "lease.json").read_bytes()
    fsspec.filesystem("memory").pipe_file("/fuzzed/runs/.lease/00000001.json", content)
    str(Store("memory://fuzzed").holder())


def read_lock(folder: Path, _: random.Random) -> None:
    """Ask who holds a folder."""
    with hold_lock(folder / "out"):
        content = (folder / "lock.json").read_bytes()
        (folder / "out" / "runs" / ".lock").write_bytes(content)
        str(Store(str(folder / "out")).holder())


def read_studio(folder: Path, _: random.Random) -> None:
    """Read what an export of Label Studio says."""
    for claim in read_label_studio(folder / "tasks.json", "ann"):
        str(claim)


def read_sheet(folder: Path, _: random.Random) -> None:
    """Read what an edited spreadsheet says."""
    for claim in read_csv(folder / "sheet.csv", "ann"):
        str(claim)
