"""Where the time went and what limits a run: shares by hand, one limit for each kind of machine."""

import dataclasses

import pytest

from landmark_core.report import Machine, StageSeconds
from landmark_core.report_time import find_limit, share_time

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
