"""Open what a model works with on this machine: its engine, the lanes through it, who reads for it.

Runs and judgements open it alike, so that a report is about what a run does.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch

from landmark_core.config import Auto, Device, Precision, ReadLimits
from landmark_core.library import PhotoLoader
from landmark_core.model import LoadedModel
from landmark_core.report import Machine
from landmark_core.tagging.device import auto_batch_size
from landmark_core.tagging.forward import Engine
from landmark_core.tagging.lanes import MOST_LANES, Lanes, plan_lanes, usable_cores
from landmark_core.tagging.opening import open_engine


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Equipment:
    """One model ready to work."""

    engine: Engine
    lanes: Lanes
    loader: PhotoLoader
    machine: Machine


@contextmanager
def open_equipment(
    model: LoadedModel,
    *,
    device: Device,
    precision: Precision,
    batch_size: int | Auto,
    workers: int | Auto,
    limits: ReadLimits,
    keep_pictures: bool = False,
) -> Iterator[Equipment]:
    """Place a model and lend it; lanes and reading processes start with the first photo.

    Args:
        model: whose engine it is.
        device: auto, cpu or cuda.
        precision: auto, fp32, bf16 or fp16.
        batch_size: photos per forward pass.
        workers: processes that decode; 0 decodes in this one.
        limits: what one photo may cost.
        keep_pictures: photos come with a picture to draw on.

    Raises:
        ConfigError: cuda is wanted and there is none.
        RunError: the model does not run on the device in the wanted precision.
    """
    shape = model.preprocess.shape
    engine = open_engine(
        model.module,
        normalise=model.preprocess.normalise,
        image_size=shape,
        device=device,
        precision=precision,
        output=model.card.output,
        temperature=model.card.temperature,
    )
    cores = usable_cores()
    readers = choose_workers(workers, engine.device)
    if batch_size == "auto":
        batch_size = auto_batch_size(engine.device, shape, engine.precision)
    with (
        Lanes(engine.device, plan_lanes(engine.device, cores)) as lanes,
        PhotoLoader(
            model.preprocess,
            limits=limits,
            batch_size=batch_size,
            workers=readers,
            keep_pictures=keep_pictures,
        ) as loader,
    ):
        machine = Machine(
            cores=cores, readers=readers, lanes=lanes.plan.lanes, gpu=engine.device.type == "cuda"
        )
        yield Equipment(engine=engine, lanes=lanes, loader=loader, machine=machine)


def choose_workers(wanted: int | Auto, device: torch.device) -> int:
    """Return how many processes decode photos.

    auto is one for each core: beside a CPU that computes, whichever of decoding and the model is
    ahead waits at a full queue and leaves the core to the other. Beside a GPU at most 32.
    """
    if wanted != "auto":
        return wanted
    return min(usable_cores(), 32 if device.type == "cuda" else MOST_LANES)
