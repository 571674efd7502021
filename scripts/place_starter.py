"""Put a trained version into the package as the starter model, and its figures into the card.

    python -m flows.train --data DATA/landmarks13-train --negatives DATA/negatives --out models \\
        --weights DATA/weights/mobilenet_v2_imagenet_dequantised.pth --folds 5 \\
        --recipe docs/recipes/starter.toml --card docs/starter/card.toml --name starter
    python scripts/place_starter.py models

Writes landmark_core/model/starter/starter.pt, the diagrams in docs/starter and the parts of
docs/starter-model-card.md between its `<!-- begin ... -->` and `<!-- end ... -->` lines. No photo
leaves the report.
"""

import argparse
import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from landmark_core.model import ModelCard, Registry, Version, load_model
from landmark_core.training import diagrams_of

ROOT = Path(__file__).parents[1]
MODEL = ROOT / "landmark_core" / "model" / "starter" / "starter.pt"
CARD = ROOT / "docs" / "starter-model-card.md"
DIAGRAMS = ROOT / "docs" / "starter"
FIGURES = (
    ("top1", "top-1"),
    ("top5", "top-5"),
    ("macro_f1", "macro F1"),
    ("gap", "GAP (micro-AP of Google Landmarks v2)"),
    ("ece", "calibration error (15 bins)"),
    ("ece_by_chance", "calibration error that chance alone makes"),
    ("auroc", "AUROC, landmark against other"),
    ("fpr95", "others as confident as 95 % of the landmarks"),
    ("tagged_precision", "of `tagged`, the right tag (others count as wrong)"),
    ("landmarks_tagged", "landmark photos tagged"),
    ("landmarks_review", "landmark photos sent to review"),
    ("landmarks_lost", "landmark photos called no_landmark"),
    ("others_tagged", "other photos tagged"),
    ("others_review", "other photos sent to review"),
)


def main() -> None:
    """Copy the file, draw the diagrams, fill the card."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("models", type=Path, help="MODEL_DIR of the training")
    parser.add_argument("--version", help="default: the champion")
    options = parser.parse_args()
    registry = Registry(options.models)
    version = registry.version(options.version) if options.version else registry.champion()
    if version is None:
        raise SystemExit(f"no champion in {options.models}: name a --version")
    report = json.loads((version.folder / "report" / "report.json").read_text(encoding="utf-8"))
    shutil.copyfile(version.model_path, MODEL)
    DIAGRAMS.mkdir(parents=True, exist_ok=True)
    for title, svg in diagrams_of(version).items():
        (DIAGRAMS / f"{title.lower()}.svg").write_text(svg, encoding="utf-8")
    card = load_model(str(version.model_path)).card
    text = CARD.read_text(encoding="utf-8")
    text = fill(text, "classes", class_table(card, report))
    text = fill(text, "figures", figure_table(report))
    text = fill(text, "decisions", decisions(card, version))
    text = fill(text, "doubts", doubts(report))
    CARD.write_text(text, encoding="utf-8")


def fill(text: str, name: str, content: str) -> str:
    """Return the page with what stands between the marks of this name replaced."""
    begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    if len(pattern.findall(text)) != 1:
        raise SystemExit(f"expected {begin} ... {end} once in {CARD}")
    return pattern.sub(lambda _: f"{begin}\n{content}\n{end}", text)


def class_table(card: ModelCard, report: Mapping[str, Any]) -> str:
    """Return what the model knows, and how often it is right."""
    figures = {row["name"]: row for row in report["classes"]}
    lines = [
        "| tag | country | city | kind | photos | unseen: right tag | most often taken for |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in card.class_names:
        place, row = card.tag_parents[name], figures[name]
        cells = (place.country, place.city, place.kind, row["photos"], f"{row['recall']:.2f}")
        taken = f"{row['confused_with']} ({row['confused']})" if row["confused"] else ""
        lines.append(f"| {name} | {' | '.join(str(cell or '') for cell in cells)} | {taken} |")
    return "\n".join(lines)


def figure_table(report: Mapping[str, Any]) -> str:
    """Return the figures over all unseen photos, and over the folds."""
    whole, folds = report["figures"], report["mean_over_folds"]
    lines = ["| figure | all | mean of folds | standard deviation |", "|---|---|---|---|"]
    for key, name in FIGURES:
        one = folds.get(key)
        spread = f"{one['mean']:.3f} | {one['deviation']:.3f}" if one else " | "
        lines.append(f"| {name} | {whole[key]:.3f} | {spread} |")
    return "\n".join(lines)


def decisions(card: ModelCard, version: Version) -> str:
    """Return temperature and thresholds as a sentence, and which version it is."""
    cut = card.thresholds
    own = ", ".join(f"{name} {value:g}" for name, value in sorted(cut.per_class.items()))
    return (
        f"Temperature {card.temperature:g}. A photo is `no_landmark` below confidence "
        f"{cut.no_landmark_below or 0:g} or above energy {cut.no_landmark_energy_above}, `tagged` "
        f"from confidence {cut.tagged_from:g}{f' ({own})' if own else ''}, else `review`. Version "
        f"`{version.name}`, photos and labels `{card.data_digest}`."
    )


def doubts(report: Mapping[str, Any]) -> str:
    """Return how many labels are in doubt, by class; no photo is named."""
    found = report["suspicious_labels"]
    counts: dict[str, int] = {}
    for one in found:
        name = one["label"] or "other things"
        counts[name] = counts.get(name, 0) + 1
    listed = ", ".join(
        f"{name} {many}" for name, many in sorted(counts.items(), key=lambda c: -c[1])
    )
    photos = report["figures"]["photos"]
    return f"{len(found)} of {photos:,} labels are in doubt: {listed}."


if __name__ == "__main__":
    main()
