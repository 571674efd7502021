"""Champion and challenger: judged by photos that neither has learnt from, as a collection grows."""

import dataclasses

import labelled_folder as drawn
import pyarrow.parquet as pq
import pytest
import torch

from landmark_core.judging import load_answers
from landmark_core.model import Registry
from landmark_core.training import NoTrainProgress, train_model

QUIET = NoTrainProgress()
OLD, NEW, COPIES = 14 * 4, 8 * 4, 6


@pytest.fixture(scope="module", autouse=True)
def _one_thread_for_shared_trainings():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


class Asked(NoTrainProgress):
    """Counts the photos that were read once no network learnt any more."""

    def __init__(self):
        self.asked = 0

    def epoch_ended(self, line):
        self.asked = 0

    def read(self, count):
        self.asked += count


def once(folder, out, **changes):
    config = drawn.settings(folder, out, **changes)
    return dataclasses.replace(config, recipe=dataclasses.replace(config.recipe, epochs=1))


def listed(version):
    return {
        row["digest"]: row for row in pq.read_table(version.folder / "photos.parquet").to_pylist()
    }


def grow(folder):
    """Add photos, and copies in another quality of photos that were there before."""
    drawn.draw_folder(folder, each=NEW // 4, others=NEW // 4, first=100)
    for number in range(COPIES):
        path = folder / f"data/00.{drawn.SHAPES[0]}/copy-{number}.jpg"
        drawn.write_photo(path, 0, number, quality=70)


@pytest.fixture(scope="module")
def grown(tmp_path_factory):
    """Two trainings by folds, of a collection and of what it has grown to."""
    folder = tmp_path_factory.mktemp("growing")
    drawn.draw_folder(folder)
    config = once(folder, folder / "models", folds=3)
    first = train_model(config, QUIET)
    grow(folder)
    asked = Asked()
    return first.version, train_model(config, asked).version, asked.asked


def test_no_photo_changes_its_slot_when_a_collection_grows(grown):
    before, after = listed(grown[0]), listed(grown[1])
    assert len(before) == OLD
    assert len(after) == OLD + NEW + COPIES
    assert {digest: row["slot"] for digest, row in before.items()} == {
        digest: after[digest]["slot"] for digest in before
    }


def test_copies_that_came_later_take_the_slot_of_their_originals(grown):
    rows = listed(grown[1])
    copies = [row for row in rows.values() if "copy-" in row["uri"]]
    assert len(copies) == COPIES
    for copy in copies:
        original = copy["uri"].replace("copy-", "")
        (first,) = (row for row in rows.values() if row["uri"] == original)
        assert (copy["slot"], copy["group"]) == (first["slot"], first["group"])


def test_copies_of_what_the_champion_learnt_do_not_judge_it(grown):
    """By hand: old photos were held out from it once, new ones it never met, copies it met."""
    first, second, asked = grown
    assert second.record.compared_with == first.name
    assert second.record.comparison["photos"] == OLD + NEW
    assert asked == NEW  # and only those were asked of its file
    assert len(load_answers(second.folder / "answers.parquet").photos) == OLD + NEW + COPIES


def test_a_single_split_compares_on_the_test_photos_of_both(tmp_path):
    drawn.draw_folder(tmp_path)
    config = once(tmp_path, tmp_path / "models")
    train_model(config, QUIET)
    drawn.draw_folder(tmp_path, each=8, others=8, first=100)
    second = train_model(config, QUIET).version
    rows = listed(second).values()
    judges = [row for row in rows if row["slot"] in range(3)]
    answered = {photo.digest for photo in load_answers(second.folder / "answers.parquet").photos}
    assert answered == {row["digest"] for row in judges}
    assert second.record.comparison["photos"] == len(judges)


@pytest.mark.slow
def test_a_better_challenger_is_promoted_and_a_worse_one_is_not(tmp_path):
    """Colours take some epochs; a network that learnt nothing is beaten by one that did."""
    drawn.draw_folder(tmp_path, each=16, others=10)
    config = once(tmp_path, tmp_path / "models", folds=3)
    still = dataclasses.replace(config.recipe, rate=1e-7)
    skilled = dataclasses.replace(config.recipe, epochs=14, rate=2e-3, batch_size=8)
    first = train_model(dataclasses.replace(config, recipe=still), QUIET)
    second = train_model(dataclasses.replace(config, recipe=skilled), QUIET)
    third = train_model(dataclasses.replace(config, recipe=still, seed=2), QUIET)
    top1 = [one.version.record.metrics["top1"] for one in (first, second, third)]
    assert top1[1] > max(top1[0], top1[2]) + 0.3
    assert [one.verdict.promoted for one in (first, second, third)] == [True, True, False]
    registry = Registry(tmp_path / "models")
    assert registry.champion().name == second.version.name
    assert [entry.action for entry in registry.history()] == ["promotion", "promotion", "refusal"]
    assert second.verdict.reason == second.version.record.comparison["reason"]
