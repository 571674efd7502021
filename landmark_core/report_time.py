"""Say where a run's time went, what limits it, and what to change.

Pure: from the seconds of the stages and the machine that spent them.
"""

from dataclasses import dataclass
from typing import Literal

from landmark_core.number_text import count_text, percent_text
from landmark_core.report import Machine, RunSummary, StageSeconds

Limit = Literal["processor", "gpu", "fetching", "decoding", "writing"]

_NOTABLE = 0.25  # share of the time from which waiting for something is what limits the run
_BUSY = 0.7  # share of all cores from which the processor is
_LEAST_S = 1.0  # seconds: below, starting is all there is to see


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeShares:
    """Shares of a run's time after its start; what works is relative to all cores."""

    decode: float  # of all cores: hashing, decoding, resizing
    model: float  # of all cores; of the GPU's lanes where one computes
    fetch: float  # of the processes that read: they waited for bytes
    no_photos: float  # of the time: no decoded batch was there
    writing: float  # of the time: nothing went on but heatmaps and the part


def share_time(stages: StageSeconds, machine: Machine, seconds: float) -> TimeShares:
    """Return the shares.

    Args:
        stages: added up over all shards.
        machine: that did them.
        seconds: that passed for these shards, more than 0.
    """
    cores = machine.cores * seconds
    model = stages.forward + stages.explain
    return TimeShares(
        decode=stages.decode / cores,
        model=model / (machine.lanes * seconds if machine.gpu else cores),
        fetch=stages.fetch / (max(machine.readers, 1) * seconds),
        no_photos=stages.wait_for_photos / seconds,
        writing=(stages.wait_for_heatmaps + stages.write) / seconds,
    )


def find_limit(shares: TimeShares, machine: Machine) -> Limit | None:
    """Return what a faster machine would have to be faster at; null where nothing stands out."""
    if shares.writing >= _NOTABLE:
        return "writing"
    starved = shares.no_photos >= _NOTABLE
    if starved and shares.fetch >= _NOTABLE:
        return "fetching"
    if machine.gpu:
        return "decoding" if starved else "gpu"
    return "processor" if shares.decode + shares.model >= _BUSY else None


def time_lines(summary: RunSummary) -> list[str]:
    """Return what a person reads of a run's time; nothing of a short run or of many machines."""
    machine, seconds = summary.machine, summary.seconds - summary.start_seconds
    if machine is None or not summary.counts.photos or seconds < _LEAST_S:
        return []
    shares = share_time(summary.stages, machine, seconds)
    of = "the GPU" if machine.gpu else _cores(machine.cores)
    busy = f"model {percent_text(shares.model)} of {of}, decoding {percent_text(shares.decode)}"
    if machine.gpu:
        busy += f" of {_cores(machine.cores)}"
    waits = (
        f"waiting for bytes {percent_text(shares.fetch)}, for OUT {percent_text(shares.writing)}"
    )
    lines = [f"  time         {busy}; {waits}"]
    if limit := find_limit(shares, machine):
        lines.append(f"Limited by {_ADVICE[limit].format(readers=machine.readers)}")
    return lines


_ADVICE: dict[Limit, str] = {
    "processor": "the processor: a smaller model, more cores or a GPU make it faster",
    "gpu": "the GPU: a larger --batch-size may help, a smaller model will",
    "fetching": "fetching the photos: more --workers (now {readers}) wait for more of them at once",
    "decoding": "decoding: more cores, or more --workers (now {readers}) where cores are idle",
    "writing": "writing to OUT: a faster disk or a nearer bucket; a larger --shard-size helps less",
}


def _cores(number: int) -> str:
    return count_text(number, "core")
