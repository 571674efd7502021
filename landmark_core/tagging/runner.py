"""Tag one shard: photos in, one part file and its heatmaps out. The one loop.

    refs ──loader──> DecodedBatch ──engine──> scores ──rank──> Prediction ──> PhotoRow ──> part
                                        └── Grad-CAM of unsure ones ──overlays──> heatmaps

Heatmaps are drawn by threads beside the next batches, and all of them are there before the part
that names them: a row never points to a file that is missing.
"""

import logging
import os
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime

import torch
from torch import Tensor

from landmark_core.config import Auto, TagConfig
from landmark_core.errors import RunError, ShardError
from landmark_core.library import PhotoLoader
from landmark_core.model import load_model
from landmark_core.records import (
    DecodedBatch,
    DecodedPhoto,
    PhotoRef,
    PhotoRow,
    Prediction,
    Shard,
)
from landmark_core.report import ModelIdentity, ShardReport, report_shard
from landmark_core.report_text import shard_line
from landmark_core.tables import (
    Store,
    WorkKey,
    find_report,
    read_shard,
    rows_to_table,
    with_report,
)
from landmark_core.tagging.device import auto_batch_size
from landmark_core.tagging.forward import Forwarded, open_engine
from landmark_core.tagging.overlays import HeatmapWriter
from landmark_core.tagging.predict import UnusableScoresError, rank_and_decide
from landmark_core.tagging.stopwatch import Stopwatch

logger = logging.getLogger(__name__)

OnPhotos = Callable[[int], None]


