"""Choose where and how precisely a model runs, by rules that are stated here and nowhere else."""

from collections.abc import Collection
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from landmark_core.config import Device, Precision
from landmark_core.errors import ConfigError
from landmark_core.tagging.predict import Output

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
_NATIVE_BFLOAT16 = frozenset({"avx512_bf16", "amx_bf16"})
PROBES = 32  # pictures that precision is judged on
_CANVAS = 48  # side that they are drawn at, in pixels
_LEAVES = 40  # discs in each
_ALLOCATED_AT_ONCE = 32 * 2**20  # bytes; M_MMAP_THRESHOLD at its most, mallopt(3)
# How far confidences may move on drawn pictures for automatic precision: any of them, and the most
# moved one of each picture on average. A network is seldom sure of drawn pictures, and moves most
# where it is not: on real photos the starter's mean move is an eighth of that on drawn ones.
MAX_PROBABILITY_MOVE = 0.1
MEAN_PROBABILITY_MOVE = 0.03

# What torch says, on GPUs and CPUs, when memory is short; inside TorchScript the type is lost.
_MEMORY_WORDS = (
    "out of memory",
    "can't allocate memory",
    "not enough memory",
    "CUBLAS_STATUS_ALLOC_FAILED",
)


def choose_device(wanted: Device) -> torch.device:
    """Return the device to run on; auto takes a CUDA GPU where PyTorch can use one, else the CPU.

    Raises:
        ConfigError: cuda is wanted and PyTorch can use none.
    """
    usable = torch.cuda.is_available()
    if wanted == "cuda" and not usable:
        raise ConfigError(
            "--device cuda needs a GPU that PyTorch can use, found none "
            f"(torch {torch.__version__}); use --device cpu or auto"
        )
    return torch.device("cuda" if usable and wanted != "cpu" else "cpu")


def candidate_precisions(wanted: Precision, device: torch.device) -> tuple[str, ...]:
    """Return the precisions to try, in order: what is wanted, or what auto stands for.

    auto is bf16 on GPUs of compute capability 8.0 and newer, and on CPUs that multiply bfloat16
    themselves (computes_bfloat16), unless keeps_answers says no: then it is fp16 on a GPU, and
    fp32 after all. It is fp32 everywhere else. The hardware and the model decide, never a clock:
    one machine always gives the same rows.
    """
    if wanted != "auto":
        return (wanted,)
    if device.type == "cuda":
        newer = torch.cuda.get_device_capability(device) >= (8, 0)
        return ("bf16", "fp16", "fp32") if newer else ("fp32",)
    onednn = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    return ("bf16", "fp32") if onednn and computes_bfloat16(read_cpu_flags()) else ("fp32",)


def computes_bfloat16(flags: Collection[str]) -> bool:
    """Tell whether a CPU with these flags multiplies bfloat16 natively.

    That is AVX512_BF16 (Cooper Lake, Zen 4 and later) or AMX (Sapphire Rapids and later); where it
    has to be emulated it costs more than float32.
    """
    return not _NATIVE_BFLOAT16.isdisjoint(flags)


def read_cpu_flags(path: str | Path = "/proc/cpuinfo") -> frozenset[str]:
    """Return what Linux says that the first CPU can do; nothing on other systems."""
    try:
        lines = Path(path).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return frozenset()
    found = (line.partition(":")[2].split() for line in lines if line.startswith("flags"))
    return frozenset(next(found, ()))


def keeps_answers(
    exact: Tensor, reduced: Tensor, output: Output, *, temperature: float = 1.0
) -> bool:
    """Tell whether reduced precision leaves the answers on drawn photos as they are.

    It finds networks that reduced precision breaks or blurs: overflows, norms over tiny variances,
    logits that are small differences of large sums. It is no bound for every photo: one that lies
    within MAX_PROBABILITY_MOVE of a threshold, or of a tie, may be decided otherwise. What that
    comes to on real photos is measured by benchmarks/agreement.py.

    Args:
        exact: (N, C) scores in float32.
        reduced: (N, C) the same photos' scores in the lower precision.
        output: what the scores are.
        temperature: divisor of the logits before they count as confidences.

    Returns:
        True where no probability moves by more than MAX_PROBABILITY_MOVE, those that move most by
        no more than MEAN_PROBABILITY_MOVE on average, and the best class is the same wherever it
        leads by more than the first. NaN never passes.
    """
    before, after = (_probabilities(scores, output, temperature) for scores in (exact, reduced))
    leaders = before.topk(min(2, before.shape[1]), dim=1).values  # (N, 1 or 2)
    clear = leaders[:, 0] - leaders[:, 1:].sum(dim=1) > MAX_PROBABILITY_MOVE  # (N,)
    same_best = before.argmax(dim=1) == after.argmax(dim=1)
    moves = (before - after).abs().amax(dim=1)  # (N,)
    small = moves.max() <= MAX_PROBABILITY_MOVE and moves.mean() <= MEAN_PROBABILITY_MOVE
    return bool((same_best | ~clear).all()) and bool(small)


