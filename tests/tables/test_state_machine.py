"""Any sequence of runs, kills, backfills, compactions and decisions keeps the promises.

The promises: each photo has one row per version, model and preprocessing once a run has finished;
kills lose nothing and double nothing; a plan says exactly what is missing; current tags are the
newest rows with the newest reviews on top; an open backfill's photos are nobody else's. What
happens stands in `library_machine`, what should come of it in `plain_library`.
"""

import os

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test
from library_machine import TALLY, LibraryMachine

from landmark_core.tables import leftovers, lock

QUICK = settings(
    max_examples=8,
    stateful_step_count=20,
    deadline=None,
    derandomize=True,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)
LONG = settings(
    QUICK,
    max_examples=int(os.environ.get("STATE_EXAMPLES", "300")),
    stateful_step_count=50,
    derandomize=False,
)


class LookingOften(LibraryMachine):
    """Asks for everything after every other step."""

    look_every = 2


@pytest.fixture
def _quick_machine(monkeypatch):
    """No power is cut here, nobody lets go of OUT in a moment, and removals have an order."""
    monkeypatch.setattr(os, "fsync", lambda _handle: None)
    monkeypatch.setattr(lock, "_SHORTEST_WAIT_S", 0.0)
    monkeypatch.setattr(leftovers, "_REMOVALS_AT_ONCE", 1)
    TALLY.clear()


@pytest.mark.usefixtures("_quick_machine")
def test_any_sequence_keeps_the_promises():
    run_state_machine_as_test(LibraryMachine, settings=QUICK)


@pytest.mark.slow
@pytest.mark.timeout(0)
@pytest.mark.usefixtures("_quick_machine")
def test_many_long_sequences_keep_the_promises(capsys):
    """STATE_EXAMPLES says how many sequences; the steps that were taken are printed."""
    run_state_machine_as_test(LookingOften, settings=LONG)
    with capsys.disabled():
        print(f"\n{TALLY['steps']} steps, {TALLY['examples']} examples")
