"""The loop: it learns, repeats itself bit by bit, survives kills, and says clearly why it stops."""

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path

import drawn_photos as drawn
import numpy as np
import pytest
import torch
from torch import nn

from landmark_core.errors import ConfigError, RunError
from landmark_core.records import OTHER
from landmark_core.training.averaging import average_weights
from landmark_core.training.checkpoint import CHECKPOINT_FILE
from landmark_core.training.examples import EpochMetrics, QuietWatch, answer
from landmark_core.training.fit import refresh
from landmark_core.training.history import EVENTS_FOLDER, HISTORY_FILE, read_history
from landmark_core.training.recipe import Recipe

CPU = torch.device("cpu")
LEARNS = {"rate": 0.02, "body_rate": 0.02, "epochs": 8}
KEPT = {"views": 2, "frozen_stages": 2, "batch_norm": "frozen"}
WAYS = [
    pytest.param({}, id="fresh"),
    pytest.param({"batch_norm": "frozen", "frozen_stages": 1}, id="frozen-normalisation"),
    pytest.param(KEPT, id="kept-behind-frozen-stages"),
    pytest.param({"views": 2}, id="kept-pixels"),
    pytest.param(
        {"augment": "strong", "head_epochs": 1, "early_rate": 0.5}, id="strong-head-first"
    ),
]


def same(one: dict, other: dict) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("way", WAYS)
def test_the_same_seed_gives_the_same_bits_and_another_seed_does_not(tmp_path, way):
    first = drawn.train(tmp_path / "a", way)
    second = drawn.train(tmp_path / "b", way)
    other = drawn.train(tmp_path / "c", way, seed=2)
    assert same(first.state, second.state)
    assert not same(first.state, other.state)
    figures = [(row.train_loss, row.validation_loss) for row in first.history]
    assert figures == [(row.train_loss, row.validation_loss) for row in second.history]


@pytest.mark.orchestration  # whole processes
@pytest.mark.parametrize("way", [pytest.param({}, id="fresh"), pytest.param(KEPT, id="kept")])
def test_workers_change_nothing(tmp_path, way):
    here = drawn.train(tmp_path / "here", way)
    there = drawn.train(tmp_path / "there", way, photos=drawn.examples(workers=2))
    assert same(here.state, there.state)


@pytest.mark.orchestration  # whole processes
@pytest.mark.parametrize("way", [pytest.param({}, id="fresh"), pytest.param(KEPT, id="kept")])
def test_killed_in_an_epoch_and_resumed_ends_with_the_same_bits(tmp_path, way):
    recipe = way | {"epochs": 4, "averaged": 0.6}
    undisturbed = drawn.train(tmp_path / "whole", recipe)
    _kill_in_epoch(3, tmp_path / "killed", recipe)
    resumed = drawn.train(tmp_path / "killed", recipe, resume=True)
    assert [row.epoch for row in resumed.history] == [1, 2, 3, 4]
    assert same(resumed.state, undisturbed.state)
    assert resumed.chosen == undisturbed.chosen
    with (tmp_path / "killed" / HISTORY_FILE).open() as file:
        assert [row["epoch"] for row in csv.DictReader(file)] == ["1", "2", "3", "4"]


