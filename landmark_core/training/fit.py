"""Train a network: photos and a recipe in, weights out. This file is the loop, top to bottom.

What a batch holds comes from a feed (`fresh.py` draws new views, `kept.py` has them ready), how
wrong an answer is from `targets.py`, the rates from `optimiser.py`. On a CPU the step runs in
bfloat16 with channels last and folded normalisations (`folding.py`); on a GPU in bfloat16, or in
float16 with scaled gradients where it is older.

Every random choice of an epoch starts from (seed, epoch), and a checkpoint is written after each,
so a training that was killed and resumed ends with the weights of an undisturbed one: bit by bit
on a CPU with the same number of threads.
"""

import contextlib
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from landmark_core.model import StagedNetwork
from landmark_core.training.allocator import freed_memory_kept
from landmark_core.training.augment import mixed_seed
from landmark_core.training.averaging import (
    State,
    copy_state,
    load_state,
    refresh_norms,
)
from landmark_core.training.checkpoint import load_checkpoint, save_checkpoint
from landmark_core.training.disk import check_room, disk_failed
from landmark_core.training.examples import (
    EpochMetrics,
    Examples,
    Feed,
    Numbers,
    QuietWatch,
    Watch,
    in_batches,
    network_input,
)
from landmark_core.training.feeds import keep_examples, open_feed
from landmark_core.training.fitness import check_fitness, identity_of
from landmark_core.training.folding import fast_on_cpu
from landmark_core.training.history import HistoryWriter
from landmark_core.training.kept import KeptViews
from landmark_core.training.mixing import mix_batch, mixing_of
from landmark_core.training.optimiser import set_rates
from landmark_core.training.precision import choose_precision
from landmark_core.training.recipe import Recipe
from landmark_core.training.state import (
    Training,
    begin,
    checkpoint_of,
    set_modes,
    take_in,
    why_stop,
)
from landmark_core.training.tally import Tally, check_finite
from landmark_core.training.targets import count_correct, loss_of, targets_of

_VALIDATION_BATCH = 64  # photos
_REFRESHED = 10_000  # photos at most that statistics are measured on anew
_COPIES = 10  # of the weights: two checkpoints with optimiser, mean and best
_LAG = 8  # steps that a GPU may be ahead of the loss that is looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """What a training gave."""

    state: State  # of the whole network, on the CPU
    history: tuple[EpochMetrics, ...]
    chosen: str  # where the weights come from, for people: "mean of epochs 13 to 20", "epoch 9"
    stopped_because: str | None  # null where all epochs ran


def fit(
    network: StagedNetwork,
    examples: Examples,
    recipe: Recipe,
    *,
    seed: int,
    device: torch.device,
    folder: Path,
    resume: bool = False,
    watch: Watch | None = None,
    kept: KeptViews | None = None,
) -> Fitted:
    """Train a network.

    Args:
        network: freshly built; it ends on the device, in evaluation mode, with the result.
        examples: photos to learn from; without validation photos nothing stops early.
        recipe: how; without variants.
        seed: of order, views, mixing and dropout.
        device: where to compute.
        folder: receives checkpoint, history.csv, TensorBoard files and, where the recipe wants
            kept views and none are given, those.
        resume: go on from the folder's checkpoint, where it has one.
        watch: is told how far it is.
        kept: views that were made before, for trainings that share them.

    Raises:
        ConfigError: a recipe that does not fit the network, or a checkpoint of another training.
        RunError: the loss became NaN or infinite, the disk is full, a process died.
    """
    watch = watch or QuietWatch()
    check_fitness(network, examples, recipe)
    identity = identity_of(network, examples, recipe, seed=seed, device=device)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise disk_failed(error, folder) from error
    check_room(folder, _COPIES * _bytes_of(network), "the checkpoints")
    checkpoint = load_checkpoint(folder, identity) if resume else None
    network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    with contextlib.ExitStack() as stack:
        if recipe.views and kept is None:
            kept = keep_examples(network, examples, recipe, seed, device, folder, watch)
        feed = stack.enter_context(open_feed(examples, recipe, seed, kept))
        training = begin(network, recipe, device, checkpoint, from_kept=kept is not None)
        if checkpoint is None:  # also the proof that the disk takes one
            save_checkpoint(checkpoint_of(training, identity), folder)
        writer = stack.enter_context(HistoryWriter(folder, training.history))
        stack.enter_context(torch.random.fork_rng([device] if device.type == "cuda" else []))
        if device.type == "cpu":
            stack.enter_context(freed_memory_kept())
            stack.enter_context(fast_on_cpu(training.trained, fold=recipe.batch_norm == "frozen"))
        loop = _Loop(
            training=training, feed=feed, examples=examples, recipe=recipe, seed=seed, device=device
        )
        stopped = None
        for epoch in range(len(training.history) + 1, recipe.epochs + 1):
            if stopped := why_stop(training, recipe):
                break
            metrics = _run_epoch(loop, epoch, watch, folder)
            take_in(training, metrics, recipe)
            save_checkpoint(checkpoint_of(training, identity), folder)
            writer.add(metrics)
            watch.epoch_ended(metrics)
        chosen = _choose(loop)
    network.eval()
    state = {name: values.cpu() for name, values in copy_state(training.live).items()}
    history = tuple(training.history)
    return Fitted(state=state, history=history, chosen=chosen, stopped_because=stopped)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Loop:
    """What every epoch needs."""

    training: Training
    feed: Feed
    examples: Examples
    recipe: Recipe
    seed: int
    device: torch.device

    def input_of(self, batch: Tensor) -> Tensor:
        """Return a batch of the feed as the network takes it."""
        return network_input(batch, self.examples.preprocess, self.device)

    def labels_of(self, numbers: Numbers) -> Tensor:
        """Return the (n,) labels of some photos on the device."""
        return torch.from_numpy(self.examples.labels[numbers]).to(self.device)


