"""The last stage: promote a new version, or keep the champion, and write down why."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from landmark_core.model import Registry, Version
from landmark_core.training.settings import TrainConfig

FIRST = "the first version: there was no champion to compare it with"
UNDECIDED = "not decided: --promote never was given"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of a version."""

    promoted: bool
    reason: str  # one line
    champion: str | None  # version that tags now


def decide(config: TrainConfig, name: str, *, by: str, now: datetime) -> Verdict:
    """Promote a version if it is the first, or was found better than the champion of now.

    Args:
        config: of its training.
        name: of the version.
        by: who decides, for the history.
        now: of the decision.

    Raises:
        ConfigError: there is no such version, or it is damaged.
        RunError: the disk fails.
    """
    registry = Registry(Path(config.out))
    version, champion = registry.version(name), registry.champion()
    if config.promote == "never":
        promoted, reason = False, UNDECIDED
    elif champion is None:
        promoted, reason = True, FIRST
    else:
        promoted, reason = _judge(version, champion)
    if promoted:
        champion = registry.promote(name, reason=reason, by=by, now=now)
    elif config.promote == "auto":
        registry.refuse(name, reason=reason, by=by, now=now)
    return Verdict(promoted=promoted, reason=reason, champion=champion.name if champion else None)


def _judge(version: Version, champion: Version) -> tuple[bool, str]:
    """Return what the comparison of the training says of the champion of now."""
    record = version.record
    if record.comparison is None or record.compared_with != champion.name:
        return False, f"{champion.name} became champion while this version was trained"
    return bool(record.comparison["better"]), str(record.comparison["reason"])