def _kill_in_epoch(epoch: int, folder: Path, recipe: dict) -> None:
    """Train in a process of its own, and SIGKILL it within this epoch."""
    script = str(Path(drawn.__file__))
    root = str(Path(__file__).parents[2])
    process = subprocess.Popen(
        [sys.executable, script, str(folder), repr(recipe)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": root},
    )
    with process:
        assert process.stdout is not None
        for line in process.stdout:
            if line == f"epoch {epoch}\n":
                process.kill()
        assert process.wait() == -9
    saved = torch.load(folder / CHECKPOINT_FILE, weights_only=True)
    assert len(saved["history"]) == epoch - 1


def test_a_finished_training_resumed_gives_its_weights_again(tmp_path):
    first = drawn.train(tmp_path)
    assert same(first.state, drawn.train(tmp_path, resume=True).state)


def test_it_learns_colours_and_leaves_other_photos_unsure(tmp_path):
    photos = drawn.examples()
    network = drawn.small_network()
    fitted = drawn.train(tmp_path, LEARNS | {"epochs": 15}, network=network)
    logits = answer(
        network, photos.source, photos.validation, preprocess=drawn.PREPROCESS, device=CPU
    )
    labels = drawn.LABELS[photos.validation]
    landmark = labels != OTHER
    assert (logits.argmax(axis=1) == labels)[landmark].all()
    sure = torch.from_numpy(logits).softmax(dim=1).max(dim=1).values.numpy()
    assert sure[landmark].min() > sure[~landmark].max()
    assert fitted.history[-1].validation_accuracy == 1.0
    assert fitted.history[-1].train_loss < fitted.history[0].train_loss


def test_the_state_is_that_of_the_network_that_was_handed_over(tmp_path):
    network = drawn.small_network()
    fitted = drawn.train(tmp_path, {"batch_norm": "frozen"}, network=network)
    assert same(fitted.state, network.state_dict())  # also: no layer stayed folded
    assert not network.training


@pytest.mark.parametrize("way", [pytest.param({}, id="fresh"), pytest.param(KEPT, id="kept")])
def test_frozen_stages_and_statistics_stay_as_they_were(tmp_path, way):
    recipe = {"frozen_stages": 2, "batch_norm": "frozen"} | way
    before = drawn.small_network().state_dict()
    after = drawn.train(tmp_path, recipe).state
    for name, values in after.items():
        frozen = name.startswith(("stages.0", "stages.1")) or "running" in name or "tracked" in name
        assert torch.equal(values, before[name]) == frozen, name


def test_the_head_learns_alone_in_the_head_epochs(tmp_path):
    before = drawn.small_network().state_dict()
    after = drawn.train(tmp_path, {"epochs": 2, "head_epochs": 2, "averaged": 0}).state
    changed = {name for name, values in after.items() if not torch.equal(values, before[name])}
    assert changed == {"head.3.weight", "head.3.bias"}


def test_the_mean_of_the_last_epochs_is_their_mean(tmp_path):
    """Compared with the weights that checkpoints of shorter looks at the same training hold."""

    class Snapshots(QuietWatch):
        def __init__(self) -> None:
            self.states: list[dict] = []

        def epoch_ended(self, metrics: EpochMetrics) -> None:
            saved = torch.load(tmp_path / CHECKPOINT_FILE, weights_only=True)
            self.states.append(saved["network"])

    watch = Snapshots()
    photos = drawn.examples(validation=np.empty(0, np.int64))
    recipe = {"epochs": 5, "averaged": 0.6, "batch_norm": "frozen"}
    fitted = drawn.train(tmp_path, recipe, watch=watch, photos=photos)
    assert fitted.chosen == "mean of epochs 3 to 5"
    for name, values in fitted.state.items():
        expected = torch.stack([state[name].double() for state in watch.states[2:]]).mean(0)
        torch.testing.assert_close(values.double(), expected, rtol=1e-5, atol=1e-6)


def test_without_validation_it_trains_all_epochs(tmp_path):
    photos = drawn.examples(validation=np.empty(0, np.int64))
    fitted = drawn.train(tmp_path, {"averaged": 0.0, "patience": 1}, photos=photos)
    assert [row.validation_loss for row in fitted.history] == [None, None, None]
    assert (fitted.chosen, fitted.stopped_because) == ("epoch 3", None)


def test_it_stops_where_validation_gets_no_better_and_keeps_the_best(tmp_path):
    """Validation labels that contradict the training's: learning makes them worse."""
    labels = drawn.LABELS.copy()
    labels[28:] = np.where(labels[28:] == OTHER, OTHER, (labels[28:] + 1) % drawn.CLASSES)
    recipe = LEARNS | {"epochs": 30, "patience": 3, "averaged": 0.1}
    fitted = drawn.train(tmp_path, recipe, photos=drawn.examples(labels=labels))
    losses = [row.validation_loss for row in fitted.history]
    best = int(np.argmin(losses)) + 1
    assert fitted.stopped_because == "no better validation loss in 3 epochs"
    assert len(fitted.history) == best + 3 < 30
    assert fitted.chosen == f"epoch {best}"


def test_a_diverging_training_stops_in_one_line_and_keeps_the_last_good_weights(tmp_path):
    network = drawn.small_network()
    for stage in network.stages:
        stage[1] = nn.Identity()
    wild = {"rate": 10.0, "body_rate": 10.0, "warm_up": 0.0, "epochs": 40}
    with pytest.raises(RunError, match=r"NaN or infinite in epoch \d+, .*lower rate") as caught:
        drawn.train(tmp_path, wild, network=_squaring(network))
    assert "\n" not in str(caught.value)
    saved = torch.load(tmp_path / CHECKPOINT_FILE, weights_only=True)
    assert all(bool(values.isfinite().all()) for values in saved["network"].values())
    assert f"after epoch {len(saved['history'])} " in str(caught.value)


def _squaring(network):
    class Square(nn.Module):
        def forward(self, values):
            return values * values

    for stage in network.stages:
        stage[2] = Square()
    return network


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param({"recipe": {"rate": 0.5}}, "its rate is 0.002, here 0.5", id="recipe"),
        pytest.param({"seed": 9}, "its seed is 1, here 9", id="seed"),
        pytest.param(
            {"photos": drawn.examples(train=np.arange(20))}, "choice of photos", id="photos"
        ),
        pytest.param({"network": drawn.small_network(seed=3)}, "its start is", id="start"),
    ],
)
def test_a_checkpoint_of_another_training_is_refused(tmp_path, change, message):
    drawn.train(tmp_path, {"epochs": 1})
    recipe = {"epochs": 1} | change.pop("recipe", {})
    with pytest.raises(ConfigError, match=message):
        drawn.train(tmp_path, recipe, resume=True, **change)


