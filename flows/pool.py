"""Hand the shards of a backfill to a work pool: one flow run per group, watched to the end.

Prefect's pool is the scheduler: every group is queued at once, and goes on without whoever queued
it. This module only looks which groups ended, and queues anew what a dead one left. A group that
died leaves its first unfinished shard under suspicion: it is handed out alone, so that a shard
that kills its process takes no other with it.
"""

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from prefect import get_run_logger
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterId,
    FlowRunFilterState,
    FlowRunFilterStateType,
    FlowRunFilterTags,
)
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.deployments import run_deployment
from prefect.exceptions import ObjectNotFound
from prefect.states import Crashed

from flows.parameters import BackfillParameters, GroupParameters
from flows.patience import patiently
from landmark_core import backfill
from landmark_core.backfill import ShardFailure
from landmark_core.errors import ConfigError
from landmark_core.records import Shard
from landmark_core.tables import BackfillRecord, Store

_ALIVE = (
    StateType.SCHEDULED,
    StateType.PENDING,
    StateType.RUNNING,
    StateType.PAUSED,
    StateType.CANCELLING,
)
_BUSY = (StateType.PENDING, StateType.RUNNING)  # some worker has it; the others wait in a queue
_QUIET_S = 300.0  # without any group running, before the log says what may be wrong
_PAGE = 200  # flow runs asked for at once


@dataclass(slots=True)
class _Group:
    """A flow run that is under way, and when it was last seen to do something."""

    shards: frozenset[int]
    left: int  # shards without a part
    moved_at: float  # seconds on the monotonic clock


@dataclass(slots=True)
class _Watch:
    """What one run of the engine knows of its groups."""

    record: BackfillRecord
    params: BackfillParameters
    client: SyncPrefectClient
    groups: dict[UUID, _Group] = field(default_factory=dict)
    tries: Counter[int] = field(default_factory=Counter)  # shard → failures that were its own
    reasons: dict[int, str] = field(default_factory=dict)
    suspects: set[int] = field(default_factory=set)
    quiet_since: float = field(default_factory=time.monotonic)


def run_on_pool(record: BackfillRecord, params: BackfillParameters) -> list[ShardFailure]:
    """Do what is left of a backfill on the work pool; return the shards that failed.

    Raises:
        ConfigError: if the deployment that does a group is not there.
    """
    with get_client(sync_client=True) as client:
        watch = _Watch(record, params, client)
        _adopt(watch)
        while True:
            # States first: of a group that has ended, every part is seen by then.
            runs = _read(client, watch.groups)
            left = backfill.remaining_shards(Store(params.out), record.run_id)
            _look(watch, runs, {shard.number for shard in left})
            _queue(watch, _unassigned(watch, left))
            if not watch.groups:
                break
            time.sleep(params.poll_seconds)
    numbers = [shard.number for shard in left]
    return [ShardFailure(shard=n, reason=watch.reasons.get(n, "not finished")) for n in numbers]


def _adopt(watch: _Watch) -> None:
    """Take over the groups that an earlier run of this flow queued and that still live."""
    offset = 0
    alive = FlowRunFilter(
        tags=FlowRunFilterTags(all_=[_tag(watch.record)]),
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=list(_ALIVE))),
    )
    client = watch.client
    ask = partial(client.read_flow_runs, flow_run_filter=alive, limit=_PAGE)
    while page := patiently(partial(ask, offset=offset)):
        for run in page:
            _follow(watch, run)
        offset += len(page)
    if watch.groups:
        get_run_logger().info("%d groups of an earlier run are under way", len(watch.groups))


def _follow(watch: _Watch, run: FlowRun) -> None:
    shards = frozenset(GroupParameters(**run.parameters["params"]).shards)
    watch.groups[run.id] = _Group(shards, len(shards), time.monotonic())


def _unassigned(watch: _Watch, left: Sequence[Shard]) -> list[Shard]:
    """Return the shards that no group has and that may be tried (again)."""
    taken = frozenset[int]().union(*(group.shards for group in watch.groups.values()))
    return [
        shard
        for shard in left
        if shard.number not in taken and watch.tries[shard.number] < watch.params.tries
    ]


