"""Train the starter model: MobileNetV2 that knows 13 landmarks, and says when it sees none.

    python scripts/train_starter.py --data ../shared/data

Six models are trained: five, each on four fifths of the photos, give logits for the fifth that
they have not seen, and those logits give the printed figures, the temperature and the
thresholds; the sixth is trained on all photos and saved with them. What each part of the recipe
is worth stands in docs/starter-model-card.md. The file in the package is a blend of two such
models (blend_starter.py).
"""

import argparse
import dataclasses
import json
import statistics
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import torch
from starter.diagram import draw_reliability
from starter.file import assemble, save_starter
from starter.fit import End, Recipe, infer, train_all
from starter.folds import deal_folds, difference_hash, group_near_duplicates
from starter.judge import Cut, Figures, choose_cut, fit_temperature, measure
from starter.photos import Photo, data_digest, find_photos, open_photo
from starter.views import Views, load_backbone, make_views
from torch import Tensor
from torchvision.models import MobileNetV2

WEIGHTS = Path("weights") / "mobilenet_v2_imagenet_dequantised.pth"
FOLDS = 5


def main() -> None:
    """Judge the recipe, then train on everything and save."""
    options = _parse()
    device = _choose_device(options.device)
    recipe = Recipe(**json.loads(options.recipe))
    photos, folders = find_photos(options.data)
    network = load_backbone(options.data / WEIGHTS, len(folders))
    labels = torch.tensor([photo.label for photo in photos])
    started = time.monotonic()
    views = make_views(
        photos,
        network,
        views=options.views,
        writing=options.writing,
        seed=options.seed,
        device=device,
        jobs=options.jobs,
    )
    _log(f"{len(photos)} photos, {options.views} views each", started)
    folds = _deal(photos, network, views)
    every = torch.arange(len(labels))
    choices = [every[folds != fold] for fold in range(FOLDS)]
    choices += [] if options.evaluate else [every]
    ends = train_all(network, views, labels, choices, recipe, seed=options.seed, jobs=options.jobs)
    _log("trained", started)
    logits = torch.zeros(len(labels), len(folders))
    for fold in range(FOLDS):
        logits[folds == fold] = infer(ends[fold], views.plain[folds == fold])
    temperature = fit_temperature(logits, labels)
    cut = choose_cut(logits, labels, temperature)
    figures = measure(logits, labels, temperature, cut)
    _print_table(logits, labels, folds, temperature, cut, figures)
    if options.logits:
        torch.save({"logits": logits, "labels": labels, "folds": folds}, options.logits)
    if options.diagram:
        draw_reliability(logits, labels, temperature, options.diagram)
    if options.evaluate:
        return
    save_starter(
        assemble(network, ends[-1]),
        options.out,
        folders=folders,
        temperature=temperature,
        cut=cut,
        figures=figures,
        data_digest=data_digest(photos),
        now=datetime.now(UTC),
    )
    _log(f"saved {options.out}", started)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of photos and weights")
    parser.add_argument("--out", type=Path, default=Path("landmark_core/model/starter/starter.pt"))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--views", type=int, default=8, help="random views of each photo")
    parser.add_argument("--writing", type=float, default=0.0, help="share of views written over")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--jobs", type=int, default=1, help="trainings at a time, on a CPU")
    parser.add_argument("--recipe", default="{}", help="JSON of starter.fit.Recipe's fields")
    parser.add_argument("--evaluate", action="store_true", help="judge the recipe, save no model")
    parser.add_argument("--logits", type=Path, help="write the logits of the unseen photos here")
    parser.add_argument("--diagram", type=Path, help="draw the reliability diagram here (PNG)")
    return parser.parse_args()


def _choose_device(wanted: str) -> str:
    if wanted != "auto":
        return wanted
    return "cuda" if torch.cuda.is_available() else "cpu"


def _deal(photos: list[Photo], network: MobileNetV2, views: Views) -> Tensor:
    """Return each photo's fold, (N,)."""
    end = End(network).eval().to(views.plain.device)
    with torch.inference_mode():
        features = torch.cat([end.pooled(part.float()) for part in torch.split(views.plain, 128)])
    hashes = [difference_hash(open_photo(photo.path)) for photo in photos]
    groups = group_near_duplicates(hashes, features.cpu().numpy())
    return torch.from_numpy(deal_folds(photos, groups, FOLDS))


def _print_table(
    logits: Tensor, labels: Tensor, folds: Tensor, temperature: float, cut: Cut, figures: Figures
) -> None:
    """Print each figure over all unseen photos, and its mean and spread over the folds."""
    parts = [
        measure(logits[folds == fold], labels[folds == fold], temperature, cut)
        for fold in range(FOLDS)
    ]
    print(f"temperature {temperature}, {cut}")
    print("| figure | all | mean of folds | standard deviation |")
    print("|---|---|---|---|")
    for field in dataclasses.fields(Figures):
        values = [getattr(part, field.name) for part in parts]
        mean, spread = statistics.mean(values), statistics.stdev(values)
        print(f"| {field.name} | {getattr(figures, field.name):.3f} | {mean:.3f} | {spread:.3f} |")


def _log(text: str, started: float) -> None:
    print(f"{time.monotonic() - started:6.0f} s  {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
