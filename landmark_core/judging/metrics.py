"""Measure answers: one record of figures, one for each class, and their mean over folds.

Accuracy, F1 and AUROC are torchmetrics' (https://lightning.ai/docs/torchmetrics/stable/); `curves`
has what it lacks or defines otherwise. Landmark photos are judged for their tag, photos of other
things for being left alone. A landmark that the model has no class for counts as a wrong answer.
"""

import dataclasses
import statistics
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torchmetrics.functional.classification import (
    binary_auroc,
    multiclass_confusion_matrix,
    multiclass_f1_score,
)

from landmark_core.judging.answers import UNKNOWN, Answers, folds_of, rows_of_fold, take
from landmark_core.judging.calibration import Calibrated
from landmark_core.judging.curves import (
    area_under_risk,
    calibration_error,
    calibration_error_by_chance,
    false_positives_at,
    global_average_precision,
    reliability,
)
from landmark_core.judging.verdicts import Verdicts, decide, probabilities_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What a model reaches; shares in [0, 1], null where no photo could tell."""

    photos: int
    landmarks: int  # photos of landmarks, those that the model has no class for among them
    others: int  # photos that show none of them
    unknown: int  # photos of landmarks that the model has no class for
    classes: int  # that the model knows

    # Landmark photos alone.
    top1: float | None  # the best tag is right
    top5: float | None  # one of the best five is
    macro_f1: float | None  # mean over classes of the harmonic mean of precision and recall
    ece: float | None  # expected calibration error, 15 equal bins (Guo et al. 2017)
    ece_by_chance: float | None  # that a perfectly calibrated model would show on so few photos
    brier: float | None  # mean squared distance of the probabilities from the truth, in [0, 2]
    mean_confidence: float | None
    aurc: float | None  # mean share of errors over all coverages (Geifman et al. 2019)

    # Landmarks against others.
    gap: float | None  # micro-AP of Google Landmarks v2
    auroc: float | None  # highest confidence: landmark above other
    auroc_energy: float | None  # the same for the energy, where the model has one
    fpr95: float | None  # others at least as confident as 95 % of the landmarks

    # Decisions.
    tagged: int  # photos
    tagged_precision: float | None  # of `tagged`: the tag is right
    landmarks_tagged: float | None
    landmarks_review: float | None
    landmarks_lost: float | None  # called no_landmark
    others_tagged: float | None
    others_review: float | None
    others_left_alone: float | None  # called no_landmark


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassFigures:
    """How one class fares; shares in [0, 1], null where there is nothing to share."""

    name: str
    known: bool  # whether the model has it
    photos: int
    precision: float | None  # of the landmark photos whose best tag it is
    recall: float | None  # of its photos
    f1: float
    tagged: float | None  # share of its photos with the decision `tagged`, rightly or not
    tagged_precision: float | None  # of all photos tagged so, other things among them
    others_tagged: int  # photos of other things that got this tag without review
    confused_with: str | None  # the tag that its photos most often get instead
    confused: int  # how many do


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """A figure over folds."""

    mean: float
    deviation: float  # standard deviation of the folds' figures; 0 where there is one
    folds: int  # that have this figure


def measure(answers: Answers, calibration: Calibrated) -> Figures:
    """Return every figure of some answers."""
    return measure_verdicts(decide(answers, calibration))


def measure_folds(answers: Answers, calibration: Calibrated) -> tuple[Figures, ...]:
    """Return the figures of each fold, in the order of their numbers; () without folds."""
    return tuple(
        measure(take(answers, rows_of_fold(answers, fold)), calibration)
        for fold in folds_of(answers)
    )


def spread_of(figures: tuple[Figures, ...]) -> dict[str, Spread]:
    """Return each figure's mean and deviation over folds, without those that no fold has."""
    found = {}
    for field in dataclasses.fields(Figures):
        values = [value for one in figures if (value := getattr(one, field.name)) is not None]
        if values:
            deviation = statistics.stdev(values) if len(values) > 1 else 0.0
            mean = statistics.fmean(values)
            found[field.name] = Spread(mean=mean, deviation=deviation, folds=len(values))
    return found


