"""Which order of the review queue brings the model's errors up soonest, on real photos.

    python benchmarks/orders.py --data ../shared/data --work FOLDER

Three times, two thirds of the photos train a model (`landmarks train`, transfer learning) and it
tags the last third (`landmarks tag`), so that each photo gets the answer of a model that has not
seen it. The model's answer is its best tag, or "no landmark" where it decided so; it is an error
where the folder of the photo says something else. The labels are noisy: some errors are theirs.

Printed is, for each order, how many of all errors stand in its first 20 %: once over all photos,
once over those that the model itself sends to review. The interval (95 %) is of the share, from
1,000 draws of the photos with replacement.
"""

import argparse
import json
import random
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas
from numpy.typing import NDArray

from landmark_core.review.queue import ORDERS, Order, QueueColumns, UsualConfidence, arrange

FOLDS, FIRST, DRAWS = 3, 0.2, 1000
LANDMARKS = (sys.executable, "-m", "landmark_core.cli")
NOTHING = "no landmark"
Flags = NDArray[np.bool_]


def deal(data: Path, work: Path) -> None:
    """Copy the photos into folders that `landmarks train` and `landmarks tag` take."""
    rng = random.Random(5)
    sources = {"landmarks": data / "landmarks13-train", "negatives": data / "negatives"}
    for kind, source in sources.items():
        photos = sorted(source.rglob("*.jpg"))
        rng.shuffle(photos)
        for number, photo in enumerate(photos):
            for fold in range(FOLDS):
                role = "held" if number % FOLDS == fold else "train"
                place = work / f"fold-{fold}" / role / kind / photo.relative_to(source)
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(photo, place)


def answer(data: Path, fold: Path) -> None:
    """Train on two thirds, tag the last one."""
    train, held = fold / "train", fold / "held"
    weights = data / "weights" / "mobilenet_v2_imagenet_dequantised.pth"
    subprocess.run(
        [
            *(
                *LANDMARKS,
                "train",
                str(train / "landmarks"),
                "--negatives",
                str(train / "negatives"),
            ),
            *("--out", str(fold / "model"), "--weights", str(weights), "--no-progress"),
        ],
        check=True,
    )
    subprocess.run(
        [
            *(*LANDMARKS, "tag", str(held), "--out", str(fold / "out"), "--no-progress"),
            *("--model", str(fold / "model")),
        ],
        check=True,
    )


def read(work: Path) -> pandas.DataFrame:
    """Return one row for each photo, with what it is and whether the answer is wrong."""
    parts = [pandas.read_parquet(work / f"fold-{fold}" / "out" / "tags") for fold in range(FOLDS)]
    rows = pandas.concat(parts, ignore_index=True)
    rows = rows[rows.status == "ok"].reset_index(drop=True)
    names = rows.uri.map(lambda uri: Path(uri).parent.name)
    label = names.where(rows.uri.str.contains("/landmarks/"), NOTHING)
    clean = {name: name.partition(".")[2].replace("_", " ") for name in names.unique()}
    label = label.map(lambda name: NOTHING if name == NOTHING else clean[name])
    given = rows.tag.where(rows.decision != "no_landmark", NOTHING)
    return rows.assign(label=label, is_error=given != label)


def columns_of(rows: pandas.DataFrame) -> QueueColumns:
    """Lay the rows out as the review queue has them."""
    tag = rows.tag.astype("category").cat.codes.to_numpy(np.int32)
    confidence = rows.confidence.to_numpy(np.float32)
    usual = UsualConfidence()
    usual.add(tag, confidence)
    median, spread = usual.median_and_spread(tag)
    return QueueColumns(
        photo=np.array([int(text[:16], 16) for text in rows.photo_id], np.uint64),
        tag=tag,
        confidence=confidence,
        margin=rows.margin.to_numpy(np.float32),
        entropy=rows.entropy.to_numpy(np.float32),
        moment=rows.tagged_at.astype("int64").to_numpy(),
        group=np.arange(len(rows)),
        usual=median,
        spread=spread,
    )


def found_first(is_error: Flags, order: NDArray[np.int64]) -> int:
    """Return how many errors stand in the first fifth of an order."""
    return int(is_error[order[: round(FIRST * len(order))]].sum())


def interval(rows: pandas.DataFrame, order: Order) -> tuple[float, float]:
    """Return the 2.5 and 97.5 percentiles of the share, over photos drawn with replacement."""
    rng = np.random.default_rng(7)
    shares = []
    for _ in range(DRAWS):
        drawn = rows.iloc[rng.integers(0, len(rows), len(rows))]
        is_error = drawn.is_error.to_numpy()
        shares.append(found_first(is_error, arrange(columns_of(drawn), order)) / is_error.sum())
    low, high = np.percentile(shares, [2.5, 97.5])
    return float(low), float(high)


def compare(rows: pandas.DataFrame) -> dict[str, dict[str, float]]:
    """Return the figures of each order over some photos."""
    is_error = rows.is_error.to_numpy()
    columns = columns_of(rows)
    found = {order: found_first(is_error, arrange(columns, order)) for order in ORDERS}
    figures = {}
    for order in ORDERS:
        low, high = interval(rows, order)
        figures[order] = {
            "errors_first": found[order],
            "share": found[order] / is_error.sum(),
            "low": low,
            "high": high,
            "against_confidence": found[order] / max(found["confidence"], 1),
        }
    return figures


def print_table(name: str, rows: pandas.DataFrame, figures: dict[str, dict[str, float]]) -> None:
    """Print one pool as a Markdown table."""
    errors, first = int(rows.is_error.sum()), round(FIRST * len(rows))
    print(f"\n{name}: {len(rows)} photos, {errors} errors, {first} photos in the first 20 %;")
    print(f"at random {FIRST:.0%} of the errors, at best {min(first / errors, 1):.0%}\n")
    print("| order | errors in the first 20 % | of all errors | against lowest confidence |")
    print("|---|---:|---:|---:|")
    best_first = sorted(figures.items(), key=lambda item: -item[1]["errors_first"])
    for order, one in best_first:
        share = f"{one['share']:.1%} ({one['low']:.0%} to {one['high']:.0%})"
        ratio = f"{one['against_confidence']:.2f}"
        print(f"| {order} | {one['errors_first']:.0f} | {share} | {ratio} |")


def main() -> None:
    """Train, tag, compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument(
        "--work", type=Path, required=True, help="kept: a second call only compares"
    )
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if not arguments.work.exists():
        deal(arguments.data, arguments.work)
    for fold in range(FOLDS):
        if not (arguments.work / f"fold-{fold}" / "out").exists():
            answer(arguments.data, arguments.work / f"fold-{fold}")
    rows = read(arguments.work)
    pools = {"All photos": rows, "Photos to review": rows[rows.decision == "review"]}
    figures = {name: compare(pool.reset_index(drop=True)) for name, pool in pools.items()}
    if arguments.json:
        print(json.dumps(figures, indent=2))
        return
    for name, pool in pools.items():
        print_table(name, pool, figures[name])


if __name__ == "__main__":
    main()
