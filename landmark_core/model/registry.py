"""A folder of trained versions, one of which is the champion that `landmarks tag` uses.

    MODEL_DIR/
      versions/<version>/   model.pt, training.json and what else the trainer left; complete, as a
                            version is renamed into place
      history.jsonl         every promotion, refusal and rollback; decides who is the champion
      champion.json         {"version": ...}: who it is, for other programs to read
      .lock                 flock of whoever changes one of these

A decision is made by one flushed line of the history; champion.json follows from it. Killed between
the two, the next reader writes champion.json anew, so that they never disagree for anybody who
asks here. A version is promoted only while its files have the SHA-256 that its trainer recorded.
"""

import contextlib
import json
import logging
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from landmark_core.errors import ConfigError, RunError
from landmark_core.json_text import parse_json
from landmark_core.model.files import flush, flush_tree, hold_folder, read_at_most, write_whole
from landmark_core.model.history import (
    HISTORY_FILE,
    Action,
    HistoryEntry,
    append_entry,
    champions,
    read_history,
)
from landmark_core.model.training_record import TrainingRecord, check_files, read_training_record
from landmark_core.model.versions import (
    MODEL_FILE,
    VERSIONS,
    Version,
    choose_version,
    read_version,
    version_folder,
    version_names,
)

logger = logging.getLogger(__name__)

CHAMPION_FILE = "champion.json"
_MOST = 65536  # bytes of champion.json, which has about 50


def is_registry(folder: Path) -> bool:
    """Tell whether a folder holds trained versions."""
    return any((folder / name).exists() for name in (VERSIONS, HISTORY_FILE, CHAMPION_FILE))