def measure_verdicts(verdicts: Verdicts) -> Figures:
    """Return every figure of answers that have been decided."""
    other, right = verdicts.other, verdicts.right
    landmark = ~other
    confidence, labels = verdicts.confidence, verdicts.labels
    tagged, lost = verdicts.decided("tagged"), verdicts.decided("no_landmark")
    review = verdicts.decided("review")
    sorted_out = _landmarks_against_others(verdicts)
    return Figures(
        photos=len(labels),
        landmarks=int(landmark.sum()),
        others=int(other.sum()),
        unknown=int((labels == UNKNOWN).sum()),
        classes=len(verdicts.answers.class_names),
        top1=_share(right, landmark),
        top5=_share((verdicts.tags == labels[:, None]).any(axis=1), landmark),
        macro_f1=_macro_f1(verdicts),
        ece=calibration_error(reliability(confidence[landmark], right[landmark])),
        ece_by_chance=calibration_error_by_chance(confidence[landmark]),
        brier=_brier(verdicts),
        mean_confidence=float(confidence[landmark].mean()) if landmark.any() else None,
        aurc=area_under_risk(confidence[landmark], right[landmark]),
        gap=global_average_precision(confidence, right, int(landmark.sum())),
        **sorted_out,
        tagged=int(tagged.sum()),
        tagged_precision=_share(right, tagged),
        landmarks_tagged=_share(tagged, landmark),
        landmarks_review=_share(review, landmark),
        landmarks_lost=_share(lost, landmark),
        others_tagged=_share(tagged, other),
        others_review=_share(review, other),
        others_left_alone=_share(lost, other),
    )


def per_class(answers: Answers, calibration: Calibrated) -> tuple[ClassFigures, ...]:
    """Return the figures of each class: the model's in its order, then those that it lacks."""
    return per_class_of(decide(answers, calibration))


def per_class_of(verdicts: Verdicts) -> tuple[ClassFigures, ...]:
    """Return the figures of each class of answers that have been decided."""
    names, truth = _all_classes(verdicts)
    classes = len(names)
    tagged, best, other = verdicts.decided("tagged"), verdicts.tags[:, 0], verdicts.other
    # Counted for all classes at once: one pass a class is too many where there are thousands.
    photos = np.bincount(truth[~other], minlength=classes)
    named = np.bincount(best[~other], minlength=classes)
    hits = np.bincount(best[truth == best], minlength=classes)
    got_tagged = np.bincount(truth[~other & tagged], minlength=classes)
    tags = np.bincount(best[tagged], minlength=classes)
    right_tags = np.bincount(best[tagged & (truth == best)], minlength=classes)
    other_tags = np.bincount(best[tagged & other], minlength=classes)
    # The most frequent come first, and the last one said of a class stays.
    confused = {truth: pair for truth, *pair in reversed(confused_pairs(verdicts))}
    return tuple(
        ClassFigures(
            name=name,
            known=number < len(verdicts.answers.class_names),
            photos=int(photos[number]),
            precision=_ratio(hits[number], named[number]),
            recall=_ratio(hits[number], photos[number]),
            f1=_ratio(2 * hits[number], photos[number] + named[number]) or 0.0,
            tagged=_ratio(got_tagged[number], photos[number]),
            tagged_precision=_ratio(right_tags[number], tags[number]),
            others_tagged=int(other_tags[number]),
            confused_with=names[confused[number][0]] if number in confused else None,
            confused=confused[number][1] if number in confused else 0,
        )
        for number, name in enumerate(names)
    )


def confused_pairs(verdicts: Verdicts) -> tuple[tuple[int, int, int], ...]:
    """Return which class is taken for which other, and for how many photos, most photos first.

    Returns:
        Numbers of the true class and of the tag's, in the order of `class_list`, and of photos.
    """
    names, truth = _all_classes(verdicts)
    best = verdicts.tags[:, 0]
    wrong = ~verdicts.other & (truth != best)
    codes, photos = np.unique(truth[wrong] * len(names) + best[wrong], return_counts=True)
    order = np.argsort(-photos, kind="stable")
    truths, tags = np.divmod(codes[order], len(names))
    return tuple(zip(truths.tolist(), tags.tolist(), photos[order].tolist(), strict=True))


