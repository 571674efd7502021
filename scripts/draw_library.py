"""Draw a photo library from a seed: scenes in many formats, some odd, one broken, one no photo.

Used by `make demo`, the tests and the benchmarks, so that none of them needs anybody's photos.

    python scripts/draw_library.py demo/photos --scenes 24 --seed 7
    python scripts/draw_library.py demo/collection --labelled 30
"""

import argparse
import io
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, ImageDraw, ImageFilter

ORIENTATION = 0x0112  # EXIF tag
FORMATS = ("jpg", "jpg", "jpg", "png", "webp", "heic", "avif", "tif")  # phones mostly write JPEG
GROUNDS = ("#cbb281", "#7d8f54", "#9a938a", "#5f7f9c")  # sand, grass, stone, water
SIZES = ((1024, 768), (768, 1024), (1600, 1200), (640, 640))  # pixels, width x height

Shape = Callable[[ImageDraw.ImageDraw, int, int, np.random.Generator], None]


def draw_scene(seed: int, size: tuple[int, int] = (1024, 768)) -> Image.Image:
    """Draw one scene: sky, ground, one building, film grain; equal seeds give equal pixels.

    Args:
        seed: chooses colours, building and grain.
        size: (width, height) in pixels, each at least 16.

    Returns:
        An RGB image.
    """
    rng = np.random.default_rng(seed)
    width, height = size
    sky = rng.integers((70, 120, 190), (150, 180, 240))
    haze = rng.integers((205, 200, 195), (250, 235, 240))
    image = _gradient(sky, haze, size)
    draw = ImageDraw.Draw(image)
    horizon = int(height * rng.uniform(0.6, 0.75))
    draw.rectangle((0, horizon, width, height), fill=GROUNDS[int(rng.integers(len(GROUNDS)))])
    SHAPES[seed % len(SHAPES)](draw, width, horizon, rng)
    image = image.filter(ImageFilter.GaussianBlur(max(size) / 900))
    grain = rng.normal(0, 6, (height, width, 1))
    return Image.fromarray((np.asarray(image) + grain).clip(0, 255).astype(np.uint8))


def encode(
    image: Image.Image,
    suffix: str,
    orientation: int = 1,
    place: tuple[float, float] | None = None,
) -> bytes:
    """Return the image as a file of the suffix's format, with an EXIF orientation.

    Args:
        image: RGB pixels as a person should see them.
        suffix: jpg, png, webp, heic, avif, tif, bmp or gif.
        orientation: 1..8; the stored pixels are turned so that a viewer turns them back.
        place: latitude and longitude in degrees where it says it was taken; not in HEIC.
    """
    turned = _turn_back(image, orientation)
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    if place:
        exif.get_ifd(ExifTags.IFD.GPSInfo).update(_gps(*place))
    buffer = io.BytesIO()
    if suffix == "heic":
        import pillow_heif  # here: a machine with a GPU may lack it, and draws JPEGs only

        pillow_heif.from_pillow(turned).save(buffer, quality=80)
    elif suffix in {"bmp", "gif"}:
        turned.save(buffer, format=suffix)
    else:
        name = {"jpg": "JPEG", "tif": "TIFF"}.get(suffix, suffix)
        turned.save(buffer, format=name, quality=88, exif=exif.tobytes())
    return buffer.getvalue()


def draw_library(folder: Path, scenes: int = 24, seed: int = 7) -> int:
    """Write a library of drawn photos and odd files into a folder.

    Args:
        folder: created where missing; files of the same names are replaced.
        scenes: ordinary photos, in folders of eight.
        seed: chooses what they show.

    Returns:
        How many of the files are photos, the odd and the broken ones included.
    """
    photos = 0
    for name, data in (*_ordinary(scenes, seed), *_odd(seed)):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        photos += 1
    (folder / "notes.txt").write_text("not a photo: counted, never guessed\n", encoding="utf-8")
    return photos


def draw_collection(folder: Path, each: int, seed: int = 8) -> int:
    """Write photos to learn from: landmarks/<name>/ for each kind of building, others/ for none.

    Args:
        folder: created where missing; files of the same names are replaced.
        each: photos of each kind.
        seed: chooses what they show; another one than a library's, so that none is in both.

    Returns:
        How many photos there are.
    """
    for shape, kind in enumerate(SHAPES):
        name = kind.__name__.strip("_").title()
        place = folder / ("others" if kind is _nothing else f"landmarks/{name}")
        place.mkdir(parents=True, exist_ok=True)
        for number in range(each):
            scene = draw_scene((seed * 1000 + number) * len(SHAPES) + shape, (480, 360))
            (place / f"{number:03d}.jpg").write_bytes(encode(scene, "jpg"))
    return each * len(SHAPES)


def _ordinary(scenes: int, seed: int) -> Iterator[tuple[str, bytes]]:
    for number in range(scenes):
        suffix = FORMATS[number % len(FORMATS)]
        size = SIZES[number % len(SIZES)]
        data = encode(draw_scene(seed * 1000 + number, size), suffix)
        yield f"roll-{number // 8 + 1:02d}/scene-{number:03d}.{suffix}", data


