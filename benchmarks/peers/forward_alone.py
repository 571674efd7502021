"""The other half of the floor: the network alone on both cores, over pixels that are there already.

The TorchScript file frozen, channels_last, in bfloat16 where the processor computes in it; a batch
for each core at a time, on one thread each, which is faster than both cores on one batch. SOURCE
says how many photos there are, and no more.
"""

import threading
from collections.abc import Callable

import pyarrow as pa
import pyarrow.parquet as pq
import torch
from torch import Tensor

from benchmarks.peers.interface import Done, Job, main

CPU = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}


def choose_type() -> torch.dtype:
    """Return bfloat16 where the processor has instructions for it."""
    native = CPU.get("amx_bf16") or CPU.get("avx512_bf16")
    return torch.bfloat16 if native else torch.float32


def load(job: Job, dtype: torch.dtype) -> Callable[[Tensor], Tensor]:
    """Return the frozen network."""
    model = torch.jit.load(job.model).eval().to(dtype).to(memory_format=torch.channels_last)
    return torch.jit.freeze(model)  # type: ignore[no-any-return]


def run(job: Job) -> Done:
    """Score as many photos as SOURCE has, in as many lanes as there are workers."""
    dtype = choose_type()
    model = load(job, dtype)
    pixels = torch.randn(job.batch, 3, job.crop, job.crop).to(dtype)
    pixels = pixels.contiguous(memory_format=torch.channels_last)
    photos = score_in_lanes(model, pixels, job)
    kind = str(dtype).removeprefix("torch.")
    return Done(
        photos=photos,
        settings=f"frozen TorchScript, channels_last, {kind}, batch {job.batch}, "
        f"{job.workers} lanes of one thread",
        packages=("torch",),
    )


def score_in_lanes(model: Callable[[Tensor], object], pixels: Tensor, job: Job) -> int:
    """Score the same batch until it was as many photos as the job has; return how many."""
    photos = len(job.photos)
    full, rest = divmod(photos, len(pixels))
    batches = [pixels] * full + [pixels[:rest]] * bool(rest)
    lanes = [
        threading.Thread(target=_score, args=(model, batches[lane :: job.workers]))
        for lane in range(job.workers)
    ]
    for lane in lanes:
        lane.start()
    for lane in lanes:
        lane.join()
    pq.write_table(pa.table({"photos": [photos]}), job.out)
    return photos


def _score(model: Callable[[Tensor], object], batches: list[Tensor]) -> None:
    torch.set_num_threads(1)  # of this lane
    with torch.inference_mode():
        for pixels in batches:
            model(pixels)


if __name__ == "__main__":
    main(run)
