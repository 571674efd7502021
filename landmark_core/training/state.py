"""What a training changes while it runs: made at the start or from a checkpoint, saved as one."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from landmark_core.model import StagedNetwork, split_network
from landmark_core.training.averaging import RunningMean, State, copy_state, load_state
from landmark_core.training.checkpoint import Checkpoint
from landmark_core.training.examples import EpochMetrics
from landmark_core.training.optimiser import make_optimiser
from landmark_core.training.precision import Precision, choose_precision, keep_norms
from landmark_core.training.recipe import Recipe


def classes_of(network: StagedNetwork) -> int:
    """Return how many logits a network gives."""
    last = network.head[-1]
    assert isinstance(last, nn.Linear)
    return last.out_features


@dataclass(slots=True, kw_only=True)
class Training:
    """The state that the loop changes."""

    network: StagedNetwork  # whole
    trained: StagedNetwork  # what the feed's inputs go through: the network, or its rest
    live: dict[str, Tensor]  # every parameter and buffer of the network, to be read and overwritten
    optimiser: torch.optim.AdamW
    precision: Precision
    mean: RunningMean
    best: State = field(default_factory=dict)
    best_epoch: int = 0  # from 1; 0 where there is none
    history: list[EpochMetrics] = field(default_factory=list)

    @property
    def classes(self) -> int:
        """Outputs of the network."""
        return classes_of(self.network)

    @property
    def best_loss(self) -> float | None:
        """The least validation loss so far; null where there is none."""
        return self.history[self.best_epoch - 1].validation_loss if self.best_epoch else None


def begin(
    network: StagedNetwork,
    recipe: Recipe,
    device: torch.device,
    checkpoint: Checkpoint | None,
    *,
    from_kept: bool,
) -> Training:
    """Return the state of a training: its start, or what the checkpoint says.

    Args:
        network: on its device already, whole.
        recipe: how it trains.
        device: where it is.
        checkpoint: to go on from.
        from_kept: whether inputs have passed the frozen stages already.
    """
    network.stages[: recipe.frozen_stages].requires_grad_(requires_grad=False)
    training = Training(
        network=network,
        trained=split_network(network, recipe.frozen_stages)[1] if from_kept else network,
        live=network.state_dict(keep_vars=True),
        optimiser=make_optimiser(network, recipe),
        precision=choose_precision(device),
        mean=RunningMean(),
    )
    if checkpoint is None:
        return training
    load_state(training.live, checkpoint.network)
    training.optimiser.load_state_dict(checkpoint.optimiser)
    training.precision.scaler.load_state_dict(checkpoint.scaler)
    training.mean = RunningMean(_placed(checkpoint.mean, device), checkpoint.mean_count)
    training.best, training.best_epoch = _placed(checkpoint.best, device), checkpoint.best_epoch
    training.history = list(checkpoint.history)
    return training


def checkpoint_of(training: Training, identity: Mapping[str, str]) -> Checkpoint:
    """Return what is saved after an epoch; tensors are the training's own, not copies."""
    return Checkpoint(
        identity=identity,
        network={name: values.detach() for name, values in training.live.items()},
        optimiser=training.optimiser.state_dict(),
        scaler=training.precision.scaler.state_dict(),
        mean=training.mean.state,
        mean_count=training.mean.count,
        best=training.best,
        best_epoch=training.best_epoch,
        history=tuple(training.history),
    )


def set_modes(training: Training, recipe: Recipe, epoch: int) -> None:
    """Say which layers train in this epoch, and which normalise by the batch."""
    network = training.network
    training.trained.train()
    held = epoch <= recipe.head_epochs
    for number, stage in enumerate(network.stages):
        still = held or number < recipe.frozen_stages
        stage.requires_grad_(not still)
        if still:
            stage.eval()
    for layer in list(network.head)[:-1]:
        layer.requires_grad_(not held)
    if recipe.batch_norm == "frozen":
        keep_norms(network)


def take_in(training: Training, metrics: EpochMetrics, recipe: Recipe) -> None:
    """Add an epoch to the history, to the mean where it is late enough, and keep the best."""
    training.history.append(metrics)
    if metrics.epoch > (1 - recipe.averaged) * recipe.epochs:
        training.mean.add(training.live)
    loss, least = metrics.validation_loss, training.best_loss
    if loss is not None and (least is None or loss < least):
        training.best, training.best_epoch = copy_state(training.live), metrics.epoch


def why_stop(training: Training, recipe: Recipe) -> str | None:
    """Return why no further epoch should run; null where one should."""
    waited = len(training.history) - training.best_epoch
    if not recipe.patience or not training.best_epoch or waited < recipe.patience:
        return None
    return f"no better validation loss in {waited} epochs"


def _placed(state: State, device: torch.device) -> State:
    return {name: values.to(device) for name, values in state.items()}