def _odd(seed: int) -> Iterator[tuple[str, bytes]]:
    scene = draw_scene(seed)
    whole = encode(scene, "jpg")
    yield "odd/turned.jpg", encode(scene, "jpg", orientation=6)
    yield "odd/really-a-webp.jpg", encode(scene, "webp")
    yield "odd/no-extension", whole
    yield "odd/broken.jpg", whole[: len(whole) // 3]
    yield "odd/empty.jpg", b""
    yield "odd/überraschung 🗼.jpg", whole
    buffer = io.BytesIO()
    scene.convert("CMYK").save(buffer, format="JPEG", quality=88)
    yield "odd/print-cmyk.jpg", buffer.getvalue()
    buffer = io.BytesIO()
    grey = np.asarray(scene.convert("L")).astype(np.uint16) * 257
    Image.fromarray(grey).save(buffer, format="PNG")
    yield "odd/grey-16-bit.png", buffer.getvalue()


def _gps(latitude: float, longitude: float) -> dict[int, str | tuple[float, float, float]]:
    return {
        1: "N" if latitude >= 0 else "S",
        2: (abs(latitude), 0.0, 0.0),
        3: "E" if longitude >= 0 else "W",
        4: (abs(longitude), 0.0, 0.0),
    }


def _turn_back(image: Image.Image, orientation: int) -> Image.Image:
    """Store the pixels so that a viewer that obeys the orientation shows `image`."""
    inverse = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }.get(orientation)
    return image if inverse is None else image.transpose(inverse)


def _gradient(top: np.ndarray, bottom: np.ndarray, size: tuple[int, int]) -> Image.Image:
    width, height = size
    mix = np.linspace(0, 1, height)[:, None, None]  # (H, 1, 1)
    rows = (top * (1 - mix) + bottom * mix).astype(np.uint8)  # (H, 1, 3)
    return Image.fromarray(np.repeat(rows, width, axis=1))


def _colour(rng: np.random.Generator, low: int, high: int) -> tuple[int, int, int]:
    red, green, blue = (int(value) for value in rng.integers(low, high, 3))
    return red, green, blue


def _pyramids(draw: ImageDraw.ImageDraw, width: int, ground: int, rng: np.random.Generator) -> None:
    for _ in range(3):
        peak, half = width * rng.uniform(0.2, 0.8), width * rng.uniform(0.12, 0.3)
        top = ground - half * 1.1
        draw.polygon([(peak - half, ground), (peak, top), (peak + half, ground)], (214, 178, 112))
        draw.polygon([(peak, top), (peak + half, ground), (peak + half * 0.4, ground)], "#a98752")


def _dome(draw: ImageDraw.ImageDraw, width: int, ground: int, rng: np.random.Generator) -> None:
    middle, radius = width * rng.uniform(0.4, 0.6), width * rng.uniform(0.1, 0.16)
    wall = "#efe9df"
    draw.rectangle((middle - 2 * radius, ground - radius, middle + 2 * radius, ground), wall)
    draw.pieslice(
        (middle - radius, ground - 2.4 * radius, middle + radius, ground), 180, 360, "#f8f5ee"
    )
    for side in (-2.6, 2.6):
        left = middle + side * radius
        draw.rectangle((left - radius / 9, ground - 2.3 * radius, left + radius / 9, ground), wall)


def _arches(draw: ImageDraw.ImageDraw, width: int, ground: int, rng: np.random.Generator) -> None:
    step = width * rng.uniform(0.06, 0.09)
    for level in range(3):
        bottom = ground - level * step * 1.3
        draw.rectangle((width * 0.15, bottom - step * 1.3, width * 0.85, bottom), "#c9a57b")
        for column in range(int(width * 0.7 / step)):
            left = width * 0.15 + column * step + step * 0.2
            draw.rectangle((left, bottom - step * 0.7, left + step * 0.6, bottom), "#4d3a2a")
            draw.pieslice(
                (left, bottom - step, left + step * 0.6, bottom - step * 0.4), 180, 360, "#4d3a2a"
            )


def _tower(draw: ImageDraw.ImageDraw, width: int, ground: int, rng: np.random.Generator) -> None:
    foot, half = width * rng.uniform(0.3, 0.7), width * rng.uniform(0.05, 0.1)
    top = ground * 0.15
    draw.polygon([(foot - half, ground), (foot, top), (foot + half, ground)], "#5b5450")
    for height in np.linspace(ground, top, 9)[1:-1]:
        draw.line((foot - half, height, foot + half, height), fill="#443e3b", width=2)


def _nothing(draw: ImageDraw.ImageDraw, width: int, ground: int, rng: np.random.Generator) -> None:
    for _ in range(40):
        left, size = width * rng.uniform(0, 1), width * rng.uniform(0.01, 0.05)
        draw.ellipse((left, ground - size, left + size, ground + size), _colour(rng, 30, 120))


SHAPES: tuple[Shape, ...] = (_pyramids, _dome, _arches, _tower, _nothing)


def main() -> None:
    """Draw the library that the command line asks for."""
    parser = argparse.ArgumentParser(description="Draw a small photo library.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--scenes", type=int, default=24, help="ordinary photos (default 24)")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument(
        "--labelled", type=int, metavar="N", help="N photos of each kind in folders to learn from"
    )
    arguments = parser.parse_args()
    if arguments.labelled:
        photos = draw_collection(arguments.folder, arguments.labelled)
        print(f"{photos} photos in {arguments.folder}/landmarks and {arguments.folder}/others")
        return
    photos = draw_library(arguments.folder, arguments.scenes, arguments.seed)
    print(f"{photos} photos and a text file in {arguments.folder}")


if __name__ == "__main__":
    main()
