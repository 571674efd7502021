"""What a model says of one batch: predictions, and maps of the photos that a person will review.

One call takes a batch the whole way through the model, so that a lane can do it beside others;
nothing is kept between two calls. No files, no table.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from landmark_core.model import LoadedModel
from landmark_core.records import DecodedBatch, Prediction
from landmark_core.tagging.forward import Engine, Forwarded
from landmark_core.tagging.predict import UnusableScoresError, rank_and_decide


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answered:
    """One batch and what the model made of it."""

    batch: DecodedBatch
    predictions: tuple[Prediction | None, ...]  # per readable photo; null: no finite scores
    cams: dict[int, NDArray[np.float32]]  # (h, w) raw maps by row of the readable photos
    forward_seconds: float  # of the device, or of the cores that computed
    explain_seconds: float


class Answerer:
    """A model on its device with the limits that decide; may be called from several threads."""

    def __init__(
        self,
        model: LoadedModel,
        engine: Engine,
        *,
        top_k: int,
        review_below: float | None,
        threads: int = 1,
    ) -> None:
        """Keep the settings.

        Args:
            model: whose card names the classes and thresholds.
            engine: the same model, placed.
            top_k: tags kept per photo.
            review_below: the user's limit in [0, 1]; null leaves the model's.
            threads: of torch that one call computes with on a CPU; its seconds count so often.
        """
        self._card = model.card
        self._engine = engine
        self._top_k = top_k
        self._review_below = review_below
        self._threads = threads
        self._columns = {name: column for column, name in enumerate(model.card.class_names)}

    def answer(self, batch: DecodedBatch) -> Answered:
        """Score, rank and decide; explain what is for a person to review.

        Raises:
            UnusableScoresError: if no photo of several has usable scores: the model is broken.
            RunError: the device failed, or a single photo does not fit its memory.
        """
        start = self._clock()
        forwarded = self._engine.forward(batch.pixels)
        predictions = self._predict(forwarded.scores)
        middle = self._clock()
        cams = self._explain(forwarded, predictions)
        return Answered(
            batch=batch,
            predictions=tuple(predictions),
            cams=cams,
            forward_seconds=middle - start,
            explain_seconds=self._clock() - middle,
        )

    def _clock(self) -> float:
        """Return seconds: of the wall beside a GPU, of the processor where that computes."""
        if self._engine.device.type == "cuda":
            return time.perf_counter()
        return time.thread_time() * self._threads

    def _predict(self, scores: Tensor) -> list[Prediction | None]:
        """Rank the scores; null for a photo whose scores are no numbers."""
        try:
            return [*self._rank(scores)]
        except UnusableScoresError as error:
            bad = set(error.rows)
            good = [row for row in range(len(scores)) if row not in bad]
            if not good and len(scores) > 1:
                raise
        ranked = dict(zip(good, self._rank(scores[good]), strict=True))
        return [ranked.get(row) for row in range(len(scores))]

    def _rank(self, scores: Tensor) -> list[Prediction]:
        return rank_and_decide(
            scores,
            class_names=self._card.class_names,
            k=self._top_k,
            temperature=self._card.temperature,
            output=self._card.output,
            thresholds=self._card.thresholds,
            review_below=self._review_below,
        )

    def _explain(
        self, forwarded: Forwarded, predictions: Sequence[Prediction | None]
    ) -> dict[int, NDArray[np.float32]]:
        """Return the maps of the photos to review; none where the network has no map to show."""
        unsure = [
            (row, self._columns[prediction.tags[0].tag])
            for row, prediction in enumerate(predictions)
            if prediction is not None and prediction.decision == "review"
        ]
        rows = [row for row, _ in unsure]
        cams = self._engine.explain(forwarded, rows, [column for _, column in unsure])
        if cams is None:
            return {}
        return {row: cam.numpy() for row, cam in zip(rows, cams, strict=True)}
