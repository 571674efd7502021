"""The nights before a run, as OUT has them: the newest with photos, whatever else lies there."""

import pytest

from landmark_core.past_nights import read_past_nights
from landmark_core.tables import Store


def write_run(store, number: int, photos: int = 10, **changes) -> str:
    run_id = f"20260101T{number // 60:02d}{number % 60:02d}00Z-00000{number % 10}"
    store.write_run(
        run_id,
        {
            "run_id": run_id,
            "finished_at": f"2026-01-01T{number // 60:02d}:{number % 60:02d}:30+00:00",
            "model": {"model_id": "m", "preprocess_id": "p"},
            "counts": {
                "photos": photos, "ok": photos, "tagged": photos, "review": 0, "no_landmark": 0
            },
            **changes,
        },
    )  # fmt: skip
    return run_id


@pytest.fixture(params=["folder", "bucket"])
def store(request, tmp_path):
    name = request.node.name.replace("[", "-").replace("]", "")
    return Store(str(tmp_path / "out") if request.param == "folder" else f"memory://{name}")


def test_the_newest_thirty_with_photos_oldest_first(store):
    ids = [write_run(store, number, photos=number % 2) for number in range(80)]
    nights = read_past_nights(store, before=ids[70])
    assert [night.run_id for night in nights] == [ids[number] for number in range(11, 70, 2)]
    assert len(nights) == 30


def test_tonight_and_what_was_no_night_are_left_out(store):
    ids = [write_run(store, number) for number in range(4)]
    nights = read_past_nights(store, before=ids[3], leave_out={ids[1]})
    assert [night.run_id for night in nights] == [ids[0], ids[2]]


def test_files_that_are_no_run_files_are_passed_over_and_logged(store, caplog):
    ids = [write_run(store, 0), write_run(store, 1, counts=None), write_run(store, 2)]
    with store.new_file(f"runs/{ids[2]}.json") as path:
        path.write_text("{not json")
    nights = read_past_nights(store, before="2027")
    assert [night.run_id for night in nights] == [ids[0]]
    assert [record.message.partition(" is passed over")[0] for record in caplog.records] == [
        f"{store.out}/runs/{ids[2]}.json",
        f"{store.out}/runs/{ids[1]}.json",
    ]


def test_an_empty_place_has_no_nights(store):
    assert read_past_nights(store, before="2027") == ()
