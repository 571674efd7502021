"""The mean of weights: over the last epochs of one training, or over several trainings.

Over epochs: Izmailov et al. 2018 (https://arxiv.org/abs/1803.05407). Over trainings that start from
the same weights: Wortsman et al. 2022 (https://arxiv.org/abs/2203.05482). Statistics of batch
normalisation belong to the weights that they were measured with; `refresh_norms` measures them anew
where they are not frozen.
"""

from collections.abc import Iterable, Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

State = dict[str, Tensor]


def copy_state(live: Mapping[str, Tensor]) -> State:
    """Return a copy of every tensor, where it is."""
    return {name: values.detach().clone() for name, values in live.items()}


@torch.no_grad()
def load_state(live: Mapping[str, Tensor], state: Mapping[str, Tensor]) -> None:
    """Write values into the tensors of a network, in place: layout and device stay."""
    for name, values in live.items():
        values.copy_(state[name])


class RunningMean:
    """The mean of the states that were added; it can be saved and taken up again."""

    def __init__(self, state: State | None = None, count: int = 0) -> None:
        """Begin empty, or where `state` and `count` left off."""
        self.state = state or {}
        self.count = count

    @torch.no_grad()
    def add(self, live: Mapping[str, Tensor]) -> None:
        """Add the present values of a network."""
        self.count += 1
        if self.count == 1:
            self.state = copy_state(live)
            return
        for name, values in live.items():
            if values.is_floating_point():
                self.state[name].add_((values.detach() - self.state[name]) / self.count)
            else:
                self.state[name].copy_(values)


def average_weights(states: Sequence[Mapping[str, Tensor]]) -> State:
    """Return the mean of several trainings' weights; counters are those of the last.

    Args:
        states: state dicts of one architecture, at least one.

    Raises:
        ValueError: none, or their tensors differ in name or shape.
    """
    if not states:
        raise ValueError("no weights to average")
    shapes = [{name: values.shape for name, values in state.items()} for state in states]
    if any(other != shapes[0] for other in shapes):
        raise ValueError("only weights of one architecture can be averaged")
    mean: State = {}
    for name, last in states[-1].items():
        if last.is_floating_point():
            # float64: the order of the states must not show.
            total = torch.stack([state[name].double() for state in states]).mean(dim=0)
            mean[name] = total.to(last.dtype)
        else:
            mean[name] = last.clone()
    return mean


@torch.no_grad()
def refresh_norms(network: nn.Module, inputs: Iterable[Tensor], *, frozen: int) -> None:
    """Measure the statistics of batch normalisation for the weights as they are now.

    Args:
        network: a StagedNetwork, which is left in evaluation mode.
        inputs: batches as the network takes them; each counts the same.
        frozen: stages at its start that keep their statistics.
    """
    stages = list(network.get_submodule("stages").children())[frozen:]
    norms = [
        module
        for part in (*stages, network.get_submodule("head"))
        for module in part.modules()
        if isinstance(module, _BatchNorm) and module.track_running_stats
    ]
    before = [norm.momentum for norm in norms]
    network.eval()  # dropout stays off
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a plain mean over the batches
        norm.train()
    if norms:
        for batch in inputs:
            network(batch)
    for norm, momentum in zip(norms, before, strict=True):
        norm.momentum = momentum
    network.eval()