def class_list(verdicts: Verdicts) -> tuple[str, ...]:
    """Return the names that rows and columns of `confusion` belong to."""
    return _all_classes(verdicts)[0]


def confusion(verdicts: Verdicts) -> NDArray[np.int64]:
    """Return (K, K) counts of landmark photos: row the truth, column the best tag.

    K is the model's classes and then those that it lacks, in the order of `class_list`. For
    thousands of classes `confused_pairs` says the same in less memory.
    """
    names, truth = _all_classes(verdicts)
    landmark = truth >= 0
    if not landmark.any() or len(names) < 2:
        return np.full((len(names), len(names)), int(landmark.sum()), dtype=np.int64)
    matrix = multiclass_confusion_matrix(
        torch.from_numpy(verdicts.tags[landmark, 0]),
        torch.from_numpy(truth[landmark]),
        num_classes=len(names),
    )
    return np.asarray(matrix.numpy(), dtype=np.int64)


def _all_classes(verdicts: Verdicts) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Return all classes' names, and each photo's number among them, -1 for other things."""
    known = verdicts.answers.class_names
    photos = verdicts.answers.photos
    lacking = {photo.label for photo in photos if photo.label is not None} - set(known)
    names = (*known, *sorted(lacking))
    numbers: dict[str | None, int] = {name: number for number, name in enumerate(names)}
    truth = [numbers.get(photo.label, -1) for photo in photos]
    return names, np.array(truth, dtype=np.int64)


def _macro_f1(verdicts: Verdicts) -> float | None:
    """Return the mean F1 over the classes that have photos or were named."""
    names, truth = _all_classes(verdicts)
    landmark = truth >= 0
    if not landmark.any():
        return None
    return float(
        multiclass_f1_score(
            torch.from_numpy(verdicts.tags[landmark, 0]),
            torch.from_numpy(truth[landmark]),
            num_classes=max(len(names), 2),
            average="macro",
        )
    )


def _brier(verdicts: Verdicts) -> float | None:
    """Return the mean over landmark photos of the squared distance from the truth."""
    landmark = ~verdicts.other
    if not landmark.any():
        return None
    p = probabilities_of(verdicts)
    known = verdicts.labels >= 0
    own = p[known, verdicts.labels[known]]
    distance = (p * p).sum(axis=1) + 1  # a landmark without a class is far from every answer
    distance[known] -= 2 * own
    return float(distance[landmark].mean())


def _landmarks_against_others(verdicts: Verdicts) -> dict[str, float | None]:
    """Return how well landmarks that the model knows stand out from photos of other things."""
    known, other = verdicts.labels >= 0, verdicts.other
    if not (known.any() and other.any()):
        return {"auroc": None, "auroc_energy": None, "fpr95": None}
    both = known | other
    truth = torch.from_numpy(known[both].astype(np.int64))

    def auroc(score: NDArray[np.float64]) -> float:
        # Ranks: torchmetrics takes scores outside of 0..1 for logits and squeezes them.
        ranks = np.unique(score[both], return_inverse=True)[1] / both.sum()
        return float(binary_auroc(torch.from_numpy(ranks), truth))

    has_energy = verdicts.answers.energies
    return {
        "auroc": auroc(verdicts.confidence),
        "auroc_energy": auroc(-verdicts.energy) if has_energy else None,
        "fpr95": false_positives_at(verdicts.confidence[known], verdicts.confidence[other]),
    }


def _ratio(part: int, whole: int) -> float | None:
    return float(part / whole) if whole else None


def _share(what: NDArray[np.bool_], among: NDArray[np.bool_]) -> float | None:
    return float(what[among].mean()) if among.any() else None
