"""Say figures in words and in round numbers, for people. Pure."""

from dataclasses import dataclass

from landmark_core.judging.metrics import ClassFigures, Figures, Spread
from landmark_core.number_text import percent_text

NOTHING = "–"  # where no photo could tell


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureRow:
    """One line of the page's table of figures."""

    name: str
    value: str
    folds: str  # mean and deviation over folds; empty where there are none
    meaning: str


_PERCENT, _PLAIN = "percent", "plain"
_ROWS = (
    ("top1", "Top-1", _PERCENT, "landmark photos whose best tag is right"),
    ("top5", "Top-5", _PERCENT, "landmark photos with the right tag among the best five"),
    ("macro_f1", "Macro F1", _PLAIN, "mean over classes of precision and recall in one; 1 is best"),
    ("gap", "GAP", _PLAIN, "micro-AP of Google Landmarks v2, other things among the photos"),
    ("ece", "ECE", _PLAIN, "mean gap of confidence and accuracy over 15 bins; 0 is best"),
    ("ece_by_chance", "ECE by chance", _PLAIN, "of a perfectly calibrated model on as many photos"),
    ("brier", "Brier score", _PLAIN, "squared distance of the probabilities from the truth"),
    ("auroc", "AUROC", _PLAIN, "chance that a landmark is surer than a photo of something else"),
    ("auroc_energy", "AUROC of the energy", _PLAIN, "the same for the energy"),
    ("fpr95", "FPR95", _PERCENT, "other things as sure as 95 % of the landmarks; 0 is best"),
    ("aurc", "AURC", _PLAIN, "mean share of errors over all coverages; 0 is best"),
    ("tagged_precision", "Precision of tagged", _PERCENT, "tags without review that are right"),
    ("landmarks_tagged", "Landmarks tagged", _PERCENT, "landmark photos tagged without review"),
    ("landmarks_review", "Landmarks to review", _PERCENT, "landmark photos that a person sees"),
    ("landmarks_lost", "Landmarks lost", _PERCENT, "landmark photos called no landmark"),
    ("others_tagged", "Other things tagged", _PERCENT, "photos of other things that got a tag"),
    ("others_review", "Other things to review", _PERCENT, "photos of others that a person sees"),
)


_ENOUGH = 100  # photos that a share of a hundred may be told by, without saying how few they were


def headlines(figures: Figures) -> tuple[str, ...]:
    """Return the figures that matter as sentences, the most important first."""
    lines = []
    if figures.tagged_precision is not None:
        lines.append(
            f"Of 100 photos that get a tag without review, {per_hundred(figures.tagged_precision)} "
            f"{_are(figures.tagged_precision)} right{_by_how_many(figures.tagged)}."
        )
    if figures.landmarks_tagged is not None:
        lines.append(
            f"Of 100 landmark photos, {per_hundred(figures.landmarks_tagged)} "
            f"{_are(figures.landmarks_tagged)} tagged without review, "
            f"{per_hundred(figures.landmarks_review)} wait for a person and "
            f"{per_hundred(figures.landmarks_lost)} {_are(figures.landmarks_lost)} "
            "called no landmark."
        )
    if figures.others_tagged is not None:
        lines.append(
            f"Of 100 photos of other things, {per_hundred(figures.others_tagged)} wrongly "
            f"{'gets' if _are(figures.others_tagged) == 'is' else 'get'} a tag, "
            f"{per_hundred(figures.others_review)} wait for a person and "
            f"{per_hundred(figures.others_left_alone)} {_are(figures.others_left_alone)} "
            "left alone."
        )
    else:
        lines.append(
            "No photos of other things were judged: nobody knows yet what the model makes of them."
        )
    if figures.top1 is not None and figures.ece is not None:
        lines.append(
            f"Its first guess for a landmark is right {per_hundred(figures.top1)} times in 100; "
            f"its confidence is off by {100 * figures.ece:.1f} percentage points on average."
        )
    return tuple(lines)


def figure_rows(figures: Figures, spread: dict[str, Spread]) -> tuple[FigureRow, ...]:
    """Return the table of figures."""
    rows = []
    for field, name, kind, meaning in _ROWS:
        folds = ""
        if field in spread:
            one = spread[field]
            folds = f"{_number(one.mean, kind)} ± {_number(one.deviation, kind)}"
        value = _number(getattr(figures, field), kind)
        rows.append(FigureRow(name=name, value=value, folds=folds, meaning=meaning))
    return tuple(rows)


def worst_first(classes: tuple[ClassFigures, ...]) -> tuple[ClassFigures, ...]:
    """Return the classes with the lowest F1 first; those without photos last."""
    return tuple(sorted(classes, key=lambda one: (one.photos == 0, one.f1, one.name)))


def percent(share: float | None, digits: int = 1) -> str:
    """Return a share as text such as 97.1 %."""
    return NOTHING if share is None else percent_text(share, digits)


def per_hundred(share: float | None) -> str:
    """Return how many of a hundred, never rounding a few to none or nearly all to all."""
    if share is None:
        return NOTHING
    if 0 < share <= 0.005:  # 1 of 200 too, which Python would round to 0
        return "fewer than 1"
    return "more than 99" if 0.995 <= share < 1 else f"{round(100 * share)}"


def _are(share: float | None) -> str:
    return "is" if share is not None and (round(100 * share) == 1 or 0 < share <= 0.005) else "are"


def _number(value: float | None, kind: str) -> str:
    if value is None:
        return NOTHING
    return percent(value) if kind == _PERCENT else f"{value:.3f}"


def _by_how_many(photos: int) -> str:
    """Return how few photos a share of a hundred was measured on; nothing where they are enough."""
    return "" if photos >= _ENOUGH else f" (measured on {photos} alone)"