def _probabilities(scores: Tensor, output: Output, temperature: float) -> Tensor:
    logits = scores.double() if output == "logits" else scores.double().log()
    return (logits / temperature).softmax(dim=1)


def draw_probe(image_size: tuple[int, int], count: int = PROBES) -> Tensor:
    """Draw photo-like pictures: (count, 3, H, W) uint8, always the same for the same arguments.

    They are dead leaves: discs of all sizes over each other, a model whose edges, scales and
    contrasts are distributed as in photos (Lee, Mumford, Huang 2001, section 3,
    https://doi.org/10.1023/A:1011109015675). From full contrast down to a twelfth of it, as in fog
    and by night, with soft edges and hard ones, and with grain on every second.

    Args:
        image_size: (H, W) in pixels.
        count: pictures; an even number.
    """
    generator = torch.Generator().manual_seed(0)

    def draw(*shape: int) -> Tensor:
        return torch.rand(*shape, generator=generator)

    side = torch.linspace(0, 1, _CANVAS)
    canvas = draw(count, 3, 1, 1).expand(count, 3, _CANVAS, _CANVAS)
    for _ in range(_LEAVES):
        y, x = draw(2, count, 1, 1)
        radius = 0.03 / (draw(count, 1, 1) * 0.94 + 0.06) ** 0.9  # 0.03 to 0.4 of a side
        inside = (side.view(1, -1, 1) - y) ** 2 + (side.view(1, 1, -1) - x) ** 2 < radius**2
        canvas = torch.where(inside.unsqueeze(1), draw(count, 3, 1, 1), canvas)
    halves = canvas.chunk(2)
    soft = functional.interpolate(halves[0], size=image_size, mode="bilinear")
    hard = functional.interpolate(halves[1], size=image_size, mode="nearest")
    pictures = torch.cat([soft, hard])  # (count, 3, H, W) in 0..1
    pictures[::2] += 0.1 * (draw(count // 2, 3, *image_size) - 0.5)
    contrast = torch.tensor([1.0, 0.5, 0.25, 0.08]).repeat(count)[:count].view(-1, 1, 1, 1)
    middle = 0.5 * contrast + draw(count, 1, 1, 1) * (1 - contrast)  # dark ones, and bright ones
    return ((middle + (pictures - 0.5) * contrast).clamp(0, 1) * 255).round().to(torch.uint8)


def auto_batch_size(
    device: torch.device, image_size: tuple[int, int] = (224, 224), precision: str = "fp32"
) -> int:
    """Return photos per forward pass.

    A GPU wants many. A CPU wants few, and the fewer the larger they are: C's allocator takes what
    is above 32 MiB from the kernel anew each time, page by page, and feature maps leave the caches.
    The largest map of common networks holds some 24 values for each pixel (96 channels at half the
    size in MobileNetV2). Processor ms a photo on one thread, `benchmarks/explain.py --threads 1`:

        photos a pass              1     2     4     6     8    12    16    32
        MobileNetV2 288 fp32    15.1  14.3  14.1  14.6  17.2  17.4  17.8  23.2
        MobileNetV2 288 bf16     8.3   7.2   6.9   6.7   6.3   8.3   7.5  10.7
        ResNet-18 224 fp32      27.9  26.0  24.6  23.8  23.2  22.7  23.8  24.3
        ResNet-18 224 bf16       8.6   7.0   5.8   5.4   5.1   5.0   5.2   5.5
        MobileNetV3-L 224 fp32  11.1   8.4   7.4   7.0   6.8   6.6   6.6   7.7
        MobileNetV3-L 224 bf16   7.7   5.4   4.5   4.1   3.9   3.6   3.6   4.3

    Args:
        device: that the model runs on.
        image_size: (H, W) pixels that it takes.
        precision: fp32, bf16 or fp16, that its trunk computes in.
    """
    if device.type == "cuda":
        return 256
    largest_map = 24 * image_size[0] * image_size[1] * DTYPES[precision].itemsize  # bytes a photo
    return max(1, min(8, _ALLOCATED_AT_ONCE // largest_map))


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether memory was short; TorchScript wraps the error, so its text decides."""
    return isinstance(error, MemoryError) or any(words in str(error) for words in _MEMORY_WORDS)
