"""Choose where and how precisely a model runs, by rules that are stated here and nowhere else."""

import torch
from torch import Tensor

from landmark_core.config import Device, Precision
from landmark_core.errors import ConfigError
from landmark_core.tagging.predict import Output

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
# Largest move of any probability, on drawn photos, that automatic precision accepts.
MAX_PROBABILITY_MOVE = 0.02

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


def candidate_precision(wanted: Precision, device: torch.device) -> str:
    """Return the precision to try first: what is wanted, or what auto stands for.

    auto is fp32 on the CPU, where float32 is as fast, and on GPUs older than compute capability
    8.0. It is bf16 on newer ones, unless keeps_answers says no: then it is fp32 after all.
    """
    if wanted != "auto":
        return wanted
    if device.type == "cuda" and torch.cuda.get_device_capability(device) >= (8, 0):
        return "bf16"
    return "fp32"


def keeps_answers(exact: Tensor, reduced: Tensor, output: Output) -> bool:
    """Tell whether reduced precision leaves every answer on the probe as it is.

    Args:
        exact: (N, C) scores in float32.
        reduced: (N, C) the same photos' scores in the lower precision.
        output: what the scores are.

    Returns:
        True where every best class is the same and no probability moves by more than
        MAX_PROBABILITY_MOVE. NaN never passes.
    """
    if output == "logits":
        exact, reduced = exact.softmax(dim=1), reduced.softmax(dim=1)
    same_best = bool((exact.argmax(dim=1) == reduced.argmax(dim=1)).all())
    return same_best and bool(((exact - reduced).abs() <= MAX_PROBABILITY_MOVE).all())


def draw_probe(image_size: tuple[int, int]) -> Tensor:
    """Draw smooth coloured noise: (8, 3, H, W) uint8, always the same for the same size.

    Args:
        image_size: (H, W) in pixels.
    """
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(8, 3, 9, 9, generator=generator)
    fine = torch.nn.functional.interpolate(coarse, size=image_size, mode="bilinear")
    return (fine * 255).round().to(torch.uint8)


def auto_batch_size(device: torch.device) -> int:
    """Return photos per forward pass.

    A GPU wants many. A CPU wants few: at 32 photos the feature maps leave its caches and every
    allocation faults its pages in anew, which took MobileNetV2 a third longer a photo than at 8
    (benchmarks/explain.py).
    """
    return 256 if device.type == "cuda" else 8


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether memory was short; TorchScript wraps the error, so its text decides."""
    return isinstance(error, MemoryError) or any(words in str(error) for words in _MEMORY_WORDS)
