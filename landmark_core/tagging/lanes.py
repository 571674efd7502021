"""Lanes: threads that each take a whole batch through the model, beside each other.

On a CPU there is a lane for each core, and each computes with one torch thread. One batch on all
cores would end every operation in a barrier, and a barrier waits for the core that is decoding a
photo just then; lanes wait for nobody, and what they leave of a core, the decoders take. On a GPU
two lanes, each with a stream of its own, keep it busy: while one copies its answers back and ranks
them, the kernels of the other run.
"""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import Self, TypeVar

import torch

Item = TypeVar("Item")
Result = TypeVar("Result")

MOST_LANES = 16  # beyond, Python's own lock between them costs more than a barrier
GPU_LANES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class LanePlan:
    """How many lanes a device gets, and how many torch threads each."""

    lanes: int
    threads: int  # of torch within one operation; on a GPU they only prepare


def plan_lanes(device: torch.device, cores: int) -> LanePlan:
    """Return the lanes for a device.

    Args:
        device: that the model runs on.
        cores: that this process may use.
    """
    if device.type == "cuda":
        return LanePlan(lanes=GPU_LANES, threads=1)
    lanes = max(1, min(cores, MOST_LANES))
    return LanePlan(lanes=lanes, threads=max(1, cores // lanes))


def usable_cores() -> int:
    """Return the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Lanes:
    """Owns the threads; they live until `close`."""

    def __init__(self, device: torch.device, plan: LanePlan) -> None:
        """Start nothing yet; threads come with the first batches.

        Args:
            device: that the model lies on, all of its weights there already.
            plan: from plan_lanes.
        """
        self.plan = plan
        self._device = device
        self._threads = ThreadPoolExecutor(
            plan.lanes, thread_name_prefix="lane", initializer=self._settle
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def map(self, work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """Yield work(item) for each item, in order; items are taken in the caller's thread.

        At most twice as many as there are lanes are under way: one in each, and its next.

        Raises:
            Whatever work raises, for the first item that fails; no later result is yielded.
        """
        under_way: deque[Future[Result]] = deque()
        try:
            for item in items:
                under_way.append(self._threads.submit(work, item))
                while under_way[0].done() or len(under_way) >= 2 * self.plan.lanes:
                    yield under_way.popleft().result()
                    if not under_way:
                        break
            while under_way:
                yield under_way.popleft().result()
        finally:
            for future in under_way:
                future.cancel()

    def close(self) -> None:
        """End the threads, once what they are at is done."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _settle(self) -> None:
        """Make this thread a lane; what is set here holds for this thread alone."""
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)  # the weights came by another stream
            stream = torch.cuda.Stream(self._device)  # type: ignore[no-untyped-call]
            torch.cuda.set_stream(stream)
        else:
            torch.set_num_threads(self.plan.threads)
