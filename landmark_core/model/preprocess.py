"""Turn an upright photo into the pixels that the network sees, and those pixels into its input.

One contract for tags, heatmaps and training's evaluation. The geometry is torchvision's Resize
and CenterCrop (https://docs.pytorch.org/vision/stable/transforms.html): the short side becomes
`resize_size`, the long side int(size * long / short), and the crop's corner is rounded half to
even. Only the part that survives the crop is resampled (Pillow's `box`, whose filter still reads
the neighbours outside of it), so a panorama of 20000 x 100 never becomes 51200 x 256. Bilinear
pixels are within 2 grey levels of resizing all and then cropping; so are bicubic ones, save where
an overshoot at a hard edge is clipped between Pillow's two passes.

Loader workers unpickle `Preprocess`, so this module imports torch only where tensors come in.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from landmark_core.model.card import PreprocessSettings

if TYPE_CHECKING:  # torch takes seconds to import, and decoding does not need it
    import torch
    from torch import Tensor

ALGORITHM_VERSION = 1  # goes up when the same settings would give other pixels
RESAMPLING = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}

Box = tuple[float, float, float, float]  # left, top, right, bottom


@dataclass(frozen=True, slots=True)
class Preprocess:
    """The preprocessing that a model's settings ask for; equal settings give equal pixels."""

    settings: PreprocessSettings

    @property
    def min_side(self) -> int:
        """Short side in pixels below which a photo may not be scaled down before `apply`."""
        return self.settings.resize_size

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width in pixels of what `apply` returns."""
        return self.settings.crop_size, self.settings.crop_size

    def apply(self, image: Image.Image) -> NDArray[np.uint8]:
        """Resize and centre-crop one photo.

        Args:
            image: upright RGB photo of any size.

        Returns:
            (H, W, 3) uint8, contiguous; black where the photo does not reach.

        Raises:
            ValueError: if the image is not RGB.
        """
        if image.mode != "RGB":
            raise ValueError(f"expected an RGB image, got {image.mode}")
        width, height = self._resized(*image.size)
        left, right, pad_left = _span(width, self.settings.crop_size)
        top, bottom, pad_top = _span(height, self.settings.crop_size)
        scale_x, scale_y = image.width / width, image.height / height
        inside = np.asarray(
            image.resize(
                (right - left, bottom - top),
                RESAMPLING[self.settings.interpolation],
                box=(left * scale_x, top * scale_y, right * scale_x, bottom * scale_y),
            )
        )  # (h, w, 3), smaller than the crop where the photo does not fill it
        pixels = np.zeros((*self.shape, 3), dtype=np.uint8)
        pixels[pad_top : pad_top + bottom - top, pad_left : pad_left + right - left] = inside
        return pixels

    def crop_box(self, width: int, height: int) -> Box:
        """Say which part of a photo the network sees.

        Args:
            width: of the upright full photo, in pixels.
            height: likewise.

        Returns:
            left, top, right, bottom in that photo's pixels; beyond its edges where the crop
            is padded.
        """
        resized_width, resized_height = self._resized(width, height)
        left, _, pad_left = _span(resized_width, self.settings.crop_size)
        top, _, pad_top = _span(resized_height, self.settings.crop_size)
        left, top = left - pad_left, top - pad_top
        scale_x, scale_y = width / resized_width, height / resized_height
        right, bottom = left + self.settings.crop_size, top + self.settings.crop_size
        return left * scale_x, top * scale_y, right * scale_x, bottom * scale_y

    def normalise(self, pixels: Tensor, dtype: torch.dtype | None = None) -> Tensor:
        """Turn pixels into the network's input: (pixels / 255 - mean) / std.

        Args:
            pixels: uint8 (N, 3, H, W) on any device, in any memory format.
            dtype: of the result; float32 where None.

        Returns:
            (N, 3, H, W) on the same device in the same memory format.

        Raises:
            ValueError: if the pixels are not uint8 (N, 3, H, W).
        """
        import torch

        if pixels.dtype != torch.uint8 or pixels.ndim != 4 or pixels.shape[1] != 3:
            raise ValueError(
                f"expected uint8 (N, 3, H, W), got {pixels.dtype} {tuple(pixels.shape)}"
            )
        mean = torch.tensor(self.settings.mean, device=pixels.device).view(1, 3, 1, 1)
        std = torch.tensor(self.settings.std, device=pixels.device).view(1, 3, 1, 1)
        # float32 and in this order: the same bits as torchvision's ToTensor and Normalize.
        values = pixels.float().div_(255).sub_(mean).div_(std)
        return values if dtype is None else values.to(dtype)

    def _resized(self, width: int, height: int) -> tuple[int, int]:
        size = self.settings.resize_size
        if self.settings.resize_rule == "stretch":
            return size, size
        if width <= height:
            return size, int(size * height / width)
        return int(size * width / height), size


def _span(side: int, crop: int) -> tuple[int, int, int]:
    """Return where the crop starts and ends along one resized side, and the padding before it."""
    if crop >= side:
        return 0, side, (crop - side) // 2
    start = round((side - crop) / 2)  # half to even, as torchvision rounds
    return start, start + crop, 0


def preprocess_id(settings: PreprocessSettings, *, classes: Sequence[str] | None = None) -> str:
    """Name what is done around the weights: 16 hex digits of SHA-256.

    Args:
        settings: of the preprocessing.
        classes: the class names where they came from outside of the model file, else None.
    """
    content = {"version": ALGORITHM_VERSION, **asdict(settings)}
    if classes is not None:
        content["classes"] = list(classes)
    text = json.dumps(content, sort_keys=True, ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
