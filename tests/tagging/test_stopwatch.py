"""Seconds by stage: nothing twice, inner stages for themselves."""

import time

import pytest

from landmark_core.tagging.stopwatch import Stopwatch


def test_a_stage_within_a_stage_counts_for_itself_alone():
    watch = Stopwatch()
    start = time.perf_counter()
    with watch.stage("wait_for_model"):
        time.sleep(0.02)
        with watch.stage("wait_for_photos"):
            time.sleep(0.03)
    whole = time.perf_counter() - start
    read = watch.read()
    assert read.wait_for_model >= 0.02
    assert read.wait_for_photos >= 0.03
    assert read.wait_for_model + read.wait_for_photos == pytest.approx(whole, abs=0.005)


def test_only_the_waiting_for_items_counts_not_what_is_done_with_them():
    def slow():
        for number in range(3):
            time.sleep(0.01)
            yield number

    watch = Stopwatch()
    start = time.perf_counter()
    for _ in watch.each("wait_for_photos", slow()):
        time.sleep(0.03)
    whole = time.perf_counter() - start
    assert 0.03 <= watch.read().wait_for_photos <= whole - 0.09


def test_seconds_measured_elsewhere_are_added():
    watch = Stopwatch()
    watch.add("decode", 1.5)
    watch.add("decode", 0.5)
    assert watch.read().decode == 2.0
