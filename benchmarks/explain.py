"""What an explanation costs over tagging alone, per way, on an untrained MobileNetV2; batch sizes.

    python benchmarks/explain.py [--batch 32] [--rounds 10] [--threads 2]

Rounds are interleaved, so that a busy machine slows every line alike; the table gives medians of
wall and processor time. The trunk is fused where it is cut by its graph, and computes in what auto
stands for on this CPU. "explained" means every photo of the batch, as when all need review.
"""

import argparse
import functools
import itertools
import statistics
import time
from collections.abc import Callable
from unittest import mock

import torch
import torchvision
from torch import Tensor

from landmark_core.model import quiet_torchscript
from landmark_core.tagging import trunk
from landmark_core.tagging.forward import Engine
from landmark_core.tagging.opening import open_engine

SIZE = 224
NETWORKS = {"mobilenet_v2": 288, "resnet18": 224, "mobilenet_v3_large": 224}
CLASSES = 13
CUT = ("closed_form", "tapped_graph")


def main() -> None:
    """Print the table of costs, and the one of batch sizes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    model = torchvision.models.mobilenet_v2(weights=None, num_classes=CLASSES).eval()
    with quiet_torchscript():
        module = torch.jit.script(model)
    pixels = torch.randint(0, 256, (options.batch, 3, SIZE, SIZE), dtype=torch.uint8)
    _print_costs(_jobs(module, pixels), options.rounds, options.batch)
    _print_first_calls(module, pixels)
    torch.set_num_threads(1)
    _print_batch_sizes(options.rounds)


def _normalise(pixels: Tensor, dtype: torch.dtype) -> Tensor:
    return pixels.to(torch.float32).div_(255).sub_(0.45).div_(0.225).to(dtype)


def _open(
    module: torch.jit.ScriptModule, *ways: str, side: int = SIZE, precision: str = "auto"
) -> Engine:
    return open_engine(
        module,
        normalise=_normalise,
        image_size=(side, side),
        device="cpu",
        precision=precision,
        ways=ways,
    )


def _jobs(module: torch.jit.ScriptModule, pixels: Tensor) -> dict[str, Callable[[], object]]:
    """The work of each line; the first is the yardstick."""
    whole, rows = _open(module), range(len(pixels))
    jobs: dict[str, Callable[[], object]] = {"tagged, in one piece": lambda: whole.forward(pixels)}
    for way in ("closed_form", "tapped_graph", "submodules"):
        engine = _open(module, way)
        jobs[f"tagged, cut ({way})"] = lambda engine=engine: engine.forward(pixels)
        jobs[f"tagged and explained ({way})"] = lambda engine=engine: engine.explain(
            engine.forward(pixels), rows, [row % CLASSES for row in rows]
        )
    return jobs


def _print_costs(jobs: dict[str, Callable[[], object]], rounds: int, batch: int) -> None:
    for job in jobs.values():
        job()
    spent: dict[str, list[tuple[float, float]]] = {name: [] for name in jobs}
    for _ in range(rounds):
        for name, job in jobs.items():
            spent[name].append(_time(job))
    first = next(iter(spent.values()))
    print(f"{'':38}{'wall':>9}{'cpu':>9}   ratio to the first line (wall, cpu)")
    for name, times in spent.items():
        wall, cpu = (statistics.median(column) for column in zip(*times, strict=True))
        ratios = [
            statistics.median(mine[i] / yard[i] for mine, yard in zip(times, first, strict=True))
            for i in range(2)
        ]
        per_photo = f"{wall / batch * 1e3:6.1f} ms{cpu / batch * 1e3:6.1f} ms"
        print(f"{name:38}{per_photo}   {ratios[0]:5.3f}  {ratios[1]:5.3f}")


def _print_first_calls(module: torch.jit.ScriptModule, pixels: Tensor) -> None:
    """Later calls must not be faster by much: nothing is compiled on the way."""
    opening = _time(lambda: _open(module, "closed_form"))
    engine = _open(module, "closed_form")
    calls = [_time(lambda: engine.forward(pixels))[0] for _ in range(4)]
    odd = [_time(lambda: engine.forward(pixels[:5]))[0] for _ in range(3)]
    print(f"\nopening {opening[0]:.2f} s; first batches", *(f"{c:.3f}" for c in calls), end=" s; ")
    print("then five photos", *(f"{c:.3f}" for c in odd), "s")


def _print_batch_sizes(rounds: int) -> None:
    sizes = (1, 2, 4, 6, 8, 12, 16, 32)
    print("\nprocessor ms a photo on one thread, by photos a pass")
    print(f"{'':32}", *(f"{size:6}" for size in sizes))
    for name, side in NETWORKS.items():
        torch.manual_seed(0)
        with quiet_torchscript():
            module = torch.jit.script(getattr(torchvision.models, name)(weights=None).eval())
        pixels = torch.randint(0, 256, (96, 3, side, side), dtype=torch.uint8)
        pixels = pixels.contiguous(memory_format=torch.channels_last)  # as they are decoded
        for precision, fused in itertools.product(("fp32", "bf16"), (False, True)):
            with mock.patch.object(trunk, "can_fuse", trunk.can_fuse if fused else _cannot):
                engine = _open(module, *CUT, side=side, precision=precision)
            spent: dict[int, list[float]] = {size: [] for size in sizes}
            for _ in range(rounds):
                for size in sizes:
                    part = pixels[: max(size, 24)]
                    job = functools.partial(_in_batches, engine, part, size)
                    spent[size].append(_time(job)[1] / len(part) * 1e3)
            figures = (f"{statistics.median(times):6.1f}" for times in spent.values())
            how = "fused" if fused else "plain"
            print(f"{name:19}{side:4} {precision} {how}", *figures, flush=True)


def _cannot(*_: object) -> bool:
    return False


def _in_batches(engine: Engine, pixels: Tensor, size: int) -> None:
    for part in pixels.split(size):
        engine.forward(part)


def _time(job: Callable[[], object]) -> tuple[float, float]:
    """Seconds on the wall, and seconds of all of this process's threads."""
    wall, cpu = time.perf_counter(), time.process_time()
    job()
    return time.perf_counter() - wall, time.process_time() - cpu


if __name__ == "__main__":
    main()