class Tagger:
    """Owns a model on its device and the processes that decode for it; tags shard after shard."""

    def __init__(self, config: TagConfig) -> None:
        """Load the model and start the workers.

        Raises:
            ConfigError: if the model or the device cannot be had.
        """
        self.config = config
        self._store = Store(config.out)
        self._resources = ExitStack()
        self._model = load_model(config.model, classes=config.classes)
        self._engine = open_engine(
            self._model.module,
            normalise=self._model.preprocess.normalise,
            image_size=self._model.preprocess.shape,
            device=config.device,
            precision=config.precision,
            output=self._model.card.output,
        )
        auto_batch = auto_batch_size(self._engine.device)
        self._loader = self._resources.enter_context(
            PhotoLoader(
                self._model.preprocess,
                limits=config.limits,
                batch_size=auto_batch if config.batch_size == "auto" else config.batch_size,
                workers=choose_workers(config.workers, self._engine.device),
                keep_pictures=config.review_below == 1,  # else few photos need theirs
            )
        )
        self._class_index = {name: n for n, name in enumerate(self._model.card.class_names)}
        self._broken: RunError | None = None  # OUT or the device failed: no shard can go on

    def close(self) -> None:
        """Stop the workers."""
        self._resources.close()

    @property
    def key(self) -> WorkKey:
        """What the rows of this model are known by."""
        return WorkKey(model_id=self._model.model_id, preprocess_id=self._model.preprocess_id)

    @property
    def identity(self) -> ModelIdentity:
        """The model as the run file keeps it."""
        return ModelIdentity(
            name=self._model.card.name,
            model_id=self._model.model_id,
            preprocess_id=self._model.preprocess_id,
            classes=len(self._model.card.class_names),
            class_names=tuple(self._model.card.class_names),
            explanation=self._engine.explains_by or f"none: {self._engine.no_maps_because}",
            device=str(self._engine.device),
            precision=self._engine.precision,
            notes=self._model.notes,
        )

    def tag_shard(self, shard: Shard, on_photos: OnPhotos | None = None) -> ShardReport:
        """Tag the photos of a planned shard and write their part.

        A shard whose part is there already has been done, by whoever it was: its report comes back.

        Args:
            shard: of a run that has been planned in this OUT.
            on_photos: called with the number of photos after each batch.

        Raises:
            ShardError: if this shard cannot be read from the plan, or its run has been closed.
            RunError: if OUT or the device fails; later shards then fail at once.
        """
        if self._broken:
            raise self._broken
        if report := find_report(self._store, shard):
            return report
        self._refuse_closed(shard)
        return self.tag_photos(shard, self._read_plan(shard), on_photos)

    def tag_photos(
        self, shard: Shard, refs: Sequence[PhotoRef], on_photos: OnPhotos | None = None
    ) -> ShardReport:
        """Tag photos as the part of a shard; `tag_shard` does it with those of the plan."""
        try:
            return self._tag(shard, refs, on_photos or _ignore)
        except RunError as error:
            self._broken = error
            raise

    def _refuse_closed(self, shard: Shard) -> None:
        if self._store.is_finished(shard.run_id):  # its parts may have been merged since
            raise ShardError(f"run {shard.run_id} was closed before shard {shard.number} was done")

    def _read_plan(self, shard: Shard) -> Sequence[PhotoRef]:
        try:
            return read_shard(self._store, shard)
        except RunError as error:  # a broken place in the plan is no reason to stop the others
            raise ShardError(str(error)) from error

    def _tag(self, shard: Shard, refs: Sequence[PhotoRef], on_photos: OnPhotos) -> ShardReport:
        start = time.perf_counter()
        watch = Stopwatch()
        rows: list[PhotoRow] = []
        with HeatmapWriter(self._store, self._model, shard.run_id, self.config.limits) as heatmaps:
            batches = self._loader.batches(refs)
            while True:
                with watch.stage("wait_for_photos"):
                    batch = next(batches, None)
                if batch is None:
                    break
                rows += self._rows(batch, shard.run_id, heatmaps, watch)
                on_photos(len(batch.photos))
            with watch.stage("wait_for_heatmaps"):
                drawn = heatmaps.finish()
        rows = [replace(row, heatmap=drawn.get(row.photo.ref.photo_id)) for row in rows]
        return self._write(shard, rows, watch, start)

    def _write(
        self, shard: Shard, rows: Sequence[PhotoRow], watch: Stopwatch, start: float
    ) -> ShardReport:
        """Write the part; the report that it carries cannot know how long its own writing took."""
        self._refuse_closed(shard)

        def report() -> ShardReport:
            seconds = time.perf_counter() - start
            return report_shard(shard.number, rows, watch.read(), seconds)

        with watch.stage("write"):
            table = with_report(rows_to_table(rows), report())
            self._store.write_part(shard.run_id, shard.number, table)
        logger.info("%s", shard_line(shard.run_id, written := report()))
        return written

    def _rows(
        self, batch: DecodedBatch, run_id: str, heatmaps: HeatmapWriter, watch: Stopwatch
    ) -> list[PhotoRow]:
        """Turn one batch into rows, in its order; heatmaps are on their way when it returns."""
        readable = batch.readable
        with watch.stage("forward"):
            forwarded = self._engine.forward(batch.pixels)
            predictions = self._predict(forwarded.scores)
        with watch.stage("explain"):
            self._explain(forwarded, batch, predictions, heatmaps)
        found = {
            photo.ref.photo_id: prediction
            for photo, prediction in zip(readable, predictions, strict=True)
        }
        now = datetime.now(UTC)
        return [
            self._row(photo, found.get(photo.ref.photo_id), run_id, now) for photo in batch.photos
        ]

    def _predict(self, scores: Tensor) -> list[Prediction | None]:
        """Rank the scores; null for a photo whose scores are no numbers.

        Raises:
            UnusableScoresError: if no photo of several has usable scores: the model is broken.
        """
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
        card = self._model.card
        return rank_and_decide(
            scores,
            class_names=card.class_names,
            k=self.config.top_k,
            temperature=card.temperature,
            output=card.output,
            thresholds=card.thresholds,
            review_below=self.config.review_below,
        )

    def _explain(
        self,
        forwarded: Forwarded,
        batch: DecodedBatch,
        predictions: Sequence[Prediction | None],
        heatmaps: HeatmapWriter,
    ) -> None:
        """Compute the maps of the photos to review and hand them to the heatmaps' threads."""
        unsure = [
            (row, prediction)
            for row, prediction in enumerate(predictions)
            if prediction is not None and prediction.decision == "review"
        ]
        classes = [self._class_index[prediction.tags[0].tag] for _, prediction in unsure]
        cams = self._engine.explain(forwarded, [row for row, _ in unsure], classes)
        if cams is None:  # this network has no map to show; its identity says why
            return
        photos = batch.readable
        for (row, prediction), cam in zip(unsure, cams, strict=True):
            picture = batch.pictures[row] if batch.pictures else None
            heatmaps.draw(photos[row], prediction, cam.numpy(), picture)

    def _row(
        self, photo: DecodedPhoto, prediction: Prediction | None, run_id: str, now: datetime
    ) -> PhotoRow:
        if photo.status == "ok" and prediction is None:
            reason = "the model gave no finite scores for this photo"
            photo = replace(photo, status="unsupported", error=reason)
        return PhotoRow(
            photo=photo,
            prediction=prediction,
            heatmap=None,  # named once it is drawn
            model_id=self._model.model_id,
            preprocess_id=self._model.preprocess_id,
            run_id=run_id,
            tagged_at=now,
        )


def choose_workers(wanted: int | Auto, device: torch.device) -> int:
    """Return how many processes decode photos.

    auto is one for each core, at most 4 beside a CPU that computes and 16 beside a GPU.
    """
    if wanted != "auto":
        return wanted
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min(cores or 1, 16 if device.type == "cuda" else 4)


def _ignore(_photos: int) -> None:
    """Tell nobody how far the shard is."""
