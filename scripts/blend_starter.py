"""Blend two trained starter models into one: the mean of their weights.

    python scripts/blend_starter.py plain.pt written.pt --logits plain.logits written.logits

Models that started from the same weights can be averaged, and the average answers nearly as the
two together (Wortsman et al. 2022, section 4, https://arxiv.org/abs/2203.05482). So temperature,
thresholds and figures come from the mean of the logits that both recipes gave to photos they had
not seen. Both must have been trained by train_starter.py on the same photos.
"""

import argparse
import dataclasses
import sys
from datetime import UTC, datetime
from pathlib import Path

import torch
from starter.diagram import draw_reliability
from starter.judge import choose_cut, fit_temperature, measure
from torch import Tensor

from landmark_core.model import LoadedModel, Thresholds, load_model, save_model


def main() -> None:
    """Blend, judge and save."""
    options = _parse()
    models = [load_model(str(path)) for path in options.models]
    logits, labels, folds = _mean_logits(options.logits)
    temperature = fit_temperature(logits, labels)
    cut = choose_cut(logits, labels, temperature)
    figures = dataclasses.asdict(measure(logits, labels, temperature, cut))
    print(f"temperature {temperature}, {cut}")
    print("| figure | all | mean of folds | standard deviation |")
    print("|---|---|---|---|")
    for name, value in figures.items():
        parts = torch.tensor(
            [
                getattr(measure(logits[here], labels[here], temperature, cut), name)
                for here in (folds == fold for fold in folds.unique())
            ]
        )
        print(f"| {name} | {value:.3f} | {parts.mean():.3f} | {parts.std():.3f} |")
    card = dataclasses.replace(
        models[0].card,
        temperature=temperature,
        thresholds=Thresholds(**dataclasses.asdict(cut)),
        metrics={name: round(value, 4) for name, value in figures.items()},
        created_at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    )
    save_model(_blend(models), card, options.out)
    if options.diagram:
        draw_reliability(logits, labels, temperature, options.diagram)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("models", type=Path, nargs=2, help="files of train_starter.py")
    parser.add_argument("--logits", type=Path, nargs=2, required=True, help="its --logits files")
    parser.add_argument("--out", type=Path, default=Path("landmark_core/model/starter/starter.pt"))
    parser.add_argument("--diagram", type=Path, help="draw the reliability diagram here (PNG)")
    return parser.parse_args()


def _mean_logits(paths: list[Path]) -> tuple[Tensor, Tensor, Tensor]:
    """Return the mean logits (N, classes), the labels (N,) and the folds (N,)."""
    first, second = (torch.load(path, weights_only=True) for path in paths)
    if not all(torch.equal(first[name], second[name]) for name in ("labels", "folds")):
        sys.exit("the two models were trained on other photos or folds; train both anew")
    return (first["logits"] + second["logits"]) / 2, first["labels"], first["folds"]


def _blend(models: list[LoadedModel]) -> torch.jit.ScriptModule:
    """Return the first module with the mean of both modules' weights."""
    first, second = (model.module.state_dict() for model in models)
    mean = {
        name: (value + second[name]) / 2 if value.is_floating_point() else value
        for name, value in first.items()
    }
    models[0].module.load_state_dict(mean)
    return models[0].module.eval()


if __name__ == "__main__":
    main()
