"""A whole training: photos in, a judged version and a decision out."""

import dataclasses
import fcntl
import html
from datetime import UTC, datetime

import labelled_folder as drawn
import numpy as np
import pyarrow.parquet as pq
import pytest
import torch

from landmark_core.errors import ConfigError, RunError
from landmark_core.judging import labels_of, load_answers
from landmark_core.library import open_listing
from landmark_core.model import Registry, load_model
from landmark_core.tagging import score_photos
from landmark_core.training import NoTrainProgress, assess, train_model
from landmark_core.training.learning import learn

QUIET = NoTrainProgress()


@pytest.fixture(scope="module", autouse=True)
def _one_thread_for_shared_trainings():
    """On a busy machine a network this small waits for its other thread, not for its sums."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("labelled")
    drawn.draw_folder(folder)
    return folder


@pytest.fixture(scope="module")
def single(photos, tmp_path_factory):
    """One split by hash, trained once for all tests that only look."""
    config = drawn.settings(photos, tmp_path_factory.mktemp("single") / "models")
    return config, train_model(config, QUIET)


def uses(version):
    return pq.read_table(version.folder / "photos.parquet").to_pylist()


def recipe_of(photos, **changes):
    return dataclasses.replace(drawn.settings(photos, photos).recipe, **changes)


def test_the_first_version_is_promoted_with_every_file_that_it_needs(single):
    _, summary = single
    folder = summary.version.folder
    assert summary.verdict.promoted
    assert summary.advice
    page = (folder / "report/index.html").read_text()
    assert all(line in html.unescape(page) for line in summary.advice)
    assert Registry(folder.parents[1]).champion().name == summary.version.name
    names = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert names >= {
        "model.pt",
        "training.json",
        "answers.parquet",
        "photos.parquet",
        "history.csv",
        "data.json",
        "report/index.html",
        "report/report.json",
    }
    assert any("tfevents" in name for name in names)
    assert not list((folder.parents[1] / "work").iterdir())


def test_no_photo_that_judges_was_learnt_nor_a_near_duplicate_of_it(single):
    _, summary = single
    judged = {
        photo.digest for photo in load_answers(summary.version.folder / "answers.parquet").photos
    }
    learnt = [row for row in uses(summary.version) if row["learnt"]]
    assert judged
    assert learnt
    assert not judged & {row["digest"] for row in learnt}
    groups = {row["group"] for row in uses(summary.version) if row["digest"] in judged}
    assert not groups & {row["group"] for row in learnt}


def test_the_model_file_answers_as_the_training_judged_it(single):
    """The tagger reads the photos itself, with the file alone: the same logits, 1e-4."""
    config, summary = single
    answers = load_answers(summary.version.folder / "answers.parquet")
    model = load_model(str(summary.version.model_path))
    expected = {
        photo.digest: row for photo, row in zip(answers.photos, answers.logits, strict=True)
    }
    refs = [ref for place in (config.data, config.negatives) for ref in open_listing(place)]
    met = 0
    for scored in score_photos(refs, model, precision="fp32", workers=0):
        if scored.photo.content_sha256 in expected:
            met += 1
            wanted = expected[scored.photo.content_sha256]
            np.testing.assert_allclose(scored.logits, wanted, atol=1e-4)
    assert met == len(answers.photos)


def test_the_card_carries_calibration_and_figures_of_unseen_photos(single):
    _, summary = single
    card = load_model(str(summary.version.model_path)).card
    answers = load_answers(summary.version.folder / "answers.parquet")
    labels = labels_of(answers)
    known = labels >= 0
    right = answers.logits[known].argmax(1) == labels[known]
    assert card.class_names == drawn.SHAPES
    assert card.metrics["top1"] == pytest.approx(right.mean(), abs=1e-4)
    assert card.metrics["landmarks"] == known.sum()
    assert card.temperature > 0
    assert summary.version.record.data_digest == card.data_digest


def test_the_same_training_again_gives_the_same_weights_and_is_not_promoted(single):
    config, first = single
    second = train_model(config, QUIET)
    assert not second.verdict.promoted
    assert (
        "no significant difference" in second.verdict.reason or "cannot be" in second.verdict.reason
    )
    assert second.verdict.champion == first.version.name
    one, two = drawn.weights_of(first.version), drawn.weights_of(second.version)
    assert len(one) > 20
    assert one.keys() == two.keys()
    assert all(torch.equal(values, two[name]) for name, values in one.items())


def test_folds_answer_every_photo_once_and_the_last_model_learns_from_all(photos, tmp_path):
    config = drawn.settings(
        photos, tmp_path / "models", folds=3, promote="never", recipe=recipe_of(photos, epochs=1)
    )
    summary = train_model(config, QUIET)
    answers = load_answers(summary.version.folder / "answers.parquet")
    rows = uses(summary.version)
    assert sorted(photo.digest for photo in answers.photos) == sorted(row["digest"] for row in rows)
    assert {photo.fold for photo in answers.photos} == {0, 1, 2}
    slots = {row["digest"]: row["slot"] for row in rows}
    assert all(photo.fold == slots[photo.digest] * 3 // 20 for photo in answers.photos)
    assert all(row["learnt"] for row in rows)
    assert not summary.verdict.promoted
    assert Registry(tmp_path / "models").champion() is None


def test_what_was_learnt_is_not_learnt_again_with_resume(photos, tmp_path):
    config = drawn.settings(photos, tmp_path / "models", resume=True)
    left = learn(config, QUIET).workplace.folder
    before = {path: path.stat().st_mtime_ns for path in left.rglob("*") if path.is_file()}
    again = learn(config, QUIET).workplace.folder
    assert again == left
    assert {path: path.stat().st_mtime_ns for path in again.rglob("*") if path.is_file()} == before
    other = learn(dataclasses.replace(config, seed=2), QUIET).workplace.folder
    assert other != left
    assert not left.exists()


def test_nothing_is_judged_before_it_was_learnt(single, tmp_path):
    config, _ = single
    with pytest.raises(ConfigError, match=r"nothing was learnt in .* train first"):
        assess(dataclasses.replace(config, seed=77), QUIET, datetime.now(UTC))


def test_two_trainings_do_not_share_a_model_dir(photos, tmp_path):
    (tmp_path / "models").mkdir()
    with (tmp_path / "models" / ".training.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(ConfigError, match="another training is at work"):
            train_model(drawn.settings(photos, tmp_path / "models"), QUIET)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param(
            {"backbone": "resnet19"}, "no backbone 'resnet19'; did you mean", id="backbone"
        ),
        pytest.param({"weights": "nowhere.pth"}, "nowhere.pth", id="weights"),
        pytest.param({"frozen_stages": 99}, "frozen_stages must be in 0..", id="stages"),
        pytest.param({"variants": ({}, {"seed": 1})}, "a variant must be about", id="variant"),
        pytest.param({"variants": ({}, {})}, "needs trained ones to begin with", id="from-scratch"),
    ],
)
def test_what_cannot_be_trained_is_refused_before_a_photo_is_read(
    photos, tmp_path, changes, message
):
    with pytest.raises(ConfigError, match=message) as caught:
        train_model(
            drawn.settings(photos, tmp_path / "m", recipe=recipe_of(photos, **changes)), QUIET
        )
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "m" / "cache").exists()


def test_a_loss_that_is_no_number_ends_a_training_in_one_line(photos, tmp_path):
    wild = recipe_of(photos, rate=10.0, body_rate=10.0, warm_up=0.0, epochs=6)
    with pytest.raises((RunError, ConfigError)) as caught:
        train_model(drawn.settings(photos, tmp_path / "models", recipe=wild), QUIET)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "models" / "versions").exists()


def test_a_model_dir_that_cannot_be_written_is_one_line(photos, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be written"):
        train_model(drawn.settings(photos, tmp_path / "file" / "models"), QUIET)
