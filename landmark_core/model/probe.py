"""Learn by running it what a TorchScript module takes and gives.

The probes are drawn from a generator of their own, so the process's random state stays untouched.
"""

import torch
from torch import Tensor

from landmark_core.errors import ConfigError
from landmark_core.model.card import Output
from landmark_core.model.torchscript import SCRIPT_ERRORS, brief_execution

INPUT_SIZES = (
    224,
    256,
    299,
    320,
    384,
    448,
    512,
    192,
    160,
    128,
    96,
    64,
    32,
    240,
    260,
    288,
    300,
    336,
    380,
    456,
)
PROBES = 3  # photos in one probe batch
SAME = 1e-4  # largest relative difference between a photo alone and in a batch


def run_module(module: torch.jit.ScriptModule, images: Tensor) -> Tensor:
    """Run a module and refuse anything but one row of finite scores per image.

    Args:
        module: in eval mode, on the CPU.
        images: (N, 3, H, W) float32.

    Returns:
        (N, C) float32 scores.

    Raises:
        RuntimeError: what torch raises when the forward fails; or torch.jit.Error.
        ConfigError: if the result is not a finite (N, C) tensor.
    """
    with brief_execution():
        scores = module(images)
    if not isinstance(scores, Tensor):
        raise ConfigError(
            f"expected ({len(images)}, C) scores, got a {type(scores).__name__}: "
            "export a network whose forward returns the scores alone"
        )
    if scores.ndim != 2 or len(scores) != len(images):
        raise ConfigError(
            f"expected ({len(images)}, C) scores, got {tuple(scores.shape)}: "
            "export it again with a batch dimension that is free"
        )
    if not scores.isfinite().all():
        raise ConfigError("it gives NaN or infinity: its weights are broken, export it again")
    return scores.float()


def find_input_size(module: torch.jit.ScriptModule) -> int:
    """Return the side in pixels of the first usual input that the module takes.

    Raises:
        ConfigError: if it fails on all of them; carries the reason of the first.
    """
    reason = ""
    for size in INPUT_SIZES:
        try:
            run_module(module, torch.zeros(1, 3, size, size))
        except SCRIPT_ERRORS as error:
            reason = reason or last_line(error)
        else:
            return size
    raise ConfigError(f"its forward fails on RGB photos of every usual size: {reason}")


def probe_scores(module: torch.jit.ScriptModule, size: int) -> Tensor:
    """Run random images and check that each photo's scores depend on that photo alone.

    Returns:
        (3, C) scores.

    Raises:
        ConfigError: if a batch fails, or scores change from run to run or with the batch.
    """
    images = torch.randn(PROBES, 3, size, size, generator=torch.Generator().manual_seed(0))
    try:
        together = run_module(module, images)
        alone = run_module(module, images[:1])  # (1, C)
    except SCRIPT_ERRORS as error:
        raise ConfigError(
            f"its forward fails on a batch of {PROBES}: {last_line(error)}"
        ) from error
    if (together[:1] - alone).abs().max() > SAME * together.abs().max().clamp(min=1):
        raise ConfigError(
            "a photo's scores change from run to run or with the other photos of its batch: "
            "export it again after model.eval()"
        )
    return together


def name_output(scores: Tensor) -> tuple[Output, str]:
    """Guess from (N, C) scores what they are.

    Returns:
        the kind, and the guess in words.
    """
    if scores.min() >= 0 and (scores.sum(dim=1) - 1).abs().max() < 1e-3:
        return "probabilities", "its outputs sum to 1: taken as probabilities, energy is null"
    if scores.min() > 0 and scores.max() <= 1:  # a sigmoid is never 0, an untrained head may be
        return "probabilities", (
            "its outputs lie in 0..1 but do not sum to 1 (one sigmoid a class?): "
            "taken as probabilities and scaled to sum to 1, energy is null"
        )
    if scores.max() <= 0 and (scores.exp().sum(dim=1) - 1).abs().max() < 1e-3:
        return "logits", "its outputs are log-probabilities: taken as logits, energy says nothing"
    return "logits", "its outputs are neither in 0..1 nor sum to 1: taken as logits"


def last_line(error: BaseException) -> str:
    """Return the last line of a torch error, where TorchScript puts the cause."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
