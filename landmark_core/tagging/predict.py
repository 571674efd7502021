"""Turn a model's scores into ranked, calibrated predictions and decide what happens to each photo.

Pure tensor code: no files, no device, no clock. Temperature scaling follows Guo et al. 2017,
section 4.2 (https://arxiv.org/abs/1706.04599); energy follows Liu et al. 2020, section 3
(https://arxiv.org/abs/2010.03759), with its temperature at 1: calibration must not move it.
"""

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

import torch
from torch import Tensor

from landmark_core.errors import RunError
from landmark_core.records import Decision, Prediction, TagScore

Output = Literal["logits", "probabilities"]


class Thresholds(Protocol):
    """The limits of a model card that decisions are made with."""

    @property
    def tagged_from(self) -> float:
        """Least confidence of a tag that no person needs to check."""

    @property
    def per_class(self) -> Mapping[str, float]:
        """The same for single classes, by name; it goes before tagged_from."""

    @property
    def no_landmark_below(self) -> float | None:
        """Confidence under which the photo shows no landmark; null switches the test off."""

    @property
    def no_landmark_energy_above(self) -> float | None:
        """Energy over which the photo shows no landmark; null switches the test off."""


class UnusableScoresError(RunError):
    """The model gave some photos scores that are no numbers; the others can be ranked without them.

    Args:
        rows: the photos' rows in the scores, ascending.
        total: photos in the batch.
        found: the first such value, as text.
    """

    def __init__(self, rows: tuple[int, ...], total: int, found: str) -> None:
        super().__init__(rows, total, found)
        self.rows = rows
        self.total = total
        self.found = found

    def __str__(self) -> str:
        return (
            f"the model scored {len(self.rows)} of {self.total} photos with {self.found} "
            f"(rows {', '.join(map(str, self.rows[:8]))}), expected finite scores; "
            "try --precision fp32, else the model file is damaged"
        )


def rank_and_decide(
    scores: Tensor,
    *,
    class_names: Sequence[str],
    k: int,
    temperature: float,
    output: Output,
    thresholds: Thresholds,
    review_below: float | None = None,
) -> list[Prediction]:
    """Rank each photo's tags and decide between tagged, review and no_landmark.

    The decision, first rule that holds (confidence is the best tag's, as stored: float32):

    1. review       review_below is 1: a person wants to see everything
    2. no_landmark  confidence < no_landmark_below, or energy > no_landmark_energy_above
    3. tagged       confidence >= the threshold: review_below where given, else the best class's
                    own, else tagged_from
    4. review       otherwise

    Args:
        scores: (N, C) logits, or probabilities whose rows sum to about 1; N may be 0.
        class_names: the C names, in the order of the columns.
        k: tags kept per photo, at least 1; all C where there are fewer.
        temperature: positive divisor of the logits (of log p for probabilities); 1 changes nothing.
        output: what the scores are.
        thresholds: the model's own limits.
        review_below: the user's limit in [0, 1]; null leaves the model's.

    Returns:
        N predictions in the order of the rows. Tags are best first, equal ones in class order.

    Raises:
        UnusableScoresError: a score is NaN, infinite or no probability; it names the rows.
        ValueError: shapes disagree, or k or temperature is out of range.
    """
    _check_arguments(scores, class_names, k, temperature)
    logits = _as_logits(scores.double(), output)  # float64: sums over C keep float32's digits
    log_p = (logits / temperature).log_softmax(dim=1)  # (N, C)
    p = log_p.exp()
    entropy = torch.special.entr(p).sum(dim=1)  # (N,)
    energy = -logits.logsumexp(dim=1) if output == "logits" else None  # (N,)
    # A stable sort, not topk: equal scores come in class order, alone and in every batch.
    order = logits.sort(dim=1, descending=True, stable=True).indices
    order = order[:, : max(k, 2)]  # (N, max(k, 2))
    best = p.gather(1, order).float()  # rounded as stored, so that rows repeat the decision
    ranked = zip(order.tolist(), best.tolist(), strict=True)
    tags = [_tags(class_names, indices, values) for indices, values in ranked]
    energies = energy.tolist() if energy is not None else [None] * len(scores)
    return [
        Prediction(
            decision=_decision(row[0], row_energy, thresholds, review_below),
            tags=row[:k],
            margin=row[0].confidence - (row[1].confidence if len(row) > 1 else 0.0),
            entropy=row_entropy,
            energy=row_energy,
        )
        for row, row_entropy, row_energy in zip(tags, entropy.tolist(), energies, strict=True)
    ]


def _tags(
    names: Sequence[str], indices: Sequence[int], values: Sequence[float]
) -> tuple[TagScore, ...]:
    return tuple(
        TagScore(tag=names[index], confidence=value)
        for index, value in zip(indices, values, strict=True)
    )


def _check_arguments(
    scores: Tensor, class_names: Sequence[str], k: int, temperature: float
) -> None:
    if scores.ndim != 2 or scores.shape[1] != len(class_names) or not class_names:
        expected = f"(N, {len(class_names)})"
        raise ValueError(f"expected {expected} scores, got {tuple(scores.shape)}")
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k}")
    if not temperature > 0:  # written this way round, NaN is refused too
        raise ValueError(f"temperature must be positive, got {temperature}")


def _as_logits(scores: Tensor, output: Output) -> Tensor:
    """Return logits; log p serves for probabilities, where p = 0 becomes -inf and stays 0."""
    usable = scores.isfinite()
    if output == "probabilities":  # 1e-3: what half precision adds to a 1
        usable &= (scores >= 0) & (scores <= 1 + 1e-3)
    rows = (~usable.all(dim=1)).nonzero().flatten().tolist()
    if rows:
        found = str(scores[~usable][0].item())
        raise UnusableScoresError(tuple(rows), len(scores), found)
    return scores if output == "logits" else scores.log()


def _decision(
    best: TagScore, energy: float | None, thresholds: Thresholds, review_below: float | None
) -> Decision:
    if review_below == 1:
        return "review"
    least, most = thresholds.no_landmark_below, thresholds.no_landmark_energy_above
    if least is not None and best.confidence < least:
        return "no_landmark"
    if most is not None and energy is not None and energy > most:
        return "no_landmark"
    own = thresholds.per_class.get(best.tag, thresholds.tagged_from)
    return (
        "tagged" if best.confidence >= (own if review_below is None else review_below) else "review"
    )