class Registry:
    """Owns one MODEL_DIR; every answer is read from the disk.

    Args:
        root: the folder; made by the first version that is added.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def versions(self) -> tuple[Version, ...]:
        """Return the versions that can be used, oldest first; problems() names the others."""
        return self._sort_out()[0]

    def problems(self) -> tuple[str, ...]:
        """Return what is wrong with the versions that versions() leaves out, one line each."""
        return self._sort_out()[1]

    def history(self) -> tuple[HistoryEntry, ...]:
        """Return the decisions, oldest first.

        Raises:
            ConfigError: if the history is damaged.
        """
        return read_history(self.root)

    def champion(self) -> Version | None:
        """Return the version that tags; None where none was promoted yet.

        Raises:
            ConfigError: if it is gone or damaged, or the history is.
        """
        entries, current = self._decisions()
        if current is None:
            return None
        if self._written_champion() != current:  # a kill, or somebody promotes at this moment
            with contextlib.suppress(OSError, RunError), self._held():
                logger.info("%s was behind the history and is written anew", CHAMPION_FILE)
            entries, current = self._decisions()
        return read_version(self.root, current, entries, current) if current else None

    def version(self, text: str) -> Version:
        """Return a version by its name, or by a beginning that is its alone.

        Raises:
            ConfigError: if there is no such version, or more than one, or it is damaged.
        """
        return read_version(self.root, choose_version(self.root, text), *self._decisions())

    def add_version(self, work: Path) -> Version:
        """Take over a finished training's folder as a version, by one rename.

        Args:
            work: folder on the same disk, with model.pt, everything else and training.json.

        Raises:
            ConfigError: if its record or a file is missing or damaged, or the name is taken.
            RunError: if the disk fails.
        """
        record = read_training_record(work)
        if record.files.get(MODEL_FILE) != record.model_sha256:
            raise ConfigError(f"{work}: its record must name {MODEL_FILE} with its SHA-256")
        check_files(record, work)
        target = version_folder(self.root, record.version)
        try:
            flush_tree(work)
            target.parent.mkdir(parents=True, exist_ok=True)
            with hold_folder(self.root):
                if target.exists():
                    raise ConfigError(f"{self.root} has a version {record.version} already")
                work.rename(target)
                flush(target.parent)
        except OSError as error:
            raise RunError(f"{work} cannot become {target}: {error.strerror}") from error
        return self.version(record.version)

    def promote(
        self,
        text: str,
        *,
        reason: str,
        by: str,
        now: datetime,
        figures: Mapping[str, float] | None = None,
        force: bool = False,
    ) -> Version:
        """Make a version the champion.

        Args:
            text: its name, or a beginning that is its alone.
            reason: why, for the history.
            by: who decided.
            now: of the decision.
            figures: what it was decided by; None takes the version's own metrics.
            force: also where it was not found better than the champion of now.

        Raises:
            ConfigError: if there is no such version, it is damaged, is the champion already, or was
                not found better.
            RunError: if the disk fails.
        """
        with self._held() as current:
            version = self.version(text)
            if version.name == current:
                raise ConfigError(f"{version.name} is the champion already")
            check_files(version.record, version.folder)
            if current is not None and not force:
                _check_better(version.record, current)
            figures = version.record.metrics if figures is None else figures
            self._decide("promotion", version.name, current, reason, by, now, figures)
            return self.version(version.name)

    def refuse(
        self,
        text: str,
        *,
        reason: str,
        by: str,
        now: datetime,
        figures: Mapping[str, float] | None = None,
    ) -> Version:
        """Write down that a version was not promoted; the champion stays.

        Raises:
            ConfigError: if there is no such version, or it is the champion.
            RunError: if the disk fails.
        """
        with self._held() as current:
            version = self.version(text)
            if version.name == current:
                raise ConfigError(f"{version.name} is the champion: a rollback takes it back")
            figures = version.record.metrics if figures is None else figures
            self._decide("refusal", version.name, current, reason, by, now, figures)
            return self.version(version.name)

    def rollback(self, *, reason: str, by: str, now: datetime) -> Version:
        """Go back to the champion before this one; a second time goes back further.

        Raises:
            ConfigError: if there was none before, or its files are missing or damaged.
            RunError: if the disk fails.
        """
        with self._held() as current:
            stack = champions(self.history())
            if len(stack) < 2:
                there = f"{current} is the first champion" if current else "no version was promoted"
                raise ConfigError(f"{self.root}: {there}; there is nothing to go back to")
            version = self.version(stack[-2])
            check_files(version.record, version.folder)
            self._decide("rollback", version.name, current, reason, by, now, {})
            return self.version(version.name)

    def _decisions(self) -> tuple[tuple[HistoryEntry, ...], str | None]:
        """Return the history, and the champion that follows from it."""
        entries = self.history()
        stack = champions(entries)
        return entries, stack[-1] if stack else None

    def _sort_out(self) -> tuple[tuple[Version, ...], tuple[str, ...]]:
        entries, current = self._decisions()
        found, problems = [], []
        for name in version_names(self.root):
            try:
                found.append(read_version(self.root, name, entries, current))
            except ConfigError as error:
                problems.append(str(error))
        return tuple(found), tuple(problems)

    @contextlib.contextmanager
    def _held(self) -> Iterator[str | None]:
        """Hold the folder, settle what a kill left, and lend the name of the champion."""
        if not is_registry(self.root):
            raise ConfigError(f"no models in {self.root}: expected the --out of `landmarks train`")
        with hold_folder(self.root):
            current = self._decisions()[1]
            try:
                for torn in self.root.glob(
                    f".{CHAMPION_FILE}.*.tmp"
                ):  # of a process that was killed
                    torn.unlink()
                self._settle(current)
                yield current
            except OSError as error:
                raise RunError(f"{self.root} cannot be written: {error.strerror}") from error

    def _decide(
        self,
        action: Action,
        version: str,
        before: str | None,
        reason: str,
        by: str,
        now: datetime,
        figures: Mapping[str, float],
    ) -> None:
        """Write the line that decides, then what follows from it."""
        if not reason.strip():
            raise ConfigError("a reason is needed: it is what the history is read for")
        when = now.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        append_entry(
            self.root,
            HistoryEntry(
                when=when,
                action=action,
                version=version,
                before=before,
                reason=reason,
                by=by,
                figures=figures,
            ),
        )
        self._settle(version if action != "refusal" else before)

    def _settle(self, champion: str | None) -> None:
        """Have champion.json say what the history says; the caller holds the folder."""
        if champion is not None and self._written_champion() != champion:
            text = json.dumps({"version": champion})
            write_whole(self.root / CHAMPION_FILE, text.encode())

    def _written_champion(self) -> str | None:
        try:
            values = parse_json(read_at_most(self.root / CHAMPION_FILE, _MOST), most=_MOST)
            return str(values["version"])
        except (OSError, ValueError, KeyError, TypeError):  # missing or damaged: written anew
            return None


def _check_better(record: TrainingRecord, champion: str) -> None:
    """Refuse a version that was not found better than the champion of now."""
    by_hand = "--force promotes it by hand"
    if record.comparison is None:
        raise ConfigError(f"{record.version} was not compared with {champion}: {by_hand}")
    if record.compared_with != champion:
        raise ConfigError(
            f"{record.version} was compared with {record.compared_with}, the champion is "
            f"{champion} now: train again to compare, or {by_hand}"
        )
    if not record.comparison["better"]:
        reason = record.comparison.get("reason", "no reason recorded")
        raise ConfigError(f"{record.version} was not better than {champion} ({reason}): {by_hand}")
