"""Open a model: take it apart, place it on a device, and choose the precision that it runs in.

The fastest precision that device.py names and whose answers to drawn pictures stay as they are.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor

from landmark_core.config import Device, Precision
from landmark_core.errors import RunError
from landmark_core.tagging.affine import Normalise, find_affine
from landmark_core.tagging.device import (
    DTYPES,
    auto_batch_size,
    candidate_precisions,
    choose_device,
    draw_probe,
    keeps_answers,
)
from landmark_core.tagging.forward import Engine
from landmark_core.tagging.lanes import Lanes, plan_lanes, usable_cores
from landmark_core.tagging.network import WAYS, Way, take_apart
from landmark_core.tagging.predict import Output

logger = logging.getLogger(__name__)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Let torch compute in the calling thread alone.

    On a busy machine each of a network's operations would else wait for another core: opening the
    starter on two, beside other work, took 2 to 11 s instead of 1.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@_one_thread()
def open_engine(
    module: torch.jit.ScriptModule,
    *,
    normalise: Normalise,
    image_size: tuple[int, int],
    device: Device = "auto",
    precision: Precision = "auto",
    output: Output = "logits",
    temperature: float = 1.0,
    ways: Sequence[Way] = WAYS,
) -> Engine:
    """Place a model on a device and choose its precision, by the rules of device.py.

    Args:
        module: on the CPU, in eval mode; normalised (N, 3, H, W) -> (N, C). It is left as it is.
        normalise: uint8 (N, 3, H, W) and a floating type to what the model takes.
        image_size: (H, W) pixels that the model takes.
        device: auto, cpu or cuda.
        precision: auto, fp32, bf16 or fp16.
        output: what the scores are.
        temperature: divisor of the logits that makes confidences of them.
        ways: ways to explain that may be used; all, unless a test or a benchmark compares them.

    Raises:
        ConfigError: cuda is wanted and there is none.
        RunError: the model does not run on the device in the wanted precision.
    """
    place = choose_device(device)
    probe = draw_probe(image_size, 2)
    blueprint = take_apart(module, normalise(probe, torch.float32), ways)
    if blueprint.reason:
        logger.warning("no heatmaps from this model: %s", blueprint.reason)

    # The layout that the short way is made for; GPUs have bandwidth to spare.
    short = place.type == "cpu" and blueprint.layout == torch.channels_last
    prepare = (find_affine(normalise, probe) if short else None) or normalise

    def open_with(name: str) -> Engine:
        network = blueprint.build(place, DTYPES[name])
        half = place.type == "cpu" and name != "fp32"
        always = auto_batch_size(place, image_size, name) if half else None
        engine = Engine(network, device=place, precision=name, normalise=prepare, always=always)
        engine.forward(probe)  # what does not run there shows now, before any photo is read
        return engine

    *faster, last = candidate_precisions(precision, place)
    engine = open_with(last)
    if not faster:
        return engine
    pictures = draw_probe(image_size)
    expected = _score_in_batches(engine, pictures)
    for name in faster:
        try:
            reduced = open_with(name)
            scores = _score_in_batches(reduced, pictures)
        except RunError as error:
            logger.info("%s does not run (%s)", name, error)
            continue
        if keeps_answers(expected, scores, output, temperature=temperature):
            return reduced
        logger.info("%s would change what this model answers", name)
    return engine


def _score_in_batches(engine: Engine, pictures: Tensor) -> Tensor:
    """Score pictures as a run does, batches beside each other in lanes."""
    with Lanes(engine.device, plan_lanes(engine.device, usable_cores())) as lanes:
        batches = lanes.map(engine.forward, torch.split(pictures, 8))
        return torch.cat([forwarded.scores for forwarded in batches])
