"""Say figures in words and in round numbers, for people. Pure."""

from dataclasses import dataclass

from landmark_core.judging.metrics import ClassFigures, Figures, Spread
from landmark_core.number_text import count_text, figure_text, percent_text

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
_FEW = 30  # photos; fewer are told as they were counted, not as so many of a hundred
_BEST = 5  # tags that top-5 looks at


def headlines(figures: Figures) -> tuple[str, ...]:
    """Return the figures that matter as sentences, the most important first."""
    lines = []
    if figures.tagged_precision is not None:
        photos, right = figures.tagged, figures.tagged_precision
        tagged = _of(photos, "photo", "that got", "that get") + " a tag without review"
        few = "" if photos < _FEW else _by_how_many(photos)
        lines.append(f"{tagged}, {_many(right, photos)} {_are(right, photos)} right{few}.")
    if figures.landmarks_tagged is not None:
        lines.append(_of_landmarks(figures, figures.landmarks))
    if figures.others_tagged is not None:
        lines.append(_of_others(figures, figures.others))
    else:
        lines.append(
            "No photos of other things were judged: nobody knows yet what the model makes of them."
        )
    if figures.top1 is not None and figures.ece is not None:
        lines.append(_first_guess(figures.top1, figures.ece, figures.landmarks))
    return tuple(lines)


def _of_landmarks(figures: Figures, photos: int) -> str:
    tagged, waits, lost = (
        figures.landmarks_tagged,
        figures.landmarks_review,
        figures.landmarks_lost,
    )
    return (
        f"{_of(photos, 'landmark photo', 'judged')}, {_many(tagged, photos)} "
        f"{_are(tagged, photos)} tagged without review, {_many(waits, photos)} "
        f"{_plural('wait', waits, photos)} for a person and {_many(lost, photos)} "
        f"{_are(lost, photos)} called no landmark."
    )


def _of_others(figures: Figures, photos: int) -> str:
    tagged, waits, left = figures.others_tagged, figures.others_review, figures.others_left_alone
    who = _of(photos, "photo", "of other things judged", "of other things")
    return (
        f"{who}, {_many(tagged, photos)} wrongly {_plural('get', tagged, photos)} a tag, "
        f"{_many(waits, photos)} {_plural('wait', waits, photos)} for a person and "
        f"{_many(left, photos)} {_are(left, photos)} left alone."
    )


def _first_guess(right: float, off: float, photos: int) -> str:
    times = f"{per_hundred(right)} times in 100"
    if photos < _FEW:
        times = f"for {_many(right, photos)} of {photos}"
    return (
        f"Its first guess for a landmark is right {times}; "
        f"its confidence is off by {100 * off:.1f} percentage points on average."
    )


def _of(photos: int, kind: str, counted: str, usual: str = "") -> str:
    """Return whom a sentence speaks of: so few photos themselves, or a hundred like them."""
    if photos < _FEW:
        return f"Of the {count_text(photos, kind)} {counted}"
    return f"Of 100 {kind}s {usual}".rstrip()


def _many(share: float | None, photos: int) -> str:
    """Return a share as a count where there were few photos, else as so many of a hundred."""
    return f"{round(share * photos)}" if share is not None and photos < _FEW else per_hundred(share)


def figure_rows(figures: Figures, spread: dict[str, Spread]) -> tuple[FigureRow, ...]:
    """Return the table of figures."""
    rows = []
    for field, name, kind, meaning in _ROWS:
        if field == "top5" and figures.classes <= _BEST:
            continue  # the best five are all there are
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


def _is_one(share: float | None, photos: int) -> bool:
    """Whether what `_many` says takes a verb in the singular."""
    return share is not None and _many(share, photos) in ("1", "fewer than 1")


def _are(share: float | None, photos: int) -> str:
    return "is" if _is_one(share, photos) else "are"


def _plural(verb: str, share: float | None, photos: int) -> str:
    return f"{verb}s" if _is_one(share, photos) else verb


def _number(value: float | None, kind: str) -> str:
    return NOTHING if value is None else figure_text(value, is_share=kind == _PERCENT)


def _by_how_many(photos: int) -> str:
    """Return how few photos a share of a hundred was measured on; nothing where they are enough."""
    return "" if photos >= _ENOUGH else f" (measured on {photos} alone)"
