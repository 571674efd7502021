"""Killed at each moment around each change of the disk: tag, review, compact, train.

A moment lies before and after each rename, link, removal, flush and new folder, and in the middle
of each write. After every kill, readers see whole files and nobody twice; after one further run,
all is as if nobody had been killed.
"""

import json
import shutil
from collections import Counter
from pathlib import Path

import pandas
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from promises import check_complete, check_readers
from scenes import Theatre, tag_arguments

from landmark_core.tables import REVIEWS_SCHEMA, Store

KILLED = -9
ACTIONS, IDS = 12, 9

every = pytest.mark.parametrize(
    "part",
    [
        pytest.param(12, id="some", marks=pytest.mark.orchestration),  # whole commands
        pytest.param(1, id="each", marks=pytest.mark.slow),
    ],
)


def tell(capsys: pytest.CaptureFixture[str], command: str, kills: int) -> None:
    """Say how many kills there were, where a person reads it."""
    with capsys.disabled():
        print(f"\n{command}: {kills} kills", flush=True)


def moments_of(theatre: Theatre, *order: str) -> int:
    """Play a scene to its end; return how many moments it has."""
    whole = theatre.play(*order, kill_at=-1)
    assert whole.code == 0, whole.stderr
    assert whole.moments > 20
    return whole.moments


@every
def test_tag(part, theatre, few_photos, tiny_model, tmp_path, capsys):
    def arguments(out: Path) -> list[str]:
        return list(tag_arguments(few_photos, out, tiny_model))

    kills = 0
    moments = moments_of(theatre, "command", *arguments(tmp_path / "whole"))
    for step in range(0, moments, part):
        out = tmp_path / str(step)
        ending = theatre.play("command", *arguments(out), kill_at=step)
        kills += ending.code == KILLED  # its threads take turns: the last moments may not come
        if (out / "tags").exists() and list((out / "tags").rglob("*.parquet")):
            check_readers(out)
        again = theatre.play("command", *arguments(out))
        assert again.code == 0, (step, again.stderr)
        check_complete(out)
        shutil.rmtree(out)
    assert kills > 0.9 * moments / part
    tell(capsys, "tag", kills)


@every
def test_review(part, theatre, tmp_path, capsys):
    """What was answered is there; what was not is there whole or not at all; sent again, once."""

    def order(out: Path) -> tuple[str, ...]:
        return "decisions", str(out), str(ACTIONS), str(IDS)

    moments = moments_of(theatre, *order(tmp_path / "whole"))
    expected = said_in(tmp_path / "whole")
    kills = 0
    for step in range(0, moments, part):
        out = tmp_path / str(step)
        ending = theatre.play(*order(out), kill_at=step)
        assert ending.code == KILLED, ending.stderr
        kills += 1
        answered = ending.stdout.split()
        there = list(said_in(out))
        assert there[: len(answered)] == answered == list(expected)[: len(answered)]
        assert len(there) - len(answered) in (0, 1)
        assert all(said_in(out)[action] == expected[action] for action in there)
        again = theatre.play(*order(out))
        assert again.code == 0, again.stderr
        assert said_in(out) == expected
    tell(capsys, "review", kills)


def said_in(out: Path) -> dict[str, "Counter[tuple[object, ...]]"]:
    """Return what each action said, in the order of its time, without ids and times."""
    store = Store(str(out))
    tables = list(store.read_parts(store.list_reviews(), REVIEWS_SCHEMA))
    rows = pa.concat_tables(tables).to_pylist() if tables else []
    said: dict[str, Counter[tuple[object, ...]]] = {}
    for row in sorted(rows, key=lambda row: row["decided_at"]):
        one = (row["photo_id"], row["decision"], row["tag"], row["undoes"] is None)
        said.setdefault(row["action_id"], Counter())[one] += 1
    return said


@every
def test_compact(part, theatre, few_photos, tiny_model, tmp_path, capsys):
    """Merges the parts of three nights into one; readers of our own never see a row twice."""
    base = tmp_path / "base"
    for night in range(1, 4):
        limit = ["--limit", str(4 * night - 3)]
        done = theatre.play("command", *tag_arguments(few_photos, base, tiny_model, *limit))
        assert done.code == 0, done.stderr
    expected = our_rows(base)

    def order(out: Path) -> tuple[str, ...]:
        return "command", "compact", str(out), "--grace", "0", "--older-than", "0"

    whole = shutil.copytree(base, tmp_path / "whole")
    moments = moments_of(theatre, *order(whole))
    assert our_rows(whole) == expected
    assert len(Store(str(whole)).list_parts()) == 1
    for step in range(0, moments, part):
        out = shutil.copytree(base, tmp_path / str(step))
        ending = theatre.play(*order(out), kill_at=step)
        assert ending.code == KILLED, ending.stderr
        assert our_rows(out) == expected
        plain = pandas.read_parquet(out / "tags")
        assert set(plain.photo_id) == {photo for photo, _ in expected}  # none is missing
        again = theatre.play(*order(out))
        assert again.code == 0, again.stderr
        assert our_rows(out) == expected
        assert len(Store(str(out)).list_parts()) == 1
        assert len(pandas.read_parquet(out / "tags")) == len(expected)
    tell(capsys, "compact", len(range(0, moments, part)))


def our_rows(out: Path) -> "Counter[tuple[str, str]]":
    store = Store(str(out))
    counts: Counter[tuple[str, str]] = Counter()
    for name in store.list_parts():
        with store.open(name) as file:
            rows = pq.read_table(file, columns=["photo_id", "status"]).to_pylist()
        counts.update((row["photo_id"], row["status"]) for row in rows)
    return counts


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_train(theatre, tmp_path, capsys):
    """Killed in a training, a model is there whole or not at all, and --resume makes it."""
    import labelled_folder as drawn

    drawn.draw_folder(tmp_path, each=8, others=8)

    def order(out: Path, *more: str) -> tuple[str, ...]:
        options = ["--negatives", str(tmp_path / drawn.OTHERS), "--workers", "0", "--no-progress"]
        options += ["--recipe", str(tmp_path / "recipe.toml"), "--out", str(out), "--jobs", "1"]
        return "command", "train", str(tmp_path / "data"), "--device", "cpu", *options, *more

    whole = tmp_path / "whole"
    moments = moments_of(theatre, *order(whole, "--json"))
    expected = weights_below(whole)
    kills = 0
    for step in range(0, moments, max(1, moments // 60)):
        out = tmp_path / str(step)
        ending = theatre.play(*order(out), kill_at=step)
        kills += ending.code == KILLED
        for version in out.glob("versions/*"):
            assert (version / "model.pt").stat().st_size > 0
            json.loads((version / "training.json").read_text())
        again = theatre.play(*order(out, "--resume"))
        assert again.code == 0, (step, again.stderr)
        assert weights_below(out) == expected
        shutil.rmtree(out)
    assert kills > 50
    tell(capsys, "train", kills)


def weights_below(out: Path) -> list[bytes]:
    """Return the champion's weights, as bytes of each tensor by name."""
    from landmark_core.model import Registry, load_model

    champion = Registry(out).champion()
    assert champion is not None
    state = load_model(str(champion.model_path)).module.state_dict()
    return [name.encode() + state[name].numpy().tobytes() for name in sorted(state)]
