"""Photos/s beside a GPU: decode alone, forward alone and end to end, and how busy the GPU is.

    python benchmarks/gpu.py [--photos 4000] [--sizes 1600x1200 340x256] [--model starter]

On landmark_core alone (torch 2.11 or newer; neither Prefect nor pandas). "decode" is the loader
with the run's own number of workers, and nobody who keeps it waiting; "nvJPEG" is what decoding and
resizing on the GPU would do in its place, nothing else running there: runs do not use it; "forward"
is the engine over pixels that are on the CPU, as a run gives them to it; "end to end" is
`tag_library`, marginal: a run of all photos minus a run of a third of them. The GPU's busy share is
what nvidia-smi says five times a second while the larger run goes, its start included. Where there
is no GPU it says so and ends well.
"""

import argparse
import itertools
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import torch
from torch.nn.functional import interpolate
from torchvision.io import decode_jpeg

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))
from draw_library import draw_scene, encode

from landmark_core.config import ReadLimits, TagConfig
from landmark_core.library import PhotoLoader, open_listing
from landmark_core.model import LoadedModel, load_model
from landmark_core.records import PhotoRef
from landmark_core.tagging import tag_library
from landmark_core.tagging.device import auto_batch_size
from landmark_core.tagging.equipment import choose_workers
from landmark_core.tagging.forward import Engine
from landmark_core.tagging.opening import open_engine

PICTURES = 16  # different photos of a size; the others are links to them
LANES = 2  # threads that give batches to the engine at the same time
WARM_UP = 8  # batches


@dataclass(slots=True)
class Busy:
    """What nvidia-smi said while something ran."""

    percent: list[int] = field(default_factory=list)

    @property
    def median(self) -> float:
        """Half of the samples are above it; NaN where there is none."""
        return statistics.median(self.percent) if self.percent else float("nan")


@contextmanager
def watch_gpu() -> Iterator[Busy]:
    """Sample the GPU's utilisation five times a second inside the block."""
    busy = Busy()
    if shutil.which("nvidia-smi") is None:
        yield busy
        return
    command = ["nvidia-smi", "--query-gpu=utilization.gpu", "--format=csv,noheader,nounits"]
    with subprocess.Popen([*command, "-i", "0", "-lms", "200"], stdout=subprocess.PIPE) as smi:
        try:
            yield busy
        finally:
            smi.terminate()
            printed = smi.stdout.read().decode() if smi.stdout else ""
    busy.percent += [int(line) for line in printed.split("\n")[:-1] if line.strip().isdigit()]


def make_library(folder: Path, size: tuple[int, int], photos: int) -> Path:
    """Draw a few photos and link them as often as needed."""
    pictures = folder / "pictures"
    library = folder / f"library-{photos}"
    for path in (pictures, library):
        path.mkdir(parents=True, exist_ok=True)
    names = [pictures / f"{seed}.jpg" for seed in range(PICTURES)]
    for seed, name in enumerate(names):
        if not name.exists():
            name.write_bytes(encode(draw_scene(seed, size), "jpg"))
    for number, name in zip(range(photos), itertools.cycle(names), strict=False):
        os.link(name, library / f"{number:06d}.jpg")
    return library


def time_decode(model: LoadedModel, refs: Sequence[PhotoRef], batch: int, workers: int) -> float:
    """Return photos/s of the loader alone, over a second pass: the first starts its workers."""
    with PhotoLoader(
        model.preprocess, limits=ReadLimits(), batch_size=batch, workers=workers
    ) as loader:
        batches = loader.batches([*refs, *refs])
        first = 0
        while first < len(refs):
            first += len(next(batches).photos)
        start = time.perf_counter()
        photos = sum(len(batch.photos) for batch in batches)
        return photos / (time.perf_counter() - start)


