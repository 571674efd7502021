"""Where the time went and what limits a run: shares by hand, one limit for each kind of machine."""

import dataclasses
from types import SimpleNamespace

import pytest

from landmark_core.report import Counts, Machine, StageSeconds
from landmark_core.report_time import TimeShares, find_limit, share_time, time_lines

CPU = Machine(cores=2, readers=2, lanes=2, gpu=False)
GPU = Machine(cores=8, readers=16, lanes=2, gpu=True)


def test_work_is_a_share_of_all_cores_and_waiting_a_share_of_the_time():
    stages = StageSeconds(
        wait_for_photos=1.0, wait_for_heatmaps=0.5, write=0.5, fetch=4.0, decode=6.0, forward=8.0,
        explain=1.0,
    )  # fmt: skip
    shares = share_time(stages, CPU, 10.0)
    assert shares.decode == pytest.approx(0.3)  # of 20 seconds of two cores
    assert shares.model == pytest.approx(0.45)
    assert shares.fetch == pytest.approx(0.2)  # of 20 seconds of two processes
    assert shares.no_photos == pytest.approx(0.1)
    assert shares.writing == pytest.approx(0.1)


def test_beside_a_gpu_the_model_is_a_share_of_its_lanes():
    assert share_time(StageSeconds(forward=9.0), GPU, 10.0).model == pytest.approx(0.45)


@pytest.mark.parametrize(
    ("machine", "stages", "limit"),
    [
        (CPU, StageSeconds(decode=9.0, forward=9.0), "processor"),
        (CPU, StageSeconds(decode=3.0, forward=3.0), None),
        (CPU, StageSeconds(decode=2.0, forward=2.0, fetch=15.0, wait_for_photos=6.0), "fetching"),
        (CPU, StageSeconds(decode=9.0, forward=9.0, write=3.0), "writing"),
        (GPU, StageSeconds(decode=70.0, forward=4.0, wait_for_photos=7.0), "decoding"),
        (GPU, StageSeconds(fetch=150.0, forward=4.0, wait_for_photos=7.0), "fetching"),
        (GPU, StageSeconds(decode=20.0, forward=19.0), "gpu"),
    ],
)
def test_one_limit_stands_out(machine, stages, limit):
    assert find_limit(share_time(stages, machine, 10.0), machine) == limit


def test_a_process_that_reads_by_itself_counts_as_one_reader():
    alone = dataclasses.replace(CPU, readers=0)
    assert share_time(StageSeconds(fetch=5.0), alone, 10.0).fetch == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("machine", "shares", "limit"),
    [
        (CPU, {"writing": 0.25}, "writing"),
        (CPU, {"writing": 0.24}, None),
        (CPU, {"no_photos": 0.25, "fetch": 0.25}, "fetching"),
        (CPU, {"no_photos": 0.25, "fetch": 0.24}, None),
        (CPU, {"no_photos": 0.24, "fetch": 0.25}, None),
        (CPU, {"decode": 0.35, "model": 0.35}, "processor"),
        (CPU, {"decode": 0.35, "model": 0.34}, None),
        (GPU, {"no_photos": 0.25}, "decoding"),
        (GPU, {"no_photos": 0.24}, "gpu"),
    ],
)
def test_a_limit_is_one_from_its_border_on(machine, shares, limit):
    nothing = dict.fromkeys(("decode", "model", "fetch", "no_photos", "writing"), 0.0)
    assert find_limit(TimeShares(**(nothing | shares)), machine) == limit


NO_TIME = StageSeconds()


def run(machine, stages=NO_TIME, *, seconds=12.0, photos=5):
    """A run as far as its time is looked at: it started for two seconds."""
    return SimpleNamespace(
        machine=machine,
        seconds=seconds,
        start_seconds=2.0,
        counts=Counts(photos=photos),
        stages=stages,
    )


def test_the_lines_of_a_run_on_processors():
    stages = StageSeconds(decode=9.0, forward=8.0, explain=1.0, fetch=1.0, write=0.1)
    assert time_lines(run(CPU, stages)) == [
        "  time         model 45 % of 2 cores, decoding 45 %; waiting for bytes 5 %, for OUT 1 %",
        "Limited by the processor: a smaller model, more cores or a GPU make it faster",
    ]


def test_the_lines_of_a_run_beside_a_gpu():
    assert time_lines(run(GPU, StageSeconds(decode=20.0, forward=19.0))) == [
        (
            "  time         model 95 % of the GPU, decoding 25 % of 8 cores; "
            "waiting for bytes 0 %, for OUT 0 %"
        ),
        "Limited by the GPU: a larger --batch-size may help, a smaller model will",
    ]


@pytest.mark.parametrize(
    ("machine", "stages", "advice"),
    [
        (CPU, StageSeconds(fetch=15.0, wait_for_photos=6.0), "fetching the photos: .* (now 2) "),
        (GPU, StageSeconds(wait_for_photos=7.0), "decoding: more cores, .*(now 16) where"),
        (CPU, StageSeconds(write=5.0), "writing to OUT: a faster disk"),
    ],
)
def test_the_advice_names_what_there_is(machine, stages, advice):
    *_, last = time_lines(run(machine, stages))
    begin, _, rest = advice.partition(".*")
    assert last.startswith(f"Limited by {begin}")
    assert rest in last


def test_one_core_is_no_cores_and_nothing_that_stands_out_is_no_limit():
    (line,) = time_lines(run(Machine(cores=1, readers=1, lanes=1, gpu=False)))
    assert "model 0 % of 1 core, " in line


@pytest.mark.parametrize(
    ("machine", "facts", "lines"),
    [
        pytest.param(None, {}, 0, id="many-machines"),
        pytest.param(CPU, {"photos": 0}, 0, id="no-photo"),
        pytest.param(CPU, {"photos": 1}, 1, id="one-photo"),
        pytest.param(CPU, {"seconds": 2.99}, 0, id="below-a-second-after-the-start"),
        pytest.param(CPU, {"seconds": 3.0}, 1, id="a-second-after-the-start"),
    ],
)
def test_where_there_is_nothing_to_see_nothing_is_said(machine, facts, lines):
    assert len(time_lines(run(machine, **facts))) == lines
