"""The loader: every photo comes back once, in order, with its own pixels, whatever dies."""

import hashlib
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch
from PIL import Image

from landmark_core.config import ReadLimits
from landmark_core.errors import RunError
from landmark_core.library.find import open_listing
from landmark_core.library.loader import PhotoLoader, says_worker_died
from landmark_core.model import Preprocess, PreprocessSettings

LIMITS = ReadLimits()
SETTINGS = PreprocessSettings(resize_size=8, crop_size=8)
ROOT = Path(__file__).parents[2]


def draw(folder: Path, count: int, bad: tuple[int, ...] = ()) -> list[np.ndarray]:
    """Write 8 x 8 PNGs, which the preprocessing leaves as they are; return the good ones."""
    rng = np.random.default_rng(1)
    pixels = rng.integers(0, 200, (count, 8, 8, 3), np.uint8)
    for index in range(count):
        path = folder / f"{index:03}.png"
        if index in bad:
            path.write_bytes(b"\x89PNG\r\n\x1a\nbroken")
        else:
            Image.fromarray(pixels[index]).save(path)
    return [pixels[index] for index in range(count) if index not in bad]


def refs_of(folder: Path):
    return list(open_listing(str(folder)))


def loader(workers: int, batch_size: int = 4, preprocess=None, **options) -> PhotoLoader:
    preprocess = preprocess or Preprocess(SETTINGS)
    options = {"limits": LIMITS, **options}
    return PhotoLoader(preprocess, batch_size=batch_size, workers=workers, **options)


def gather(batches):
    """Return all photos in order and all good pixels as (N, H, W, 3)."""
    photos, pixels = [], []
    for batch in batches:
        assert batch.pixels.dtype == torch.uint8
        assert batch.pixels.shape == (len(batch.readable), 3, 8, 8)
        photos += batch.photos
        pixels += batch.pixels.permute(0, 2, 3, 1).numpy().copy().tolist()
    return photos, pixels


def worker_pids() -> set[int]:
    children = psutil.Process().children(recursive=True)
    return {child.pid for child in children if not child.children() and is_worker(child)}


def is_worker(process: psutil.Process) -> bool:
    """Workers are the fork server's children; the server and the tracker are ours."""
    return process.ppid() != os.getpid()


@pytest.mark.parametrize("workers", [0, 1, 3])
@pytest.mark.parametrize("batch_size", [4, pytest.param(10**9, id="too-large-for-shared-memory")])
def test_photos_come_in_order_with_their_own_pixels(tmp_path, workers, batch_size):
    good = draw(tmp_path, 18, bad=(3, 4, 5, 6, 17))
    refs = refs_of(tmp_path)
    with loader(workers, batch_size) as photos_of:
        photos, pixels = gather(photos_of.batches(refs))
    assert [photo.ref for photo in photos] == refs
    assert np.array_equal(pixels, good)
    assert [photo.status for photo in photos].count("corrupt") == 5


@pytest.mark.parametrize("workers", [0, 2])
def test_rounds_that_are_begun_ahead_are_the_rounds_in_turn(tmp_path, workers):
    good = draw(tmp_path, 24)
    refs = refs_of(tmp_path)
    rounds = [refs[:9], refs[9:17], refs[17:24]]
    asked = []

    def then(number: int):
        asked.append(number)
        return rounds[number] if number < 3 else None

    with loader(workers, 2) as photos_of:
        for number, chosen in enumerate(rounds):
            batches = photos_of.batches(chosen, then=lambda number=number: then(number + 1))
            photos, pixels = gather(batches)
            assert [photo.ref for photo in photos] == chosen
            assert np.array_equal(pixels, good[: len(pixels)])
            good = good[len(pixels) :]
    assert set(asked) == (set() if workers == 0 else {1, 2, 3})


def test_a_round_that_is_left_in_the_middle_costs_the_next_no_photo(tmp_path):
    draw(tmp_path, 24)
    refs = refs_of(tmp_path)
    first, second = refs[:6], refs[6:]
    with loader(2, 2) as photos_of:
        left = photos_of.batches(first, then=lambda: second)
        next(left)  # the workers have begun the second round by now
        left.close()
        photos, _ = gather(photos_of.batches(second))
    assert [photo.ref for photo in photos] == second


def test_a_worker_that_dies_between_two_rounds_costs_neither_a_photo(tmp_path):
    draw(tmp_path, 24)
    refs = refs_of(tmp_path)
    first, second = refs[:12], refs[12:]
    with loader(2, 2) as photos_of:
        photos, _ = gather(photos_of.batches(first, then=lambda: second))
        for pid in worker_pids():
            os.kill(pid, signal.SIGKILL)
        more, _ = gather(photos_of.batches(second))
    assert [photo.ref for photo in (*photos, *more)] == refs


