"""Turn an upright photo into the pixels that the network sees, and those pixels into its input.

One contract for tags, heatmaps and training's evaluation. The geometry is torchvision's Resize
and CenterCrop (https://docs.pytorch.org/vision/stable/transforms.html): the short side becomes
`resize_size`, the long side int(size * long / short), and the crop's corner is rounded half to
even. Photos are resized by torch's antialiased filter on bytes, which is Pillow's filter in less
than half its time, and then cropped. Where most of what that makes would be cut away, Pillow's
`box` resamples only the part that survives (its filter still reads the neighbours outside of it),
so a panorama of 20000 x 100 never becomes 51200 x 256. The size alone decides which of the two it
is, so an image and the array of its pixels end the same. Bilinear pixels are within 2 grey levels
of torchvision's transforms on the whole image (most are equal); so are bicubic ones, save where an
overshoot at a hard edge is clipped between the two passes. Such rounding is no other algorithm:
ALGORITHM_VERSION stays.

Commands that only look at a model's settings import this module, so torch comes in where pixels do.
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

ALGORITHM_VERSION = 1  # goes up when the same settings would give pixels that differ by more
# Beyond these Pillow's box costs less than resizing all: pixels resized per pixel that is kept, and
# pixels of the photo, which Pillow's images would first have to be copied out of.
_MOST_WASTE, _MOST_PIXELS = 4, 4_000_000
RESAMPLING = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}

Box = tuple[float, float, float, float]  # left, top, right, bottom
Part = tuple[int, int, int, int]  # likewise, in pixels of the resized photo


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

    def apply(self, picture: Image.Image | NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Resize and centre-crop one photo.

        Args:
            picture: upright RGB photo of any size; an image, or (H, W, 3).

        Returns:
            (H, W, 3) uint8, contiguous; black where the photo does not reach.

        Raises:
            ValueError: if the picture is not RGB.
        """
        width, height = _size_of(picture)
        resized = self._resized(width, height)
        left, right, pad_left = _span(resized[0], self.settings.crop_size)
        top, bottom, pad_top = _span(resized[1], self.settings.crop_size)
        part = left, top, right, bottom
        if _is_wasteful(width * height, resized, part):
            inside = self._resize_part(picture, resized, part)
        else:
            inside = self._resize(picture, resized)[top:bottom, left:right]
        # A copy in any case: what is cut off is freed, and nothing is shared with the picture.
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

    def _resize(
        self, picture: Image.Image | NDArray[np.uint8], size: tuple[int, int]
    ) -> NDArray[np.uint8]:
        """Return all of the photo at `size`, (h, w, 3)."""
        # Copied where it is an image: NumPy lends its pixels read-only, which torch refuses.
        pixels = picture if isinstance(picture, np.ndarray) else np.array(picture)  # (H, W, 3)
        if size == (pixels.shape[1], pixels.shape[0]):
            return pixels
        import torch
        from torch.nn.functional import interpolate

        # This view is channels_last, for which torch has vector code that runs in one thread.
        tensor = torch.from_numpy(pixels).permute(2, 0, 1)[None]  # (1, 3, H, W)
        resized = interpolate(
            tensor, size=size[::-1], mode=self.settings.interpolation, antialias=True
        )
        made: NDArray[np.uint8] = resized[0].permute(1, 2, 0).numpy()  # (h, w, 3)
        return made

    def _resize_part(
        self, picture: Image.Image | NDArray[np.uint8], size: tuple[int, int], part: Part
    ) -> NDArray[np.uint8]:
        """Return `part` of what the photo would be at `size`, (h, w, 3)."""
        image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
        left, top, right, bottom = part
        scale_x, scale_y = image.width / size[0], image.height / size[1]
        return np.asarray(
            image.resize(
                (right - left, bottom - top),
                RESAMPLING[self.settings.interpolation],
                box=(left * scale_x, top * scale_y, right * scale_x, bottom * scale_y),
            )
        )

    def _resized(self, width: int, height: int) -> tuple[int, int]:
        size = self.settings.resize_size
        if self.settings.resize_rule == "stretch":
            return size, size
        if width <= height:
            return size, int(size * height / width)
        return int(size * width / height), size


def _size_of(picture: Image.Image | NDArray[np.uint8]) -> tuple[int, int]:
    if isinstance(picture, np.ndarray):
        if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3:
            raise ValueError(f"expected uint8 (H, W, 3), got {picture.dtype} {picture.shape}")
        return picture.shape[1], picture.shape[0]
    if picture.mode != "RGB":
        raise ValueError(f"expected an RGB image, got {picture.mode}")
    return picture.size


def _is_wasteful(pixels: int, size: tuple[int, int], part: Part) -> bool:
    """Say whether resizing so many pixels to `size` is dearer than Pillow's way to `part`."""
    left, top, right, bottom = part
    kept = (right - left) * (bottom - top)
    return pixels > _MOST_PIXELS or size[0] * size[1] > _MOST_WASTE * kept


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
