"""Run a model over batches of pixels, and explain chosen rows of what it just saw.

Pixels stay uint8 until they are on the device; they are normalised there. The trunk of the network
runs in the chosen precision, its head in float32: half precision would blur the probabilities. A
batch that does not fit the memory is halved, down to single photos, and the smaller size is
remembered. What a score means is not known here; predict.py reads it.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor

from landmark_core.errors import RunError
from landmark_core.tagging.affine import Normalise
from landmark_core.tagging.device import (
    DTYPES,
    is_out_of_memory,
)
from landmark_core.tagging.explain import map_by_gradient, map_by_weights
from landmark_core.tagging.graph import SCRIPT_ERRORS, last_line
from landmark_core.tagging.network import Network, Way, stand_in

logger = logging.getLogger(__name__)

Part = TypeVar("Part")


@dataclass(frozen=True, slots=True, kw_only=True)
class Forwarded:
    """What one batch gave: scores for all, and what is needed to explain any of its rows."""

    scores: Tensor  # (N, C) float32 on the CPU
    activations: Tensor | None  # (N, K, h, w) on the device; null where nothing can be explained
    pixels: Tensor  # (N, 3, H, W) uint8, the caller's own


class Engine:
    """A model on its device; it owns that copy, and remembers the batch size that fits.

    Several threads may call it at once: what is shared is read, but for that size, which has a
    lock. Switches of torch that matter here (inference mode, the executor's) belong to a thread.
    On a GPU each thread that has a stream of its own waits for that one alone.

    Args:
        network: the model, placed.
        device: where it lies.
        precision: fp32, bf16 or fp16, that its trunk computes in.
        normalise: uint8 (N, 3, H, W) and a floating type to what the model takes.
        always: photos that each pass has, black ones in the place of those that lack; null for any
            number. oneDNN chooses its kernels by the shape of a batch, and in half precision
            another kernel moves confidences by 0.004: a photo's answer would depend on how many
            came with it.
    """

    def __init__(
        self,
        network: Network,
        *,
        device: torch.device,
        precision: str,
        normalise: Normalise,
        always: int | None = None,
    ) -> None:
        self.device = device
        self.precision = precision
        self._network = network
        self._normalise = normalise
        self._fits = always  # photos per pass at most; null until memory ran out
        self._always = always
        self._shrinking = threading.Lock()

    @property
    def explains_by(self) -> Way | None:
        """How maps are made: closed_form, tapped_graph or submodules; null where there are none."""
        return self._network.way

    @property
    def no_maps_because(self) -> str | None:
        """Why explain gives no maps, one line; null where it does."""
        return self._network.reason

    def forward(self, pixels: Tensor) -> Forwarded:
        """Score a batch; the scores of a photo do not depend on its neighbours.

        Args:
            pixels: (N, 3, H, W) uint8 on the CPU at the model's input size; N may be 0.

        Raises:
            RunError: a single photo does not fit the memory, or the device failed.
        """
        # Models may refuse an empty batch (`view(0, -1)`), so a black photo lends it its shapes.
        photos = pixels if len(pixels) else pixels.new_zeros(1, *pixels.shape[1:])
        scores, activations = zip(*self._in_parts(photos, self._score), strict=True)
        explained = self.explains_by is not None
        return Forwarded(
            scores=torch.cat(scores)[: len(pixels)],
            activations=torch.cat(activations)[: len(pixels)] if explained else None,
            pixels=pixels,
        )

    def explain(
        self, forwarded: Forwarded, rows: Sequence[int], classes: Sequence[int]
    ) -> Tensor | None:
        """Return raw Grad-CAM maps of some photos, from the activations of that very forward.

        Args:
            forwarded: what forward returned.
            rows: the photos to explain, as rows of the batch.
            classes: the class to explain for each of them.

        Returns:
            (len(rows), h, w) float32 on the CPU, not negative; None where the model cannot be
            explained (no_maps_because says why).
        """
        if len(rows) != len(classes):
            raise ValueError(f"expected one class per row, got {len(classes)} for {len(rows)} rows")
        if forwarded.activations is None:
            return None
        if not rows:
            return torch.empty(0, *forwarded.activations.shape[2:])
        chosen = torch.tensor(list(zip(rows, classes, strict=True)), dtype=torch.int64)  # (n, 2)

        def explain_part(part: Tensor) -> Tensor:
            return self._explain(forwarded, part[:, 0], part[:, 1])

        return torch.cat(list(self._in_parts(chosen, explain_part)))

    def _score(self, pixels: Tensor) -> tuple[Tensor, Tensor | None]:
        network, photos = self._network, len(pixels)
        with torch.inference_mode():
            inputs = self._to_device(self._filled(pixels), DTYPES[self.precision])
            first = network.trunk(inputs)[:photos]
            if network.head is None:
                return first.float().cpu(), None
            shape = (photos, *inputs.shape[1:])
            scores, _ = network.head(stand_in(shape, self.device), first.float())
            # .cpu() waits for this thread's stream alone, so all of this batch is there after it.
            return scores.cpu(), first

    def _filled(self, pixels: Tensor) -> Tensor:
        """Return the photos of a pass and as many black ones as it lacks."""
        lacking = (self._always or 0) - len(pixels)
        if lacking <= 0:
            return pixels
        return torch.cat([pixels, pixels.new_zeros(lacking, *pixels.shape[1:])])

    def _explain(self, forwarded: Forwarded, rows: Tensor, classes: Tensor) -> Tensor:
        network, activations = self._network, forwarded.activations
        assert activations is not None
        assert network.head is not None
        chosen = activations[rows.to(self.device)]  # (n, K, h, w)
        classes = classes.to(self.device)
        if network.linear is not None:
            with torch.inference_mode():
                return map_by_weights(chosen, classes, network.linear).cpu()
        pixels = stand_in((len(rows), *forwarded.pixels.shape[1:]), self.device)
        return map_by_gradient(pixels, chosen, classes, network.head).cpu()

    def _to_device(self, pixels: Tensor, dtype: torch.dtype) -> Tensor:
        if self.device.type == "cuda":
            pixels = pixels.pin_memory().to(self.device, non_blocking=True)
        # Turned while still one byte a value, and again where normalise turned it back.
        layout = self._network.layout
        pixels = pixels.contiguous(memory_format=layout)
        return self._normalise(pixels, dtype).contiguous(memory_format=layout)

    def _in_parts(self, rows: Tensor, run: Callable[[Tensor], Part]) -> Iterator[Part]:
        """Yield run's results over consecutive parts of the rows, halved while memory runs out."""
        start = 0
        while start < len(rows):
            fits = self._fits  # read once: another thread may be changing it
            part = rows[start : start + fits] if fits else rows[start:]
            result = self._run_or_shrink(part, run)
            if result is not None:
                yield result
                start += len(part)

    def _run_or_shrink(self, part: Tensor, run: Callable[[Tensor], Part]) -> Part | None:
        try:
            return run(part)
        except (MemoryError, *SCRIPT_ERRORS) as error:
            if not is_out_of_memory(error):
                raise RunError(f"the model failed on {self.device}: {last_line(error)}") from error
            if len(part) == 1:
                raise RunError(
                    f"one photo does not fit the memory of {self.device}; "
                    "free some, use --device cpu, or take a smaller model"
                ) from error
        self._shrink(len(part))
        if self.device.type == "cuda":
            torch.cuda.empty_cache()  # outside of the except: the error's frames hold the tensors
        return None

    def _shrink(self, tried: int) -> None:
        """Halve what did not fit; of threads that ran out beside each other, the first does it."""
        with self._shrinking:
            if self._fits is not None and self._fits < tried:
                return
            self._fits = tried // 2
        logger.warning("out of memory at %d photos; going on with %d at a time", tried, tried // 2)
