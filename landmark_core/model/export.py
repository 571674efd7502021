"""Write a trained network as a model file, once its file gives the network's own scores.

TorchScript is the format of this project; a .pt2 file of torch.export lies beside it for when
TorchScript goes. Both carry the same card. What is written is loaded again first and compared with
the eager network on random pixels.
"""

import warnings
from pathlib import Path
from typing import Literal, get_args

import torch
from torch import Tensor, nn
from torch.jit.frontend import FrontendError

from landmark_core.errors import ConfigError
from landmark_core.model.archive import CARD_FILE
from landmark_core.model.bundle import LoadedModel, check_scores, save_model
from landmark_core.model.card import ModelCard
from landmark_core.model.card_json import card_to_json
from landmark_core.model.files import write_whole
from landmark_core.model.probe import last_line
from landmark_core.model.program import export_program, load_program, same_scores
from landmark_core.model.program_archive import open_program_archive
from landmark_core.model.torchscript import SCRIPT_ERRORS, brief_execution, quiet_torchscript

Format = Literal["torchscript", "pt2"]
TOLERANCE = 1e-5  # largest difference to the eager network's scores, of 1 or the largest score
BATCHES = (1, 3)  # photos; two sizes, so that a frozen batch dimension shows
TRACED = "it cannot be scripted and was traced: what its forward decides by its input is fixed"


def export_network(
    network: nn.Module,
    card: ModelCard,
    path: str | Path,
    *,
    format: Format = "torchscript",  # noqa: A002 (as the option is called)
) -> tuple[str, ...]:
    """Write a network and its card as one file that appears complete or not at all.

    Args:
        network: on the CPU, in eval mode; normalised (N, 3, H, W) -> (N, C).
        card: what the file says of itself.
        path: of the file.
        format: of the file.

    Returns:
        what a user should know of the way it was exported, one line each; () where all is plain.

    Raises:
        ConfigError: if the network is not ready, cannot be exported, its file gives other scores
            than itself, or the file cannot be written.
    """
    if format not in get_args(Format):
        raise ConfigError(f"--format must be one of {', '.join(get_args(Format))}, got {format!r}")
    _check_ready(network)
    if format == "torchscript":
        module, notes = _to_script(network, card)
        check_scores(module, card)
        _compare(network, module, card)
        save_model(module, card, path)
        return notes
    data = export_program(network, card.preprocess.crop_size, {CARD_FILE: card_to_json(card)})
    module = load_program(open_program_archive(data, str(path)).data)
    check_scores(module, card)
    _compare(network, module, card)
    try:
        write_whole(Path(path), data)
    except OSError as error:
        raise ConfigError(f"model {path} cannot be written: {error}") from error
    return ()


def convert_model(
    model: LoadedModel,
    path: str | Path,
    *,
    format: Format = "torchscript",  # noqa: A002 (as the option is called)
) -> None:
    """Write a loaded model, ours or foreign, .pt2 included, as our own TorchScript file.

    Raises:
        ConfigError: if the other format is wanted, or the file cannot be written.
    """
    if format != "torchscript":
        raise ConfigError(
            "torch.export needs the network in Python, which a model file does not hold: "
            "`landmarks train --format pt2` writes both files"
        )
    save_model(model.module, model.card, path)


def _check_ready(network: nn.Module) -> None:
    if any(module.training for module in network.modules()):
        raise ConfigError("the network is in training mode: call .eval() before exporting it")
    devices = {str(tensor.device) for tensor in network.state_dict().values()} - {"cpu"}
    if devices:
        raise ConfigError(f"the network is on {', '.join(sorted(devices))}: call .cpu() first")


def _to_script(
    network: nn.Module, card: ModelCard
) -> tuple[torch.jit.ScriptModule, tuple[str, ...]]:
    with quiet_torchscript():
        try:
            return torch.jit.script(network), ()
        except (*SCRIPT_ERRORS, FrontendError, TypeError, ValueError, OSError) as error:
            # The first line says what; the last is the line of code. OSError: there is no source.
            reason = str(error).strip().partition("\n")[0].rstrip(":")
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")  # what the tracer warns of is said in the note
            example = _pixels(2, card)
            try:
                traced: torch.jit.ScriptModule = torch.jit.trace(  # type: ignore[no-untyped-call]
                    network, example, check_trace=False
                )
            except SCRIPT_ERRORS as error:
                raise ConfigError(
                    f"it can be neither scripted ({reason}) nor traced ({last_line(error)})"
                ) from error
    return traced.eval(), (f"{TRACED} ({reason})",)


def _compare(network: nn.Module, module: torch.jit.ScriptModule, card: ModelCard) -> None:
    for photos in BATCHES:
        pixels = _pixels(photos, card)
        with torch.inference_mode():
            expected: Tensor = network(pixels)
        try:
            with brief_execution():
                scores: Tensor = module(pixels)
        except SCRIPT_ERRORS as error:
            raise ConfigError(
                f"the exported network fails on a batch of {photos}: {last_line(error)}"
            ) from error
        if not same_scores(scores, expected, TOLERANCE):
            raise ConfigError(
                f"the exported network gives other scores than the network itself on a batch of "
                f"{photos} (more than {TOLERANCE:g} apart): its forward cannot be exported"
            )


def _pixels(photos: int, card: ModelCard) -> Tensor:
    size = card.preprocess.crop_size
    return torch.randn(photos, 3, size, size, generator=torch.Generator().manual_seed(photos))
