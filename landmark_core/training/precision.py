"""In which precision a training step computes: decided once, by rules that are stated here.

Weights, their updates and the loss are always float32; autocast computes convolutions and products
in half the bits (https://docs.pytorch.org/docs/stable/amp.html). float16 has a small range, so its
gradients are scaled.
"""

import contextlib
from dataclasses import dataclass

import torch
from torch import nn


@dataclass(frozen=True, slots=True)
class Precision:
    """How a step computes; `scaler` does nothing unless the type is float16."""

    device_type: str
    dtype: torch.dtype
    scaler: torch.amp.GradScaler

    def autocast(self) -> contextlib.AbstractContextManager[None]:
        """Return the context that the forward pass runs in."""
        return torch.autocast(
            self.device_type, dtype=self.dtype, enabled=self.dtype is not torch.float32
        )


def choose_precision(device: torch.device) -> Precision:
    """Return bfloat16 where the processor or GPU has it, float16 on older GPUs, else float32."""
    if device.type == "cuda":
        dtype = (
            torch.bfloat16
            if torch.cuda.is_bf16_supported(including_emulation=False)
            else torch.float16
        )
    else:
        dtype = torch.bfloat16 if _cpu_has_bfloat16() else torch.float32
    scaler = torch.amp.GradScaler(device.type, enabled=dtype is torch.float16)
    return Precision(device.type, dtype, scaler)


def _cpu_has_bfloat16() -> bool:
    """Say whether the processor multiplies bfloat16 itself; emulated, it is slower than float32."""
    asks = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
    return bool(asks and asks())


def keep_norms(network: nn.Module) -> None:
    """Put every batch normalisation in evaluation mode: stored statistics are used and kept."""
    for module in network.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):  # noqa: SLF001
            module.eval()
