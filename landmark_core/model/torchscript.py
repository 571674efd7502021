"""Read and write TorchScript without its deprecation notices.

torch 2.12 and later announce on every call that `torch.jit` gives way to `torch.export`. The file
format of this project is TorchScript by contract, so the user can do nothing about the notice; it
is silenced here, around our own calls alone. Everything else that torch warns about still reaches
the user.
"""

import io
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch.jit._fuser import optimized_execution

# What running or loading TorchScript raises; what scripted code raises itself is no RuntimeError.
SCRIPT_ERRORS = (RuntimeError, torch.jit.Error)


@contextmanager
def quiet_torchscript() -> Iterator[None]:
    """Silence "torch.jit.* is deprecated" inside the block."""
    with warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", message=r".*torch\.jit\.\S+ (is|are) (deprecated|not supported).*"
        )
        yield


@contextmanager
def brief_execution() -> Iterator[None]:
    """Run modules inside the block without gradients and without compiling them first.

    TorchScript spends its second call of every shape on optimising: worth it for a library of
    photos, a second or two lost for the few calls that get to know a file.
    """
    with torch.inference_mode(), optimized_execution(should_optimize=False):
        yield


def load_script(data: bytes) -> torch.jit.ScriptModule:
    """Load a TorchScript file's bytes onto the CPU, in eval mode.

    Raises:
        RuntimeError: what torch raises for a file that it cannot load.
    """
    with quiet_torchscript():
        module: torch.jit.ScriptModule = torch.jit.load(  # type: ignore[no-untyped-call]
            io.BytesIO(data), map_location="cpu"
        )
    return module.eval()


def save_script(module: torch.jit.ScriptModule, extra_files: Mapping[str, str]) -> bytes:
    """Write a TorchScript file with extra text files inside it, as bytes."""
    buffer = io.BytesIO()
    with quiet_torchscript():
        torch.jit.save(module, buffer, _extra_files=dict(extra_files))
    return buffer.getvalue()