def time_nvjpeg(library: Path, shape: tuple[int, int], batch: int) -> float:
    """Return photos/s of decoding in full and resizing on the GPU, over a second pass.

    NaN where this torchvision cannot.
    """
    files = sorted(library.iterdir())
    data = [torch.frombuffer(bytearray(file.read_bytes()), dtype=torch.uint8) for file in files]
    seconds = float("nan")
    try:
        for _ in range(2):
            torch.cuda.synchronize()
            start = time.perf_counter()
            for first in range(0, len(data), batch):
                for planes in decode_jpeg(data[first : first + batch], device="cuda"):
                    pixels = planes[None].float()  # (1, 3, H, W)
                    interpolate(pixels, size=shape, mode="bilinear", antialias=True)
            torch.cuda.synchronize()
            seconds = time.perf_counter() - start
    except RuntimeError as error:
        print(f"nvJPEG: {error}", file=sys.stderr)
    return len(data) / seconds


def time_forward(engine: Engine, shape: tuple[int, int], photos: int, batch: int) -> float:
    """Return photos/s of the engine alone, its scores back on the CPU, in lanes."""
    pixels = torch.randint(256, (batch, 3, *shape), dtype=torch.uint8)

    def score(batches: int) -> None:
        for _ in range(batches):
            engine.forward(pixels)

    with ThreadPoolExecutor(LANES) as lanes:
        list(lanes.map(score, [WARM_UP] * LANES))
        each = max(1, photos // batch // LANES)
        start = time.perf_counter()
        list(lanes.map(score, [each] * LANES))
        return LANES * each * batch / (time.perf_counter() - start)


def time_run(library: Path, model: str) -> float:
    """Return the seconds of a whole run, in this process."""
    with tempfile.TemporaryDirectory() as out:
        start = time.perf_counter()
        tag_library(TagConfig(source=str(library), out=out, model=model, review_below=0.0))
        return time.perf_counter() - start


def measure(size: tuple[int, int], photos: int, model_name: str, folder: Path) -> str:
    """Return one row of the table."""
    model = load_model(model_name)
    engine = open_engine(
        model.module,
        normalise=model.preprocess.normalise,
        image_size=model.preprocess.shape,
        output=model.card.output,
    )
    batch = auto_batch_size(engine.device)
    workers = choose_workers("auto", engine.device)
    short = photos // 3
    long_library = make_library(folder, size, photos)
    short_library = make_library(folder, size, short)
    refs = list(open_listing(str(long_library)))
    decode = time_decode(model, refs, batch, workers)
    nvjpeg = time_nvjpeg(long_library, model.preprocess.shape, batch)
    forward = time_forward(engine, model.preprocess.shape, 4 * photos, batch)
    time_run(short_library, model_name)  # warms up
    short_s = time_run(short_library, model_name)
    with watch_gpu() as busy:
        long_s = time_run(long_library, model_name)
    both = (photos - short) / (long_s - short_s)
    cells = [
        f"{size[0]} x {size[1]}",
        model_name,
        engine.precision,
        f"{batch} / {workers}",
        *(f"{value:,.0f}" for value in (decode, nvjpeg, forward, both)),
        f"{100 * both / min(decode, forward):.0f} %",
        f"{busy.median:.0f} %",
    ]
    return f"| {' | '.join(cells)} |"


def read_size(text: str) -> tuple[int, int]:
    """Read 1600x1200."""
    width, height = text.split("x")
    return int(width), int(height)


def main() -> None:
    """Print the table, or that there is nothing to measure."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--photos", type=int, default=4000)
    parser.add_argument(
        "--sizes", type=read_size, nargs="+", default=((1600, 1200), (340, 256)), metavar="WxH"
    )
    parser.add_argument("--model", default="starter")
    options = parser.parse_args()
    if not torch.cuda.is_available():
        print("no GPU that PyTorch can use: nothing to measure")
        return
    today = date.today().isoformat()  # noqa: DTZ011 - the day here
    cores = len(os.sched_getaffinity(0))
    print(f"{today}. {torch.cuda.get_device_name()}, {cores} cores, torch {torch.__version__}.\n")
    print(
        "| photos | model | precision | batch / workers | decode/s | nvJPEG/s | forward/s "
        "| end to end/s | of the lower | GPU busy |\n"
        "|---|---|---|---:|---:|---:|---:|---:|---:|---:|"
    )
    for size in options.sizes:
        with tempfile.TemporaryDirectory() as folder:
            print(measure(size, options.photos, options.model, Path(folder)), flush=True)


if __name__ == "__main__":
    main()
