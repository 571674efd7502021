"""Normalise pixels on the CPU in as few passes over the memory as there can be.

(v / 255 - mean) / std is one factor and one summand per channel. With the channels last, torch's
loops over a channel's numbers are three values long; here a row of pixels is one long row of values
and meets its numbers laid out alike: 0.14 ms instead of 0.48 ms for 288 x 288 pixels to bfloat16.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

Normalise = Callable[[Tensor, torch.dtype], Tensor]

_MOVE = 1e-6  # largest difference from what the model asks for; values are about 1


@dataclass(frozen=True, slots=True)
class Affine:
    """A normalisation by one factor and one summand per channel."""

    factor: Tensor  # (3,) float32
    summand: Tensor  # (3,) float32

    def __call__(self, pixels: Tensor, dtype: torch.dtype) -> Tensor:
        """Turn pixels into a network's input.

        Args:
            pixels: uint8 (N, 3, H, W) on the CPU, channels last.
            dtype: of the result; all is computed in float32.

        Returns:
            (N, 3, H, W), channels last.
        """
        count, channels, height, width = pixels.shape
        rows = pixels.permute(0, 2, 3, 1).reshape(count, height, width * channels).float()
        torch.addcmul(self.summand.repeat(width), rows, self.factor.repeat(width), out=rows)
        values = rows.to(dtype).view(count, height, width, channels)
        return values.permute(0, 3, 1, 2)  # (N, 3, H, W)


def find_affine(normalise: Normalise, pixels: Tensor) -> Affine | None:
    """Return a normalisation as factor and summand, None where it is something else.

    Args:
        normalise: uint8 (N, 3, H, W) and a floating type to what the model takes.
        pixels: uint8 (N, 3, H, W) to compare on.
    """
    every = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16).expand(1, 3, 16, 16)
    table = normalise(every, torch.float32).double().reshape(3, 256)
    factor = (table[:, 255] - table[:, 0]) / 255
    affine = Affine(factor=factor.float(), summand=table[:, 0].float())
    for values in (every, pixels):
        moves = (affine(values, torch.float32) - normalise(values, torch.float32)).abs()
        if not moves.max() <= _MOVE:  # nor where it is NaN
            return None
    return affine
