"""Draw the reliability diagram: of photos with this confidence, how many have the right tag.

Guo et al. 2017, figure 1 (https://arxiv.org/abs/1706.04599): a calibrated model stays on the
diagonal. Beneath it, how many landmark photos and other photos reach each confidence.
"""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from starter.judge import confidences
from starter.photos import OTHER

BARS = 10  # of confidence, equally wide
SIDE, COUNTS, MARGIN = 480, 160, 60  # pixels: diagram, histogram beneath it, room for text
BLUE, ORANGE, GREY = "#3b6ea5", "#d9822b", "#888888"


def draw_reliability(logits: Tensor, labels: Tensor, temperature: float, path: Path) -> None:
    """Draw (N, classes) logits of unseen photos and their labels into a PNG."""
    confidence, tags = confidences(logits, temperature)
    truth = labels.numpy()
    bars = np.minimum((confidence * BARS).astype(int), BARS - 1)
    landmark, right = truth != OTHER, tags == truth
    image = Image.new("RGB", (SIDE + 2 * MARGIN, SIDE + COUNTS + 3 * MARGIN), "white")
    draw = ImageDraw.Draw(image)
    most = max(np.bincount(bars[kind], minlength=BARS).max() for kind in (landmark, ~landmark))
    for bar in range(BARS):
        left = MARGIN + bar * SIDE // BARS
        members = landmark & (bars == bar)
        if members.any():
            _bar(draw, left, 0.9, float(right[members].mean()), SIDE, MARGIN + SIDE, BLUE)
        base = SIDE + COUNTS + 2 * MARGIN
        _bar(draw, left, 0.45, members.sum() / most, COUNTS, base, BLUE)
        others = (~landmark & (bars == bar)).sum()
        _bar(draw, left + SIDE // BARS // 2, 0.45, others / most, COUNTS, base, ORANGE)
    draw.rectangle((MARGIN, MARGIN, MARGIN + SIDE, MARGIN + SIDE), outline=GREY)
    draw.line((MARGIN, MARGIN + SIDE, MARGIN + SIDE, MARGIN), fill="black", width=2)
    _label(draw, int(most))
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path)


def _bar(
    draw: ImageDraw.ImageDraw,
    left: int,
    width: float,
    height: float,
    scale: int,
    base: int,
    colour: str,
) -> None:
    """Draw a bar that is `height` of `scale` pixels high and `width` of a column wide."""
    right = left + round(width * SIDE / BARS)
    draw.rectangle((left + 1, base - round(height * scale), right, base), fill=colour)


def _label(draw: ImageDraw.ImageDraw, most: int) -> None:
    font = ImageFont.load_default(15)
    draw.text((MARGIN, 20), "Share with the right tag (landmark photos, unseen)", "black", font)
    for tenth in range(0, 11, 2):
        text = f"{tenth / 10:.1f}"
        draw.text((MARGIN + tenth * SIDE // 10 - 10, MARGIN + SIDE + 6), text, "black", font)
        draw.text((25, MARGIN + SIDE - tenth * SIDE // 10 - 8), text, "black", font)
    draw.text((MARGIN, MARGIN + SIDE + 26), "confidence", "black", font)
    bottom = SIDE + COUNTS + 2 * MARGIN + 8
    draw.text((MARGIN, bottom), f"photos at each confidence (up to {most}):", "black", font)
    draw.text((MARGIN + 290, bottom), "landmark", BLUE, font)
    draw.text((MARGIN + 370, bottom), "other", ORANGE, font)
