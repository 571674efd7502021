"""Fill a torchvision network with trained weights: a name of a file or `default` in, nothing out.

A file is what torch.save made of a state dict, bare or inside a training's checkpoint
(`model_ema`, `model` or `state_dict`), with or without the `module.` that parallel training puts
before each name. It is read with weights_only, so it cannot run code. The last layer is new in
transfer learning, so it may have any number of classes; every other tensor must fit. A model that
`landmarks train` made of the same backbone serves as well, by its name: `starter`, MODEL_DIR or
MODEL_DIR@VERSION. Its network has the same layers in the same order, under other names.
"""

import argparse
import pickle
import warnings
from collections.abc import Mapping
from pathlib import Path
from urllib.error import URLError

import torch
from torch import Tensor, nn
from torchvision.models import get_model_weights

from landmark_core.errors import ConfigError
from landmark_core.model.source import PACKAGED, find_version

_WRAPPERS = ("model_ema", "model", "state_dict")
_SHOWN = 3  # tensors that a message names


def fill_network(network: nn.Module, name: str, weights: str) -> None:
    """Load trained weights into torchvision's own network, all but its last layer.

    Args:
        network: as torchvision's get_model returns it.
        name: of the backbone, for torchvision's download and messages.
        weights: default, a path, or a model by its name.

    Raises:
        ConfigError: no file, no state dict, the download fails, or tensors do not fit.
    """
    expected = network.state_dict()
    state = _find(name, weights, expected)
    last = _last_layer(expected)
    given = {
        key: values
        for key, values in state.items()
        if key.rpartition(".")[0] != last and not _is_auxiliary(key)
    }
    misfits = _misfits(expected, given, last)
    if misfits:
        more = f" and {len(misfits) - _SHOWN} more" if len(misfits) > _SHOWN else ""
        raise ConfigError(
            f"--weights {weights} does not fit {name}: {'; '.join(misfits[:_SHOWN])}{more}; "
            "give the backbone that the file was made for, or --weights none"
        )
    network.load_state_dict(given, strict=False)


def _find(name: str, weights: str, expected: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    if weights == "default":
        return _download(name)
    if weights in PACKAGED or find_version(weights) is not None:
        return _of_model(weights, name, expected)
    return read_state(weights)


def _of_model(model: str, name: str, expected: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    """Return a model's tensors under the names that torchvision's network gives them."""
    from landmark_core.model.bundle import load_model  # which reads networks that are made here

    given = load_model(model).module.state_dict()
    if len(given) != len(expected):
        raise ConfigError(
            f"--weights {model} does not fit {name}: expected {len(expected)} tensors, "
            f"{len(given)} came; give the backbone that it was trained from"
        )
    return dict(zip(expected, given.values(), strict=True))


def read_state(path: str) -> dict[str, Tensor]:
    """Read a state dict, whatever it is wrapped in.

    Raises:
        ConfigError: no such file, or it holds no state dict.
    """
    if not Path(path).is_file():
        raise ConfigError(
            f"no weights {path}: there is no such file (default, none, starter and MODEL_DIR are "
            "names)"
        )
    try:
        # A training's checkpoint also holds its arguments, in a class that can do no harm.
        with torch.serialization.safe_globals([argparse.Namespace]), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that it is an old or odd pickle: it is read or not
            content = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, ValueError, KeyError, pickle.UnpicklingError) as error:
        reason = str(error).strip().partition("\n")[0].partition(". ")[0] or type(error).__name__
        raise ConfigError(
            f"weights {path} cannot be read as a state dict saved by torch.save: {reason}"
        ) from error
    for wrapper in _WRAPPERS:
        if isinstance(content, Mapping) and isinstance(content.get(wrapper), Mapping):
            content = content[wrapper]
            break
    if not isinstance(content, Mapping):
        raise ConfigError(f"weights {path}: expected a state dict, got {type(content).__name__}")
    tensors = {
        str(key).removeprefix("module."): value
        for key, value in content.items()
        if isinstance(value, Tensor)
    }
    if not tensors:
        raise ConfigError(f"weights {path}: expected a state dict, got one without tensors")
    tensors.pop("n_averaged", None)  # of torch's AveragedModel
    return tensors


def _download(name: str) -> Mapping[str, Tensor]:
    weights = get_model_weights(name).DEFAULT
    try:
        state: Mapping[str, Tensor] = weights.get_state_dict(progress=False, check_hash=True)
    except (URLError, OSError, RuntimeError) as error:
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise ConfigError(
            f"torchvision's weights of {name} cannot be downloaded from {weights.url}: {reason}; "
            "download the file elsewhere and give it as --weights FILE, or begin with "
            "--weights starter, which is here (mobilenet_v2)"
        ) from error
    return state


def _last_layer(expected: Mapping[str, Tensor]) -> str:
    """Return the name of the layer that gives the 1000 classes: the last one in every family."""
    return [key for key in expected if key.endswith(".weight")][-1].removesuffix(".weight")


def _is_auxiliary(key: str) -> bool:
    return key.startswith(("aux1.", "aux2.", "AuxLogits."))


def _misfits(expected: Mapping[str, Tensor], given: Mapping[str, Tensor], last: str) -> list[str]:
    """Say of each tensor that does not fit what was expected and what came."""
    problems = []
    for key, wanted in expected.items():
        if key.rpartition(".")[0] == last or key.endswith("num_batches_tracked"):
            continue
        if key not in given:
            problems.append(f"{key} is missing")
        elif given[key].shape != wanted.shape:
            problems.append(f"{key} is {tuple(given[key].shape)}, not {tuple(wanted.shape)}")
    problems += [f"{key} is not in the network" for key in given if key not in expected]
    return problems