@pytest.mark.parametrize("content", [b"", b"no checkpoint", b"\x80\x02c__main__\nX\n."])
def test_a_broken_checkpoint_is_refused(tmp_path, content):
    (tmp_path / CHECKPOINT_FILE).write_bytes(content)
    with pytest.raises(ConfigError, match=r"cannot be read: train without --resume$"):
        drawn.train(tmp_path, resume=True)


@pytest.mark.parametrize(
    ("recipe", "photos", "message"),
    [
        pytest.param({}, {"train": np.arange(1)}, "at least 2 photos", id="one-photo"),
        pytest.param({}, {"train": np.array([9, 19])}, "some of landmarks", id="only-others"),
        pytest.param({}, {"labels": drawn.LABELS + 4}, r"labels must be in -1\.\.2", id="labels"),
        pytest.param({"frozen_stages": 5}, {}, r"must be in 0\.\.4", id="too-many-stages"),
        pytest.param(
            {"frozen_stages": 1, "weights": "none"}, {}, "starts at random", id="frozen-beginner"
        ),
    ],
)
def test_what_cannot_work_is_refused_before_anything_is_written(tmp_path, recipe, photos, message):
    with pytest.raises(ConfigError, match=message):
        drawn.train(tmp_path / "new", recipe, photos=drawn.examples(**photos))
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("size", "recipe", "message"),
    [
        pytest.param("64k", {}, r"MiB free, the checkpoints need", id="no-room-for-checkpoints"),
        pytest.param("300k", KEPT | {"views": 50}, r"the kept views need", id="none-for-views"),
    ],
)
def test_a_small_disk_is_one_line_before_training(small_disk, size, recipe, message):
    with pytest.raises(RunError, match=message):
        drawn.train(small_disk(size) / "new", recipe)