def test_a_photo_knows_its_size_and_content_even_where_it_is_broken(tmp_path):
    draw(tmp_path, 2, bad=(1,))
    Image.new("RGB", (30, 20), "teal").save(tmp_path / "002.png")
    refs = refs_of(tmp_path)
    (tmp_path / "003.png").touch()
    refs += refs_of(tmp_path / "003.png")
    (tmp_path / "003.png").unlink()
    with loader(1) as photos_of:
        photos, _ = gather(photos_of.batches(refs))
    digests = [hashlib.sha256(Path(ref.location).read_bytes()).hexdigest() for ref in refs[:3]]
    assert [photo.content_sha256 for photo in photos] == [*digests, None]
    assert [(photo.width, photo.height) for photo in photos[:3]] == [(8, 8), (None, None), (30, 20)]
    assert [photo.status for photo in photos] == ["ok", "corrupt", "ok", "fetch_error"]


def test_pixels_are_channels_last_in_memory(tmp_path):
    draw(tmp_path, 4)
    with loader(0) as photos_of:
        (batch,) = photos_of.batches(refs_of(tmp_path))
    assert batch.pixels.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_batch_of_only_bad_photos_is_an_ordinary_batch(tmp_path, workers):
    draw(tmp_path, 4, bad=(0, 1, 2, 3))
    with loader(workers) as photos_of:
        (batch,) = photos_of.batches(refs_of(tmp_path))
    assert (len(batch.photos), batch.pixels.shape) == (4, (0, 3, 8, 8))


def test_the_same_workers_serve_shard_after_shard(tmp_path):
    good = draw(tmp_path, 12)
    refs = refs_of(tmp_path)
    with loader(2) as photos_of:
        photos_of.start_workers()
        before = worker_pids()
        shards = [gather(photos_of.batches(refs[start : start + 5])) for start in (0, 5, 10)]
        assert gather(photos_of.batches([])) == ([], [])
        assert worker_pids() == before
        assert len(before) == 2
    assert [photo.ref for photos, _ in shards for photo in photos] == refs
    assert np.array_equal([row for _, pixels in shards for row in pixels], good)
    assert not worker_pids() & before


def test_a_new_call_ends_the_one_before_it(tmp_path):
    draw(tmp_path, 40)
    refs = refs_of(tmp_path)
    with loader(2) as photos_of:
        abandoned = photos_of.batches(refs)
        next(abandoned)
        abandoned.close()
        photos, _ = gather(photos_of.batches(refs[20:]))
    assert [photo.ref for photo in photos] == refs[20:]


def test_references_are_taken_as_they_are_needed(tmp_path):
    draw(tmp_path, 40)
    taken = 0

    def count():
        nonlocal taken
        for ref in refs_of(tmp_path):
            taken += 1
            yield ref

    with loader(2, batch_size=2, prefetch=2) as photos_of:
        batches = photos_of.batches(count())
        next(batches)
        assert taken <= 2 * (2 * 2 + 1)
        batches.close()


def test_a_failing_source_of_references_is_heard(tmp_path):
    draw(tmp_path, 1)

    def broken():
        yield refs_of(tmp_path)[0]
        raise RunError("the plan cannot be read")

    with loader(1) as photos_of, pytest.raises(RunError, match="the plan"):
        gather(photos_of.batches(broken()))


@pytest.fixture
def hostile(monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parent)
    import hostile_preprocess

    return hostile_preprocess


def test_an_unforeseen_error_costs_one_photo_and_is_named(tmp_path, hostile):
    draw(tmp_path, 6)
    Image.new("RGB", (8, 8), (255, 0, 0)).save(tmp_path / "002.png")
    with loader(1, preprocess=hostile.Hostile("raise")) as photos_of:
        photos, _ = gather(photos_of.batches(refs_of(tmp_path)))
    assert [photo.status for photo in photos] == ["ok", "ok", "corrupt", "ok", "ok", "ok"]
    assert photos[2].error == "preprocessing failed: ZeroDivisionError: in two"


def test_a_photo_that_kills_its_worker_is_found_and_its_neighbours_are_fine(tmp_path, hostile):
    good = draw(tmp_path, 16, bad=(9,))
    Image.new("RGB", (8, 8), (255, 0, 0)).save(tmp_path / "005.png")
    good.pop(5)
    refs = refs_of(tmp_path)
    with loader(2, preprocess=hostile.Hostile("kill")) as photos_of:
        photos, pixels = gather(photos_of.batches(refs))
    assert [photo.ref for photo in photos] == refs
    assert [photo.ref.location[-7:] for photo in photos if photo.status != "ok"] == [
        "005.png",
        "009.png",
    ]
    assert photos[5].error == "the decoder crashed on it"
    content = (tmp_path / "005.png").read_bytes()
    assert photos[5].content_sha256 == hashlib.sha256(content).hexdigest()
    assert np.array_equal(pixels, good)


