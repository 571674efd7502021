"""A file that was edited elsewhere → decisions in OUT: all of it, or where it is broken nothing.

First the whole file is read and compared with OUT; nothing is written as long as anything in it
cannot be understood. Then the decisions are written in actions of up to 500, each durable by
itself: killed in between, the same import goes on, since what is written stands already.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from landmark_core.errors import ConfigError
from landmark_core.export.claims import Entry, checked_reviewer, printable
from landmark_core.export.csv_in import read_csv
from landmark_core.export.exporting import Format
from landmark_core.export.fates import FATES, Fate, Standing, fates_of
from landmark_core.export.known_tags import read_known_tags, speller
from landmark_core.export.label_studio_in import read_label_studio
from landmark_core.export.matching import ClaimTable, Match
from landmark_core.export.pending import Pending
from landmark_core.export.photos import version_text
from landmark_core.finding import near_tags
from landmark_core.review import DecisionLog, Ulids, version_of
from landmark_core.tables import Store, open_scratch

AT_ONCE = 500  # decisions of one action

Reader = Callable[[Path, str], Iterator[Entry]]
_LOOKED_UP = 10  # new tags: for as many a known one is looked for that is near
_READERS: Mapping[Format, Reader] = {"csv": read_csv, "label-studio": read_label_studio}


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportSettings:
    """What is imported and how."""

    format: Format | Literal["auto"] = "auto"
    reviewer: str  # who decided where the file does not say it
    is_dry: bool = False  # only count

    def __post_init__(self) -> None:
        checked_reviewer(self.reviewer, "--reviewer")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What became of a file."""

    format: Format
    entries: int  # rows, or annotations and tasks without one
    silent: int  # of them, those that say nothing
    fates: Mapping[Fate, int]  # of all others
    saved: int  # decisions written; 0 in a dry run
    unread: int  # rows changed in final_tag or final_decision alone, which nothing reads
    new_tags: tuple[tuple[str, int], ...]  # tags that nobody has used here before: typing errors?
    near: Mapping[str, str]  # of new tags: the known one of which it may be a slip
    respelled: tuple[tuple[str, str, int], ...]  # as written, as it is spelled here, how often


def import_file(
    store: Store,
    path: Path,
    settings: ImportSettings,
    *,
    clock: Callable[[], datetime],
    rng: random.Random,
) -> ImportReport:
    """Take in a file that `landmarks export` or Label Studio wrote.

    Args:
        store: OUT.
        path: the file.
        settings: how.
        clock: tells the time, UTC.
        rng: for identifiers.

    Raises:
        ConfigError: naming what in the file or in OUT cannot be understood; nothing is written.
        RunError: if OUT is full or fails; what was written until then stands.
    """
    if not store.list_parts():
        raise ConfigError(f"nothing was tagged in {store.out}; give the --out of a run")
    kind = _kind_of(path) if settings.format == "auto" else settings.format
    log = DecisionLog(store, clock=clock, rng=rng)
    log.load()
    with open_scratch() as scratch:
        claims, pending = ClaimTable(scratch), Pending(scratch)
        claims.fill(_READERS[kind](path, settings.reviewer))
        known_tags = read_known_tags(store)
        respelled = claims.respell(speller(known_tags))
        used = set(known_tags)
        fates, tags, unread = Counter[Fate](), Counter[str](), claims.unread
        for match in claims.match(store):
            found = _judge(match, log)
            fates.update(found)
            unread += _count_unread(match, found)
            new = [claim for claim, fate in zip(match.claims, found, strict=True) if fate == "new"]
            tags.update(claim.tag for claim in new if claim.tag is not None)
            for turn, claim in enumerate(new):
                pending.add(match.photo, claim, turn)
        saved = 0 if settings.is_dry else _write(pending, log, Ulids(rng), clock)
        new_tags = tuple((tag, n) for tag, n in tags.most_common() if tag not in used)
        return ImportReport(
            format=kind,
            entries=claims.entries,
            silent=claims.entries - claims.claims,
            fates={fate: fates[fate] for fate in FATES},
            saved=saved,
            unread=unread,
            new_tags=new_tags,
            near=_near([tag for tag, _ in new_tags[:_LOOKED_UP]], known_tags),
            respelled=respelled,
        )


def _near(new_tags: Sequence[str], known: Sequence[str]) -> dict[str, str]:
    found = {tag: near_tags(tag, known) for tag in new_tags}
    return {tag: near[0] for tag, near in found.items() if near}


def _judge(match: Match, log: DecisionLog) -> tuple[Fate, ...]:
    """Return what becomes of each answer on one photo."""
    photo = match.photo
    facts = (photo["etag"], photo["size_bytes"], photo["modified_at"])
    standing = Standing(
        version=version_text(*facts),
        is_readable=photo["decision"] is not None,
        reviews=log.photo(photo["photo_id"], version_of(*facts)),
        touched_us=match.touched_us,
    )
    return fates_of(match.claims, standing, match.is_ours)


def _count_unread(match: Match, found: tuple[Fate, ...]) -> int:
    """Count rows that say what stands, and were changed where nothing is read.

    What was decided after the export stands by that decision: an earlier import of the same file.
    """
    return sum(
        claim.has_unread
        and fate == "same"
        and (match.touched_us is None or match.touched_us <= claim.said_us + 1)
        for claim, fate in zip(match.claims, found, strict=True)
    )


def _write(pending: Pending, log: DecisionLog, ulids: Ulids, clock: Callable[[], datetime]) -> int:
    saved = 0
    for reviewer, choices in pending.read(AT_ONCE):
        saved += len(log.decide(ulids.new(clock()), reviewer, choices))
    return saved


def _kind_of(path: Path) -> Format:
    """Tell the formats apart by their first sign: JSON begins with a bracket."""
    try:
        with path.open("rb") as file:
            first = file.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    except OSError as error:
        reason = error.strerror or error
        raise ConfigError(f"{printable(path)} cannot be read: {reason}") from error
    return "label-studio" if first in (b"[", b"{") else "csv"