def test_a_disk_that_fills_up_keeps_the_last_epoch(small_disk):
    folder = small_disk("600k") / "new"

    class Filling(QuietWatch):
        def epoch_ended(self, metrics: EpochMetrics) -> None:
            if metrics.epoch == 2:
                free = shutil.disk_usage(folder).free
                (folder.parent / "other").write_bytes(b"x" * (free - 8192))

    with pytest.raises(RunError, match=r"is full; what was finished is kept: .*--resume"):
        drawn.train(folder, watch=Filling())
    (folder.parent / "other").unlink()
    resumed = drawn.train(folder, resume=True)
    assert [row.epoch for row in resumed.history] == [1, 2, 3]


@pytest.fixture
def small_disk(tmp_path):
    """Mount a file system of a given size; skips without the right to."""
    mounted = []

    def mount(size: str) -> Path:
        place = tmp_path / "disk"
        place.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)]
        if os.geteuid() != 0 or subprocess.run(command, capture_output=True).returncode:
            pytest.skip("mounting a small disk needs root")
        mounted.append(place)
        return place

    yield mount
    for place in mounted:
        subprocess.run(["umount", "-l", str(place)], check=False)


def test_figures_are_written_for_people_and_tensorboard(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    fitted = drawn.train(tmp_path)
    assert read_history(tmp_path / HISTORY_FILE) == fitted.history
    events = EventAccumulator(str(tmp_path / EVENTS_FOLDER)).Reload()
    written = [(event.step, event.value) for event in events.Scalars("loss/train")]
    expected = [(row.epoch, pytest.approx(row.train_loss)) for row in fitted.history]
    assert written == expected


def test_the_watch_hears_every_step(tmp_path):
    class Listening(QuietWatch):
        def __init__(self) -> None:
            self.heard: list[object] = []

        def epoch_started(self, epoch: int, epochs: int, steps: int) -> None:
            self.heard.append((epoch, epochs, steps))

        def step_done(self, loss: float, accuracy: float) -> None:
            self.heard.append("step" if loss > 0 and 0 <= accuracy <= 1 else "wrong")

        def epoch_ended(self, metrics: EpochMetrics) -> None:
            self.heard.append(metrics.epoch)

    watch = Listening()
    drawn.train(tmp_path, {"epochs": 2}, watch=watch)
    steps = ["step"] * 4  # 28 photos in batches of at most 8
    assert watch.heard == [(1, 2, 4), *steps, 1, (2, 2, 4), *steps, 2]


def test_answers_equal_the_plain_network_on_single_crops():
    photos, network = drawn.examples(), drawn.small_network().eval()
    got = answer(
        network, photos.source, np.arange(7), preprocess=drawn.PREPROCESS, device=CPU, batch_size=3
    )
    for number in range(7):
        pixels = torch.from_numpy(photos.source.crops(np.array([number]))).permute(0, 3, 1, 2)
        mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
        values = (pixels / 255 - mean.view(3, 1, 1)) / std.view(3, 1, 1)
        with torch.no_grad():
            np.testing.assert_allclose(got[number], network(values)[0].numpy(), atol=1e-5)


def test_refreshed_statistics_are_those_of_the_training_views(tmp_path):
    """Averaged weights get the mean and variance that their own activations have."""
    recipe = {"augment": "light", "epochs": 2}
    states = [drawn.train(tmp_path / str(seed), recipe, seed=seed).state for seed in (1, 2)]
    network = drawn.small_network()
    network.load_state_dict(average_weights(states))
    photos = drawn.examples(train=np.arange(8))  # one batch, so its statistics are the result
    whole = Recipe(**drawn.SMALL | recipe)
    seen = []
    first = network.stages[0][1]
    handle = first.register_forward_pre_hook(lambda _module, values: seen.append(values[0].float()))
    refresh(network, photos, whole, seed=5, device=CPU)
    handle.remove()
    expected = torch.cat(seen).transpose(0, 1).flatten(1)  # (C, N H W)
    torch.testing.assert_close(first.running_mean, expected.mean(1), rtol=1e-2, atol=1e-3)
    torch.testing.assert_close(first.running_var, expected.var(1), rtol=1e-2, atol=1e-3)
