"""How far the fast ways of reading and computing move what a model says of real photos.

    python benchmarks/agreement.py PHOTOS [--model FILE ...] [--every 1]

The reference decodes each photo in full with Pillow, resizes it with Pillow by torchvision's own
transforms, and calls the module as it stands, in float32. Against it, for each precision: pixels
from the tagger's loader, and the reference's own pixels. Photos that either cannot read are left
out. Decisions are those by the model's own thresholds. A move is the largest difference of any
calibrated confidence of a photo.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from PIL import Image, ImageOps
from torch import Tensor
from torchvision.transforms import v2

from landmark_core.config import ReadLimits
from landmark_core.library import PhotoLoader, open_listing
from landmark_core.model import LoadedModel, load_model
from landmark_core.records import PhotoRef
from landmark_core.tagging.opening import open_engine
from landmark_core.tagging.predict import rank_and_decide

BATCH = 8
PRECISIONS = ("fp32", "bf16", "auto")


@dataclass(frozen=True, slots=True)
class Photos:
    """The same photos read twice."""

    ours: Tensor  # (N, 3, H, W) uint8
    full: Tensor  # (N, 3, H, W) uint8


def main() -> None:
    """Print one table per model."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", help="a folder, as landmarks tag takes it")
    parser.add_argument("--model", nargs="+", default=["starter"])
    parser.add_argument("--every", type=int, default=1, help="take every n-th photo")
    options = parser.parse_args()
    refs = list(open_listing(options.photos))[:: options.every]
    for name in options.model:
        model = load_model(name)
        photos = _read(refs, model)
        print(f"\n{model.card.name}, {len(photos.ours)} photos of {options.photos}\n")
        _print_table(model, photos)


def _read(refs: list[PhotoRef], model: LoadedModel) -> Photos:
    loader = PhotoLoader(model.preprocess, limits=ReadLimits(), batch_size=BATCH, workers=0)
    ours, full = [], []
    for batch in loader.batches(refs):
        for photo, pixels in zip(batch.readable, batch.pixels, strict=True):
            ours.append(pixels)
            full.append(_read_in_full(photo.ref.location, model))
    return Photos(torch.stack(ours), torch.stack(full))


def _read_in_full(location: str, model: LoadedModel) -> Tensor:
    settings = model.card.preprocess
    size = settings.resize_size
    stretch = settings.resize_rule == "stretch"
    turn = v2.Compose(
        [
            v2.Resize(
                (size, size) if stretch else size,
                interpolation=v2.InterpolationMode(settings.interpolation),
            ),
            v2.CenterCrop(settings.crop_size),
            v2.PILToTensor(),
        ]
    )
    with Image.open(location) as image:
        pixels: Tensor = turn(ImageOps.exif_transpose(image).convert("RGB"))
    return pixels


def _print_table(model: LoadedModel, photos: Photos) -> None:
    print("| precision | pixels | top-1 | decisions | mean move | largest move |")
    print("|---|---|---:|---:|---:|---:|")
    expected = torch.cat(list(_score_plainly(model, photos.full)))
    for precision in PRECISIONS:
        engine = open_engine(
            model.module,
            normalise=model.preprocess.normalise,
            image_size=model.preprocess.shape,
            device="cpu",
            precision=precision,
            output=model.card.output,
            temperature=model.card.temperature,
        )
        label = f"auto ({engine.precision})" if precision == "auto" else precision
        for name, pixels in (("full", photos.full), ("ours", photos.ours)):
            scores = torch.cat([engine.forward(part).scores for part in pixels.split(BATCH)])
            print(f"| {label} | {name} | {_compare(model, expected, scores)} |", flush=True)


def _score_plainly(model: LoadedModel, pixels: Tensor) -> Iterator[Tensor]:
    for part in pixels.split(BATCH):
        with torch.inference_mode():
            yield model.module(model.preprocess.normalise(part))


def _compare(model: LoadedModel, expected: Tensor, scores: Tensor) -> str:
    card = model.card
    answers = [
        rank_and_decide(
            values,
            class_names=card.class_names,
            k=len(card.class_names),
            temperature=card.temperature,
            output=card.output,
            thresholds=card.thresholds,
        )
        for values in (expected, scores)
    ]
    pairs = list(zip(*answers, strict=True))
    same_best = sum(a.tags[0].tag == b.tags[0].tag for a, b in pairs) / len(pairs)
    same_decision = sum(a.decision == b.decision for a, b in pairs) / len(pairs)
    moves = [
        max(abs(confidence - after[tag]) for tag, confidence in before.items())
        for before, after in (
            tuple({tag.tag: tag.confidence for tag in answer.tags} for answer in pair)
            for pair in pairs
        )
    ]
    mean = sum(moves) / len(moves)
    return f"{same_best:.2%} | {same_decision:.2%} | {mean:.5f} | {max(moves):.4f}"


if __name__ == "__main__":
    main()
