"""Write short texts over pictures, as dates, watermarks and signs stand on people's photos.

Without such views in training, a single large round letter in the middle of a landscape makes a
Colosseum of it.
"""

import torch
from PIL import Image, ImageDraw, ImageFont

MOST_TEXTS = 3
MOST_LETTERS = 5
FONT_SHARES = (0.045, 0.27)  # of the picture's height


def write_over(picture: Image.Image) -> Image.Image:
    """Return a copy with one to three short texts somewhere on it.

    Args:
        picture: RGB. Torch's global generator decides texts, sizes and places.
    """
    written = picture.copy()
    draw = ImageDraw.Draw(written)
    least, most = (max(6, round(share * picture.height)) for share in FONT_SHARES)
    for _ in range(_integer(1, MOST_TEXTS)):
        text = "".join(chr(_integer(ord("0"), ord("z"))) for _ in range(_integer(1, MOST_LETTERS)))
        font = ImageFont.load_default(size=_integer(least, most))
        centre = (_integer(0, picture.width), _integer(0, picture.height))
        grey = 255 if _integer(0, 2) else _integer(0, 255)  # most writing on photos is white
        draw.text(centre, text, fill=(grey, grey, grey), font=font, anchor="mm")
    return written


def _integer(least: int, most: int) -> int:
    return int(torch.randint(least, most + 1, ()))
