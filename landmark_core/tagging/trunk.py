"""Build the function that computes a trunk: exact for its precision, and as fast as torch allows.

Biases are settled for rounded weights (rounding.py), then steps are fused (fuse.py). A fused trunk
is taken only where it gives on a probe what the plain graph gives; that one always runs.
"""

import logging
import math
from collections.abc import Callable
from typing import cast

import torch
from torch import Tensor

from landmark_core.tagging.fuse import can_fuse, fuse
from landmark_core.tagging.graph import (
    SCRIPT_ERRORS,
    Graph,
    as_function,
    build_function,
    last_line,
    place,
)
from landmark_core.tagging.rounding import take_back_rounding

logger = logging.getLogger(__name__)

Trunk = Callable[[Tensor], Tensor]

AGREEMENT = 1e-4  # largest difference of what should be the same, as a part of the largest value


def build_trunk(
    graph: Graph,
    device: torch.device,
    dtype: torch.dtype,
    layout: torch.memory_format,
    probe: Tensor,
) -> Trunk:
    """Return a graph as a function, with its steps fused where that is possible and true.

    Args:
        graph: pixels to one tensor, from frozen_graph or cut_graph; it is left as it is.
        device: where it will run.
        dtype: that it will compute in.
        layout: of the pixels that it will get.
        probe: (N, 3, H, W) normalised float32 pixels on the CPU to try it on, N >= 2.
    """
    exact, graph = graph, _settle(graph, dtype, probe)
    plain = cast("Trunk", build_function(graph, device, dtype, layout))
    if not can_fuse(device, dtype, layout):
        return plain
    few = probe[:2].contiguous(memory_format=layout)
    with torch.inference_mode():
        expected = cast("Trunk", build_function(exact, device, probe.dtype, layout))(few)
        # Fused steps round less often, so they are as near to float32 as the plain ones, or nearer.
        allowed = 2 * distance(plain(few.to(dtype)), expected) + AGREEMENT
        for sums in (True, False):
            try:
                placed = place(graph, device, dtype, layout)
                fuse(placed, graph, sums=sums)
                trunk = cast("Trunk", as_function(placed))
                if distance(trunk(few.to(dtype)), expected) <= allowed:
                    return trunk
            except (AttributeError, *SCRIPT_ERRORS) as error:  # this torch has it otherwise
                logger.debug("a fused trunk does not run: %s", last_line(error))
    logger.info("the steps of this model are not fused: that would change what it gives")
    return plain


def _settle(graph: Graph, dtype: torch.dtype, probe: Tensor) -> Graph:
    if dtype == probe.dtype:
        return graph
    try:
        return take_back_rounding(graph, dtype, probe)
    except (AttributeError, *SCRIPT_ERRORS) as error:  # this torch has it otherwise
        logger.debug("biases are left as they are: %s", last_line(error))
        return graph


def distance(values: Tensor, expected: Tensor) -> float:
    """Return the largest difference, as a part of the largest value; infinite between shapes."""
    if values.shape != expected.shape:
        return math.inf
    largest = float(expected.abs().max())
    difference = float((values.float() - expected).abs().max())
    return difference / largest if largest else (math.inf if difference else 0.0)
