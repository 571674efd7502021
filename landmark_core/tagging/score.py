"""Score photos with a model as the tagger does, and keep nothing: logits for training's judgement.

The photos go through the same loader and the same engine as in `runner`, so that a report is about
what `landmarks tag` would do. Nothing is decided here and no table is written.
"""

import logging
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from landmark_core.config import Auto, Device, Precision, ReadLimits
from landmark_core.model import LoadedModel
from landmark_core.records import DecodedBatch, DecodedPhoto, PhotoRef, Prediction, TagScore
from landmark_core.tables import Store, heatmap_path
from landmark_core.tagging.equipment import open_equipment
from landmark_core.tagging.overlays import HeatmapWriter
from landmark_core.tagging.predict import Output

logger = logging.getLogger(__name__)

_RUN = "judged"  # names the folder of overlays while they are drawn


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scored:
    """What the model made of one photo."""

    photo: DecodedPhoto  # its status says why there are no logits
    logits: NDArray[np.float32] | None  # (C,) finite; log p where the model gives probabilities


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A tag whose heatmap is wanted."""

    tag: str
    confidence: float  # in [0, 1]


class Scorer:
    """Owns a model on its device and the processes that decode for it."""

    def __init__(
        self,
        model: LoadedModel,
        *,
        device: Device = "auto",
        precision: Precision = "auto",
        batch_size: int | Auto = "auto",
        workers: int | Auto = "auto",
        limits: ReadLimits | None = None,
    ) -> None:
        """Place the model; the workers start with the first photo.

        Raises:
            ConfigError: cuda is wanted and there is none.
            RunError: the model does not run on the device in the wanted precision.
        """
        self._model = model
        self._limits = limits or ReadLimits()
        self._resources = ExitStack()
        equipment = self._resources.enter_context(
            open_equipment(
                model,
                device=device,
                precision=precision,
                batch_size=batch_size,
                workers=workers,
                limits=self._limits,
            )
        )
        self._engine = equipment.engine
        self._lanes = equipment.lanes
        self._loader = equipment.loader

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def class_names(self) -> tuple[str, ...]:
        """The tags that the model knows, in the order of the logits."""
        return self._model.card.class_names

    def close(self) -> None:
        """Stop the workers."""
        self._resources.close()

    def score(
        self, refs: Iterable[PhotoRef], on_photos: Callable[[int], None] | None = None
    ) -> Iterator[Scored]:
        """Yield every photo with its logits, in the order given.

        Args:
            refs: the photos.
            on_photos: called with the number of photos after each batch.
        """
        for batch, logits in self._lanes.map(self._logits, self._loader.batches(refs)):
            rows = iter(logits)  # of the readable photos, in their order
            for photo in batch.photos:
                yield _scored(photo, next(rows) if photo.status == "ok" else None)
            if on_photos:
                on_photos(len(batch.photos))

    def _logits(self, batch: DecodedBatch) -> tuple[DecodedBatch, Tensor]:
        scores = self._engine.forward(batch.pixels).scores
        return batch, to_logits(scores, self._model.card.output)

    def draw(self, claims: Mapping[str, Claim], refs: Sequence[PhotoRef]) -> dict[str, bytes]:
        """Draw over photos where the model looked for a tag.

        Args:
            claims: the tag of each photo, by photo_id.
            refs: those photos, each with a claim.

        Returns:
            JPEGs by photo_id; without the photos that cannot be read any more, and empty where
            the network cannot be explained.
        """
        columns = {name: column for column, name in enumerate(self._model.card.class_names)}
        with tempfile.TemporaryDirectory(prefix="landmarks-") as folder:
            store = Store(folder)
            with HeatmapWriter(store, self._model, _RUN, self._limits) as heatmaps:
                for batch in self._loader.batches(refs):
                    readable = batch.readable
                    wanted = [claims[photo.ref.photo_id] for photo in readable]
                    cams = self._engine.explain(
                        self._engine.forward(batch.pixels),
                        range(len(readable)),
                        [columns[claim.tag] for claim in wanted],
                    )
                    if cams is None:
                        return {}
                    for photo, claim, cam in zip(readable, wanted, cams, strict=True):
                        heatmaps.draw(photo, _as_prediction(claim), cam.numpy())
                drawn = heatmaps.finish()
            return {
                photo_id: (Path(folder) / heatmap_path(_RUN, photo_id)).read_bytes()
                for photo_id in drawn
            }


def score_photos(
    refs: Iterable[PhotoRef],
    model: LoadedModel,
    *,
    device: Device = "auto",
    precision: Precision = "auto",
    batch_size: int | Auto = "auto",
    workers: int | Auto = "auto",
    limits: ReadLimits | None = None,
    on_photos: Callable[[int], None] | None = None,
) -> Iterator[Scored]:
    """Yield every photo with its logits; see `Scorer`, which also draws heatmaps."""
    with Scorer(
        model,
        device=device,
        precision=precision,
        batch_size=batch_size,
        workers=workers,
        limits=limits,
    ) as scorer:
        yield from scorer.score(refs, on_photos)


def to_logits(scores: Tensor, output: Output) -> Tensor:
    """Return finite float32 logits where the scores are usable, NaN in the rows that are not.

    A probability of 0 becomes the least that float32 can hold, as a file of answers is finite.

    Args:
        scores: (N, C) logits or probabilities.
        output: what they are.
    """
    usable = scores.isfinite()
    if output == "probabilities":
        usable &= (scores >= 0) & (scores <= 1 + 1e-3)
        scores = scores.clamp(min=torch.finfo(torch.float32).tiny).log()
    return scores.float().masked_fill(~usable.all(dim=1, keepdim=True), float("nan"))


def _scored(photo: DecodedPhoto, row: Tensor | None) -> Scored:
    if row is None:
        return Scored(photo=photo, logits=None)
    if not row.isfinite().all():
        reason = "the model gave no finite scores for this photo"
        return Scored(photo=replace(photo, status="unsupported", error=reason), logits=None)
    return Scored(photo=photo, logits=row.numpy())


def _as_prediction(claim: Claim) -> Prediction:
    """Return what the overlay is captioned with; the rest of a prediction is not shown."""
    return Prediction(
        decision="review",
        tags=(TagScore(tag=claim.tag, confidence=claim.confidence),),
        margin=0.0,
        entropy=0.0,
        energy=None,
    )
