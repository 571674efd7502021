"""Whether OpenVINO would win end to end over the tagger's own engine, where it is installed.

    python benchmarks/with_openvino.py [--photos FOLDER] [--rounds 7]

Both compute in bfloat16 where the CPU has it. Torch takes batches in one thread a core, as the
tagger's lanes do; OpenVINO takes the same batches through its queue, with one stream a core. Rounds
are interleaved. Cores are busy in both cases, so a photo's cost from file to tag is the processor
time of reading it and of the forward pass; the last column is the ratio of these sums. Without
--photos a drawn JPEG of 1600 x 1200 is read.
"""

import argparse
import io
import os
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import openvino as ov
import torch
import torchvision
from openvino.properties import hint
from PIL import Image
from torch import Tensor

from landmark_core.config import ReadLimits
from landmark_core.library.decode import decode_photo
from landmark_core.model import load_model, quiet_torchscript
from landmark_core.tagging.device import auto_batch_size, draw_probe
from landmark_core.tagging.opening import open_engine

NETWORKS = {"starter": 288, "resnet18": 224, "mobilenet_v3_large": 224}
PHOTOS = 64  # in each round
CORES = len(os.sched_getaffinity(0))


def main() -> None:
    """Print a table: a line for each network."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", help="a folder of JPEGs")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    torch.set_num_threads(1)
    files = _files(options.photos)
    print(
        f"{CORES} cores, {len(files)} files; ms a photo: wall, and processor time of all threads\n"
    )
    print("| network | read cpu | torch | OpenVINO | forward ratio | file to tag ratio |")
    print("|---|---:|---:|---:|---:|---:|")
    for name, size in NETWORKS.items():
        print(_row(name, size, files, options.rounds), flush=True)


def _row(name: str, size: int, files: list[bytes], rounds: int) -> str:
    model = load_model("starter")  # its preprocessing serves for all
    module = model.module if name == "starter" else _script(name)
    engine = open_engine(
        module, normalise=model.preprocess.normalise, image_size=(size, size), device="cpu"
    )
    batch = auto_batch_size(engine.device, (size, size), engine.precision)
    pictures = draw_probe((size, size), PHOTOS).contiguous(memory_format=torch.channels_last)
    batches = list(torch.split(pictures, batch))
    with ThreadPoolExecutor(CORES, initializer=torch.set_num_threads, initargs=(1,)) as lanes:
        jobs: dict[str, Callable[[], object]] = {
            "torch": lambda: list(lanes.map(engine.forward, batches)),
            "openvino": _openvino_job(module, engine.precision, batches, size, model.preprocess),
        }
        spent: dict[str, list[tuple[float, float]]] = {key: [] for key in jobs}
        for _ in range(rounds + 1):
            for key, job in jobs.items():
                spent[key].append(_time(job))
    read = statistics.median(_read(data, model.preprocess) for data in files for _ in range(3))
    (wall, cpu), (ov_wall, ov_cpu) = (
        tuple(statistics.median(column) / PHOTOS * 1e3 for column in zip(*times[1:], strict=True))
        for times in spent.values()
    )
    return (
        f"| {name} ({engine.precision}) | {read:.2f} | {wall:.2f} / {cpu:.2f} "
        f"| {ov_wall:.2f} / {ov_cpu:.2f} | {cpu / ov_cpu:.2f} "
        f"| {(read + cpu) / (read + ov_cpu):.2f} |"
    )


def _openvino_job(
    module: torch.jit.ScriptModule,
    precision: str,
    batches: list[Tensor],
    size: int,
    preprocess: object,
) -> Callable[[], object]:
    """Compile a module with its normalisation inside, for uint8 batches with the channels last."""
    with quiet_torchscript():
        # Frozen and inlined: the converter does not follow calls of submodules.
        frozen = torch.jit.freeze(module) if hasattr(module, "training") else module
    model = ov.convert_model(frozen, example_input=torch.zeros(1, 3, size, size))
    steps = ov.preprocess.PrePostProcessor(model)
    steps.input().tensor().set_element_type(ov.Type.u8).set_layout(ov.Layout("NHWC"))
    steps.input().model().set_layout(ov.Layout("NCHW"))
    settings = preprocess.settings  # type: ignore[attr-defined]
    change = steps.input().preprocess().convert_element_type(ov.Type.f32)
    change.mean([255 * value for value in settings.mean])
    change.scale([255 * value for value in settings.std])
    compiled = ov.Core().compile_model(
        steps.build(),
        "CPU",
        {
            hint.inference_precision: ov.Type.bf16 if precision == "bf16" else ov.Type.f32,
            "NUM_STREAMS": CORES,
            "INFERENCE_NUM_THREADS": CORES,
        },
    )
    queue = ov.AsyncInferQueue(compiled, CORES)
    inputs = [batch.permute(0, 2, 3, 1).numpy() for batch in batches]

    def run() -> None:
        for values in inputs:
            queue.start_async({0: values})
        queue.wait_all()

    return run


def _script(name: str) -> torch.jit.ScriptModule:
    torch.manual_seed(0)
    with quiet_torchscript():
        module: torch.jit.ScriptModule = torch.jit.script(
            getattr(torchvision.models, name)(weights=None).eval()
        )
    return module


def _files(folder: str | None) -> list[bytes]:
    if folder:
        return [path.read_bytes() for path in sorted(Path(folder).rglob("*.jpg"))[:64]]
    file = io.BytesIO()
    values = draw_probe((1200, 1600), 2)[0].permute(1, 2, 0).numpy()
    Image.fromarray(values).save(file, "JPEG", quality=88)
    return [file.getvalue()]


def _read(data: bytes, preprocess: object) -> float:
    """Return the processor time of decoding and resizing one photo, in ms."""
    began = time.thread_time()
    side = preprocess.min_side  # type: ignore[attr-defined]
    decoded = decode_photo(data, name="", min_side=side, limits=ReadLimits())
    preprocess.apply(decoded.upright)  # type: ignore[attr-defined]
    return (time.thread_time() - began) * 1e3


def _time(job: Callable[[], object]) -> tuple[float, float]:
    """Seconds on the wall, and seconds of all of this process's threads."""
    wall, cpu = time.perf_counter(), time.process_time()
    job()
    return time.perf_counter() - wall, time.process_time() - cpu


if __name__ == "__main__":
    main()
