"""Turn answers to unseen photos into a temperature and the thresholds of the decisions. Pure.

The rule itself is `tagging.rank_and_decide`; here its numbers are chosen so that what is `tagged`
needs no person; `temperature` fits the other half.

What few photos show is not believed at once: a tag of confidence t counts as right with chance t in
`prior_photos` imagined photos, which real ones outweigh.
"""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from landmark_core.judging.answers import Answers, folds_of, labels_of, rows_of_fold
from landmark_core.judging.temperature import confidences_of, energies_of, fit_temperature
from landmark_core.model import Thresholds
from landmark_core.records import OTHER

# Confidences that a threshold may take: round numbers, which people read.
_GRID = (*(round(0.01 * step, 2) for step in range(100)), 0.995, 0.999)
_NOTHING = 1.0  # tagged_from where no threshold keeps the aims

Confidences = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Aims:
    """What the thresholds have to keep on unseen photos; shares in [0, 1]."""

    precision: float = 0.97  # of `tagged`, over landmarks and other photos together
    most_others_tagged: float = 0.01  # share of the photos of other things that is tagged
    most_landmarks_lost: float = 0.03  # share of the landmark photos that is called no_landmark
    least_tagged_from: float = 0.5  # a tag that nobody checks is more likely right than wrong
    untested_tagged_from: float = 0.8  # the same where too few other photos tested it
    least_evidence: int = 20  # photos, before a class or `no_landmark` has a threshold of its own
    prior_photos: float = 10.0  # imagined ones that real ones have to outweigh

    def __post_init__(self) -> None:
        for name in ("precision", "most_others_tagged", "most_landmarks_lost"):
            if not 0 <= getattr(self, name) <= 1:  # written this way round, NaN is refused too
                raise ValueError(f"{name} must be in 0..1, got {getattr(self, name)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """How a model's logits become confidences and decisions; both go into its card."""

    temperature: float
    thresholds: Thresholds


Calibrated = Calibration | Mapping[int, Calibration]  # one for all photos, or one for each fold


def calibrate(
    logits: NDArray[np.float32],
    labels: NDArray[np.int64],
    *,
    class_names: Sequence[str],
    aims: Aims | None = None,
    energies: bool = True,
) -> Calibration:
    """Fit the temperature, then choose the thresholds.

    Without photos of other things nothing is called no_landmark, and `tagged` begins no lower than
    `untested_tagged_from`: nobody knows what the model makes of a cat.

    Args:
        logits: (N, C) of photos that the model has not been trained on.
        labels: (N,) columns, OTHER, or any other negative number for a landmark without a column.
        class_names: the C names.
        aims: what has to be kept; null takes the defaults.
        energies: whether the logits have a scale of their own; not so where they are log p.

    Raises:
        ValueError: shapes disagree, or a label is beyond the columns.
    """
    aims = aims or Aims()
    if logits.ndim != 2 or logits.shape != (len(labels), len(class_names)):
        expected = (len(labels), len(class_names))
        raise ValueError(f"expected {expected} logits, got {logits.shape}")
    if len(labels) and labels.max() >= len(class_names):
        raise ValueError(f"label {labels.max()} is beyond the {len(class_names)} classes")
    temperature = fit_temperature(logits, labels)
    seen = _look(logits, labels, temperature)
    tagged = _choose_tagged(seen, aims, Thresholds(), class_names)
    cut = _choose_no_landmark(seen, aims, most=tagged.tagged_from, energies=energies)
    # Chosen anew: what is called no_landmark cannot be tagged wrongly any more.
    cut = _choose_tagged(seen, aims, cut, class_names)
    return Calibration(temperature=temperature, thresholds=cut)


def cross_calibrate(answers: Answers, aims: Aims | None = None) -> dict[int, Calibration]:
    """Return for each fold the calibration that the other folds give.

    Figures measured with it are honest: no photo had a say in the thresholds that judge it.

    Raises:
        ValueError: if the photos have no fold numbers, or only one.
    """
    folds = folds_of(answers)
    if not folds:
        raise ValueError("expected answers of at least two folds, every photo with its number")
    labels = labels_of(answers)
    found = {}
    for fold in folds:
        rest = np.setdiff1d(np.arange(len(labels)), rows_of_fold(answers, fold))
        found[fold] = calibrate(
            answers.logits[rest],
            labels[rest],
            class_names=answers.class_names,
            aims=aims,
            energies=answers.energies,
        )
    return found


def wilson_interval(right: int, photos: int, *, z: float = 1.96) -> tuple[float, float]:
    """Return the bounds of a share of which `right` of `photos` is a sample.

    Wilson 1927 (https://doi.org/10.1080/01621459.1927.10502953); z 1.96 covers 95 %.
    """
    if photos == 0:
        return 0.0, 1.0
    share, spread = right / photos, z * z / photos
    middle = (share + spread / 2) / (1 + spread)
    half = z * math.sqrt(share * (1 - share) / photos + spread / photos / 4) / (1 + spread)
    return max(middle - half, 0.0), min(middle + half, 1.0)


def least_landmarks(aims: Aims) -> int:
    """Return how many landmark photos have to calibrate before anything is called no_landmark.

    Other things have to be `least_evidence` at least.
    """
    return next(photos for photos in itertools.count() if _may_lose(photos, aims) >= 0)


def least_right(threshold: float, aims: Aims) -> int:
    """Return how many tags, all of them right, let `tagged` begin at a confidence."""
    return next(tags for tags in itertools.count() if _enough(tags, tags, threshold, aims))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Seen:
    """The photos as the rule sees them; all (N,)."""

    confidence: Confidences
    best: NDArray[np.int64]
    energy: NDArray[np.float64]
    right: NDArray[np.bool_]
    other: NDArray[np.bool_]


def _look(logits: NDArray[np.float32], labels: NDArray[np.int64], temperature: float) -> _Seen:
    confidence, best = confidences_of(logits, temperature)
    return _Seen(
        confidence=confidence,
        best=best,
        energy=energies_of(logits),
        right=best == labels,
        other=labels == OTHER,
    )


def _kept(seen: _Seen, cut: Thresholds) -> NDArray[np.bool_]:
    """Say which photos are not called no_landmark."""
    kept = np.ones(len(seen.best), dtype=bool)
    if cut.no_landmark_below is not None:
        kept &= seen.confidence >= cut.no_landmark_below
    if cut.no_landmark_energy_above is not None:
        kept &= seen.energy <= cut.no_landmark_energy_above
    return kept


def _enough(right: float, photos: float, threshold: float, aims: Aims) -> bool:
    """Whether what is tagged from a threshold on is precise enough, the imagined photos included.

    They are right as often as the threshold says, which few real photos cannot outweigh.
    """
    prior = aims.prior_photos
    return right + prior * threshold >= aims.precision * (photos + prior)


def _choose_tagged(
    seen: _Seen, aims: Aims, cut: Thresholds, class_names: Sequence[str]
) -> Thresholds:
    """Return the cut with the lowest tagged_from that keeps both aims on `tagged`.

    Classes that would get a tag of their own too easily are held back first, so that one of them
    does not hold back all others.
    """
    kept = _kept(seen, cut)
    others = int(seen.other.sum())
    may_tag = math.floor(aims.most_others_tagged * others)
    tested = others >= aims.least_evidence
    least = max(
        aims.least_tagged_from if tested else aims.untested_tagged_from,
        cut.no_landmark_below or 0.0,
    )
    for threshold in (value for value in _GRID if value >= least):
        own = _hold_back(seen, kept, aims, threshold, len(class_names))
        needed = np.full(len(class_names), threshold)
        needed[list(own)] = list(own.values())
        tagged = kept & (seen.confidence >= needed[seen.best])
        right, photos = int(seen.right[tagged].sum()), int(tagged.sum())
        few_others = int(seen.other[tagged].sum()) <= may_tag
        if few_others and _enough(right, photos, threshold, aims):
            per_class = {class_names[column]: value for column, value in own.items()}
            return replace(cut, tagged_from=threshold, per_class=per_class)
    return replace(cut, tagged_from=_NOTHING)


def _hold_back(
    seen: _Seen, kept: NDArray[np.bool_], aims: Aims, threshold: float, classes: int
) -> dict[int, float]:
    """Return higher thresholds, by column, for the tags that are surely less precise.

    Surely: of at least `least_evidence` photos that would get the tag, other things among them, so
    many are wrong that even the upper Wilson bound of the precision stays below the aim and below
    what all other tags reach. Each is drawn towards the common threshold, the more the fewer
    photos speak for it.
    """
    tagged = kept & (seen.confidence >= threshold)
    photos = np.bincount(seen.best[tagged], minlength=classes)
    right = np.bincount(seen.best[tagged & seen.right], minlength=classes)
    found = {}
    for column in (photos >= aims.least_evidence).nonzero()[0].tolist():
        n, hits = int(photos[column]), int(right[column])
        rest = int(photos.sum()) - n
        usual = (int(right.sum()) - hits) / rest if rest else 1.0
        if wilson_interval(hits, n)[1] < min(aims.precision, usual):
            wanted = _choose_own(seen, kept & (seen.best == column), aims, threshold)
            trust = n / (n + aims.least_evidence)
            found[column] = round(threshold + trust * (wanted - threshold), 3)
    return found


def _choose_own(seen: _Seen, mine: NDArray[np.bool_], aims: Aims, least: float) -> float:
    """Return the lowest confidence above `least` from which one class is precise enough."""
    for threshold in (value for value in _GRID if value > least):
        tagged = mine & (seen.confidence >= threshold)
        if _enough(int(seen.right[tagged].sum()), int(tagged.sum()), threshold, aims):
            return threshold
    return _NOTHING


def _may_lose(landmarks: int, aims: Aims) -> int:
    """Return how many landmark photos a cut may lose; negative where there may be no cut."""
    return math.floor(aims.most_landmarks_lost * (landmarks + 1)) - 1


def _choose_no_landmark(seen: _Seen, aims: Aims, *, most: float, energies: bool) -> Thresholds:
    """Return the cut that leaves the fewest other photos to a person and loses few landmarks.

    One more landmark than was lost counts as lost: then the aim holds for photos to come too
    (Vovk et al. 2005, the argument of conformal prediction), and small sets get no cut.
    """
    landmarks = ~seen.other
    others = int(seen.other.sum())
    may_lose = _may_lose(int(landmarks.sum()), aims)
    if others < aims.least_evidence or may_lose < 0:
        return Thresholds()
    best_left, best = others, Thresholds()
    for below in (value for value in _GRID if value < most):
        passed = seen.confidence >= below
        spare = may_lose - int((landmarks & ~passed).sum())
        if spare < 0:
            break
        above = _highest_energy(seen.energy[landmarks & passed], spare) if energies else None
        cut = Thresholds(no_landmark_below=below or None, no_landmark_energy_above=above)
        left = int((_kept(seen, cut) & seen.other).sum())
        if left < best_left:
            best_left, best = left, cut
    return best


def _highest_energy(energy: NDArray[np.float64], spare: int) -> float | None:
    """Return the energy that at most `spare` of the photos exceed; null where all may."""
    if spare >= len(energy):
        return None
    # Rounded up: a rounding must not lose a photo.
    return math.ceil(float(np.sort(energy)[::-1][spare]) * 1000) / 1000
