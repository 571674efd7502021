"""Lend the one tagger of this process: a model and its workers are too large to have twice.

A run opens it for all its shards; a flow's task finds it by its settings, or makes it where the
task runs in a process of its own. Only settings, paths and counts cross into a task.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from landmark_core.config import TagConfig
from landmark_core.records import Shard
from landmark_core.report import ShardReport
from landmark_core.tables import WorkKey
from landmark_core.tagging.runner import Tagger


class _Lent:
    """The tagger, while there is one, and who may use it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.tagger: Tagger | None = None

    def take(self, config: TagConfig) -> Tagger:
        """Return the tagger for these settings; another one is closed first."""
        if self.tagger is None or self.tagger.config != config:
            self.close()
            self.tagger = Tagger(config)
        return self.tagger

    def close(self) -> None:
        """Free the model and its workers."""
        tagger, self.tagger = self.tagger, None
        if tagger is not None:
            tagger.close()


_LENT = _Lent()


@contextmanager
def open_tagger(config: TagConfig) -> Iterator[Tagger]:
    """Lend this process's tagger for a run; it is closed with the block.

    Raises:
        ConfigError: if the model or the device cannot be had.
    """
    try:
        with _LENT.lock:
            tagger = _LENT.take(config)
        yield tagger
    finally:
        with _LENT.lock:
            _LENT.close()


def tag_shard(shard: Shard, config: TagConfig) -> ShardReport:
    """Tag one planned shard with this process's tagger, which is made where there is none yet.

    A worker process of a flow calls this with nothing but paths and counts.

    Raises:
        ConfigError: if the model or the device cannot be had.
        RunError: if OUT or the device fails.
    """
    with _LENT.lock:  # one shard at a time: they share the device and the workers
        return _LENT.take(config).tag_shard(shard)


def lent_key(config: TagConfig) -> WorkKey:
    """Return what rows of these settings' model are known by; it is loaded where it is not yet.

    Raises:
        ConfigError: if the model or the device cannot be had.
    """
    with _LENT.lock:
        return _LENT.take(config).key


def close_lent_tagger() -> None:
    """Free this process's tagger; the next shard makes a new one."""
    with _LENT.lock:
        _LENT.close()