def _run_epoch(loop: _Loop, epoch: int, watch: Watch, folder: Path) -> EpochMetrics:
    """Train on every photo once, then look at the validation photos."""
    started = time.perf_counter()
    training, recipe, examples = loop.training, loop.recipe, loop.examples
    torch.manual_seed(mixed_seed("noise", loop.seed, epoch))  # of dropout
    random = np.random.default_rng(mixed_seed("order", loop.seed, epoch))
    batches = in_batches(random.permutation(examples.train), recipe.batch_size)
    tally = Tally(watch, lag=_LAG if loop.device.type == "cuda" else 0, epoch=epoch, folder=folder)
    watch.epoch_started(epoch, recipe.epochs, len(batches))
    set_modes(training, recipe, epoch)
    for step, views in enumerate(loop.feed.views(batches, epoch)):
        set_rates(
            training.optimiser,
            step=(epoch - 1) * len(batches) + step,
            steps=recipe.epochs * len(batches),
            head_steps=recipe.head_epochs * len(batches),
            warm_up=recipe.warm_up,
        )
        tally.add(_step(loop, views, loop.labels_of(batches[step]), random))
    tally.finish()
    check_finite(training.live.values(), epoch, folder)
    loss, accuracy = _judge(loop)
    return EpochMetrics(
        epoch=epoch,
        train_loss=tally.loss,
        train_accuracy=tally.accuracy,
        validation_loss=loss,
        validation_accuracy=accuracy,
        rate=max(group["lr"] for group in training.optimiser.param_groups),
        seconds=time.perf_counter() - started,
    )


def _step(loop: _Loop, views: Tensor, labels: Tensor, random: np.random.Generator) -> Tensor:
    """Change the weights by one batch; return loss, right answers and landmark photos, (3,)."""
    training, recipe = loop.training, loop.recipe
    targets = targets_of(labels, training.classes, recipe.smoothing, recipe.other_weight)
    inputs, targets = mix_batch(loop.input_of(views), targets, mixing_of(recipe), random)
    with training.precision.autocast():
        logits = training.trained(inputs)
    loss = loss_of(logits, targets)
    training.optimiser.zero_grad()
    scaler = training.precision.scaler
    torch.autograd.backward(scaler.scale(loss))
    scaler.step(training.optimiser)
    scaler.update()
    return torch.stack([loss.detach(), *count_correct(logits.detach(), labels)])


@torch.no_grad()
def _judge(loop: _Loop) -> tuple[float | None, float | None]:
    """Return loss and accuracy over the validation photos, null where there are none."""
    training, recipe = loop.training, loop.recipe
    training.trained.eval()
    total, correct, landmarks = 0.0, 0, 0
    for batch in in_batches(loop.examples.validation, _VALIDATION_BATCH):
        labels = loop.labels_of(batch)
        with training.precision.autocast():
            logits = training.trained(loop.input_of(loop.feed.crops(batch)))
        targets = targets_of(labels, training.classes, 0.0, recipe.other_weight)
        total += float(loss_of(logits, targets)) * len(batch)
        right, photos = count_correct(logits, labels)
        correct, landmarks = correct + int(right), landmarks + int(photos)
    if not len(loop.examples.validation):
        return None, None
    return total / len(loop.examples.validation), correct / max(landmarks, 1)


def _choose(loop: _Loop) -> str:
    """Load the weights that the training ends with, and say which they are.

    The mean of the last epochs, unless validation photos prefer the best single epoch; without
    either, the last epoch.
    """
    training = loop.training
    mean, least = training.mean, training.best_loss
    if mean.count:
        load_state(training.live, mean.state)
        if loop.recipe.batch_norm == "train":
            first = loop.recipe.frozen_stages if training.trained is training.network else 0
            _measure_norms(
                *(training.trained, loop.feed, loop.examples, loop.recipe, loop.device),
                frozen=first,
            )
        loss, _ = _judge(loop)
        if loss is None or least is None or loss <= least:
            last = len(training.history)
            return f"mean of epochs {last - mean.count + 1} to {last}"
    if least is None:
        return f"epoch {len(training.history)}"
    load_state(training.live, training.best)
    return f"epoch {training.best_epoch}"


def refresh(
    network: StagedNetwork, examples: Examples, recipe: Recipe, *, seed: int, device: torch.device
) -> None:
    """Measure a network's batch normalisation anew, as after averaging several trainings' weights.

    Args:
        network: with its new weights; it ends on the device, in evaluation mode.
        examples: whose training photos are looked at, at most 10,000 of them.
        recipe: of the views; where its normalisation is frozen, nothing is done.
        seed: of the views.
        device: where to compute.
    """
    network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    network.eval()
    if recipe.batch_norm == "train":
        with open_feed(examples, recipe, seed, None) as feed:
            _measure_norms(network, feed, examples, recipe, device, frozen=recipe.frozen_stages)


def _measure_norms(
    network: StagedNetwork,
    feed: Feed,
    examples: Examples,
    recipe: Recipe,
    device: torch.device,
    *,
    frozen: int,
) -> None:
    batches = in_batches(examples.train[:_REFRESHED], recipe.batch_size)
    views = feed.views(batches, recipe.epochs + 1)  # as an epoch after the last would see them
    inputs = (network_input(batch, examples.preprocess, device) for batch in views)
    with choose_precision(device).autocast():
        refresh_norms(network, inputs, frozen=frozen)


def _bytes_of(network: nn.Module) -> int:
    return sum(values.nbytes for values in network.state_dict().values())