def _queue(watch: _Watch, shards: Sequence[Shard]) -> None:
    alone = [(shard,) for shard in shards if shard.number in watch.suspects]
    together = backfill.group_shards(
        [shard for shard in shards if shard.number not in watch.suspects],
        photos_per_second=float(watch.record.estimate["photos_per_second"]),
        processes=watch.params.processes,
        shards_per_group=watch.params.shards_per_group,
    )
    for group in [*together, *alone]:
        _follow(watch, _start(watch, group))


def _start(watch: _Watch, group: Sequence[Shard]) -> FlowRun:
    numbers = [shard.number for shard in group]
    params = GroupParameters(
        out=watch.params.out,
        run_id=watch.record.run_id,
        shards=numbers,
        storage_block=watch.params.storage_block,
    )
    key = str(uuid4())  # asked twice, because an answer was lost, it is queued once
    try:
        run = patiently(
            lambda: run_deployment(
                watch.params.group_deployment,
                parameters={"params": params.model_dump()},
                flow_run_name=f"{watch.record.run_id}-{numbers[0]:06d}-{numbers[-1]:06d}",
                timeout=0,  # queued, not waited for
                tags=[_tag(watch.record)],
                idempotency_key=key,
            )
        )
    except ObjectNotFound as error:
        raise ConfigError(
            f"expected the deployment {watch.params.group_deployment}, found none; deploy it: "
            "prefect deploy --all --prefect-file deployments/prefect.yaml"
        ) from error
    assert isinstance(run, FlowRun)  # a coroutine only where an event loop runs
    return run


def _look(watch: _Watch, seen: Sequence[FlowRun], left: set[int]) -> None:
    """See which groups ended, which moved and which stand still."""
    now = time.monotonic()
    runs = {run.id: run for run in seen}
    for run_id, group in list(watch.groups.items()):
        run = runs.get(run_id)
        state = run.state_type if run else None
        mine = sum(number in left for number in group.shards)
        if state not in _BUSY or mine < group.left:
            group.left, group.moved_at = mine, now
        if state not in _ALIVE:
            _end(watch, group, left, run)
            del watch.groups[run_id]
        elif now - group.moved_at > 60 * watch.params.stalled_minutes:
            _give_up(watch, run_id)
    if any(run.state_type == StateType.RUNNING for run in runs.values()):
        watch.quiet_since = now
    elif watch.groups and now - watch.quiet_since > _QUIET_S:
        get_run_logger().warning(
            "%d groups are queued and none runs: is a worker with a free slot polling their "
            "work queue? See deployments/README.md",
            len(watch.groups),
        )
        watch.quiet_since = now


def _end(watch: _Watch, group: _Group, left: set[int], run: FlowRun | None) -> None:
    """Judge the shards that an ended group left: which were tried, and why they failed."""
    unfinished = sorted(group.shards & left)
    if not unfinished:
        return
    state = run.state if run else None
    # A group that failed has tried every shard; one that died, its first unfinished one alone.
    failed = state is not None and state.type == StateType.FAILED
    tried = unfinished if failed else unfinished[:1]
    reason = (state.message if state else None) or "its run is gone"
    for number in tried:
        watch.tries[number] += 1
        watch.reasons[number] = _reason_of(number, reason)
    if not failed:
        watch.suspects.update(tried)
    first = reason.splitlines()[0]
    get_run_logger().warning("a group ended with %d shards to do: %s", len(unfinished), first)


def _reason_of(number: int, message: str) -> str:
    """Return what a group's message says of one shard; the whole of it where it names none."""
    start = f"shard {number}: "
    own = [line for line in message.splitlines() if line.startswith(start)]
    return " ".join((own[0].removeprefix(start) if own else message).split())


def _give_up(watch: _Watch, run_id: UUID) -> None:
    """Mark a group that stands still as crashed: its process may be gone without a word."""
    message = f"finished no shard for {watch.params.stalled_minutes:g} minutes"
    crashed: State[Any] = Crashed(message=message)
    patiently(lambda: watch.client.set_flow_run_state(run_id, crashed, force=True))


def _read(client: SyncPrefectClient, ids: Iterable[UUID]) -> list[FlowRun]:
    wanted = list(ids)
    runs: list[FlowRun] = []
    for first in range(0, len(wanted), _PAGE):
        page = FlowRunFilter(id=FlowRunFilterId(any_=wanted[first : first + _PAGE]))
        runs += patiently(partial(client.read_flow_runs, flow_run_filter=page, limit=_PAGE))
    return runs


def _tag(record: BackfillRecord) -> str:
    return f"backfill:{record.run_id}"