@pytest.mark.parametrize(
    ("way", "bounds", "reason"),
    [
        pytest.param(
            "hang",
            {"decode_timeout_s": 0.5},
            "decoding took more than 0.5 s of processor time",
            id="a-decoder-that-never-ends",
        ),
        pytest.param(
            "stop",
            {"stall_timeout_s": 4.0},
            "no answer from its decoder in 4 s",
            id="a-process-that-stands-still",
        ),
        pytest.param(
            "eat",
            {"decode_memory": 2**30},
            "not enough memory to preprocess it",
            id="a-decoder-that-wants-all-memory",
        ),
    ],
)
def test_a_photo_is_held_to_its_time_and_memory_in_c_too(tmp_path, hostile, way, bounds, reason):
    good = draw(tmp_path, 8)
    Image.new("RGB", (8, 8), (255, 0, 0)).save(tmp_path / "005.png")
    good.pop(5)
    refs = refs_of(tmp_path)
    limits = ReadLimits(**bounds)
    with loader(1, preprocess=hostile.Hostile(way), limits=limits) as photos_of:
        photos, pixels = gather(photos_of.batches(refs))
    assert [photo.ref for photo in photos] == refs
    assert [photo.ref.location[-7:] for photo in photos if photo.status != "ok"] == ["005.png"]
    assert photos[5].error.startswith(reason)
    assert np.array_equal(pixels, good)
    assert not worker_pids()  # none is left standing


def test_a_worker_killed_from_outside_costs_no_photo(tmp_path):
    good = draw(tmp_path, 60)
    refs = refs_of(tmp_path)
    with loader(2, batch_size=2) as photos_of:
        batches = photos_of.batches(refs)
        first = [next(batches), next(batches)]
        for pid in worker_pids():
            os.kill(pid, signal.SIGKILL)
        photos, pixels = gather([*first, *batches])
        assert len(worker_pids()) == 2
    assert [photo.ref for photo in photos] == refs
    assert np.array_equal(pixels, good)


@pytest.mark.parametrize(
    ("error", "died"),
    [
        pytest.param(RuntimeError("DataLoader worker (pid 7) is killed"), True, id="torch-says-so"),
        pytest.param(ConnectionResetError(104, "reset"), True, id="its-socket-was-reset"),
        pytest.param(FileNotFoundError(2, "no socket"), True, id="its-socket-has-gone"),
        pytest.param(EOFError(), True, id="cut-off-in-the-middle"),
        pytest.param(RuntimeError("DataLoader timed out after 9 s"), True, id="no-answer"),
        pytest.param(MemoryError(), True, id="it-may-have-no-more-memory"),
        pytest.param(RuntimeError("CUDA error"), False, id="something-else"),
        pytest.param(OSError(28, "No space left on device"), False, id="a-full-disk"),
    ],
)
def test_a_dead_worker_is_told_from_other_faults(error, died):
    assert says_worker_died(error) is died


def test_a_machine_that_cannot_keep_workers_fails_the_run_not_the_photos(tmp_path, hostile):
    draw(tmp_path, 3)
    with (
        loader(1, preprocess=hostile.Deadly("any")) as photos_of,
        pytest.raises(RunError, match="--workers 0"),
    ):
        gather(photos_of.batches(refs_of(tmp_path)))


PROGRAM = textwrap.dedent("""
    import sys, time
    from landmark_core.config import ReadLimits
    from landmark_core.library import PhotoLoader, open_listing
    from landmark_core.model import Preprocess, PreprocessSettings

    # Not guarded by __name__: workers must not run this file again.
    preprocess = Preprocess(PreprocessSettings(resize_size=8, crop_size=8))
    refs = list(open_listing(sys.argv[1]))
    with PhotoLoader(preprocess, limits=ReadLimits(), batch_size=2, workers=2) as loader:
        for _ in range(1000):
            for batch in loader.batches(refs):
                print("batch", flush=True)
                time.sleep(0.05)
""")


def start_program(tmp_path: Path) -> tuple[subprocess.Popen[str], list[psutil.Process]]:
    (tmp_path / "program.py").write_text(PROGRAM)
    (tmp_path / "photos").mkdir()
    draw(tmp_path / "photos", 30)
    process = subprocess.Popen(
        [sys.executable, tmp_path / "program.py", tmp_path / "photos"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        start_new_session=True,
    )
    for _ in range(5):
        assert process.stdout.readline() == "batch\n"
    return process, psutil.Process(process.pid).children(recursive=True)


def shared_memory() -> set[str]:
    """Name what lies in shared memory, but for joblib's: other tests at work beside this one."""
    folder = Path("/dev/shm")
    names = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    return {name for name in names if not name.startswith("sem.loky-")}


def wait_for_end(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Return those that still live after a while; the dead nobody waited for do not live."""
    _, alive = psutil.wait_procs(processes, timeout=10)
    return [p for p in alive if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]


def test_nothing_survives_a_killed_command(tmp_path):
    before = shared_memory()
    process, children = start_program(tmp_path)
    assert len(children) >= 4  # tracker, fork server, two workers
    process.kill()
    process.communicate()
    assert wait_for_end(children) == []
    assert shared_memory() <= before


@pytest.mark.slow
def test_ctrl_c_is_the_commands_alone(tmp_path):
    process, children = start_program(tmp_path)
    os.killpg(process.pid, signal.SIGINT)  # what a terminal does: all processes get it
    started = time.monotonic()
    _, errors = process.communicate(timeout=20)
    assert errors.count("Traceback") == 1  # our program's own; no worker's
    assert "KeyboardInterrupt" in errors
    assert wait_for_end(children) == []
    assert time.monotonic() - started < 8
