"""What each technique of a recipe buys: the same photos and folds, one thing changed at a time.

    python benchmarks/techniques.py --data PHOTOS --negatives OTHERS --weights FILE [--only ...]

Each row trains a model for each of five folds and asks it about the fold that it has not seen;
calibration is that of the other folds. Loss is the mean negative log-likelihood of landmark photos
at the calibrated temperature: with few photos it tells recipes apart where top-1 cannot. Without
--data the photos are drawn, which shows that it runs and says nothing about techniques.
"""

import argparse
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from landmark_core.cli import drawn_training, settle_threads

settle_threads()

from landmark_core.judging import (  # noqa: E402
    Answers,
    cross_calibrate,
    decide,
    load_answers,
    measure,
)
from landmark_core.training import Recipe, TrainConfig, learn  # noqa: E402

PLAIN: dict[str, Any] = {
    "backbone": "mobilenet_v2",
    "batch_norm": "frozen",
    "frozen_stages": 7,
    "views": 8,
    "test_resize": 288,
    "test_crop": 288,
    "warm_up": 0.2,
    "epochs": 8,
}
SOUP = (
    {"epochs": 8},
    {"epochs": 12, "cutmix": 1.0},
    {"epochs": 10, "mixup": 0.2, "writing": 0.4},
    {"epochs": 10, "mixup": 0.2, "cutmix": 1.0, "writing": 0.4},
)
# Name of the row -> what differs from PLAIN.
TECHNIQUES: dict[str, dict[str, Any]] = {
    "plain": {},
    "last layer alone": {"frozen_stages": 19},
    "tested at 256 cropped to 224": {"test_resize": 256, "test_crop": 224},
    "other photos not learnt from": {"other_weight": 0.0},
    "no label smoothing": {"smoothing": 0.0},
    "no mean over epochs": {"averaged": 0.0},
    "cutmix, 12 epochs": {"cutmix": 1.0, "epochs": 12},
    "mixup and writing, 10 epochs": {"mixup": 0.2, "writing": 0.4, "epochs": 10},
    "mean of the first, cutmix": {"variants": SOUP[:2]},
    "mean of four (starter.toml)": {"variants": SOUP},
}


def main() -> None:
    """Train row by row and print the table as it grows."""
    options = _parse()
    with tempfile.TemporaryDirectory() as folder:
        data, negatives, weights = options.data, options.negatives, options.weights
        small: dict[str, Any] = {}
        if data is None:
            data, negatives = _draw(Path(folder))
            weights, small = "none", {"epochs": 1, "views": 2}
        print("| technique | top-1 | loss | ECE | AUROC | landmarks tagged | others tagged |")
        print("|---|---|---|---|---|---|---|", flush=True)
        for name in options.only or TECHNIQUES:
            changes = TECHNIQUES[name] if options.data else _without_variants(TECHNIQUES[name])
            recipe = Recipe(**PLAIN | changes | small, weights=str(weights))
            print(_row(name, recipe, data, negatives, Path(folder) / "models", options), flush=True)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, help="folder per class; drawn photos without it")
    parser.add_argument("--negatives", type=Path)
    parser.add_argument("--weights", default="default", help="of MobileNetV2: default or a file")
    parser.add_argument("--only", nargs="+", choices=list(TECHNIQUES), help="rows to measure")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def _row(
    name: str,
    recipe: Recipe,
    data: Path,
    negatives: Path,
    home: Path,
    options: argparse.Namespace,
) -> str:
    config = TrainConfig(
        data=str(data),
        out=str(home),
        negatives=str(negatives),
        recipe=recipe,
        folds=options.folds,
        seed=options.seed,
    )
    with drawn_training(shown=False) as progress:
        learned = learn(config, progress)
    answers = load_answers(learned.workplace.folder / "calibration.parquet")
    calibrated = cross_calibrate(answers)
    figures = measure(answers, calibrated)
    values = [figures.top1, _loss(answers), figures.ece, figures.auroc]
    values += [figures.landmarks_tagged, figures.others_tagged]
    return f"| {name} | {' | '.join(f'{value or 0:.3f}' for value in values)} |"


def _loss(answers: Answers) -> float:
    """Return the mean negative log-likelihood of landmark photos, in nats."""
    verdicts = decide(answers, cross_calibrate(answers))
    known = verdicts.labels >= 0
    scores = answers.logits[known] / verdicts.temperature[known, None]
    scores = scores - scores.max(axis=1, keepdims=True)
    log_p = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
    return float(-log_p[np.arange(len(log_p)), verdicts.labels[known]].mean())


def _without_variants(changes: dict[str, Any]) -> dict[str, Any]:
    """Variants need trained weights to begin with, which drawn photos have not."""
    return {key: value for key, value in changes.items() if key != "variants"}


def _draw(folder: Path) -> tuple[Path, Path]:
    """Draw 3 x 20 photos of coloured patterns, and 20 of others."""
    from PIL import Image

    random = np.random.default_rng(0)
    for label, name in enumerate(("Arch", "Dome", "Tower", None)):
        place = folder / "data" / name if name else folder / "others"
        place.mkdir(parents=True)
        for number in range(20):
            pixels = random.integers(0, 120, (6, 7, 3), dtype=np.uint8)
            if name:
                pixels[..., label] += 130
            picture = Image.fromarray(pixels).resize((320, 300), Image.Resampling.BICUBIC)
            picture.save(place / f"{number}.jpg")
    return folder / "data", folder / "others"


if __name__ == "__main__":
    main()
