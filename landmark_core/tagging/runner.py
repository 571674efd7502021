"""Tag one shard: photos in, one part file and its heatmaps out. The one loop.

    refs ──loader──> DecodedBatch ──lanes: engine, rank──> Answered ──> PhotoRow ──> part
             processes                threads    └── Grad-CAM of unsure ones ──overlays──> heatmaps

Batches go through the model in lanes, beside each other. Heatmaps are drawn by threads beside the
next batches, and all of them are there before the part that names them: a row never points to a
file that is missing.
"""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime

from landmark_core.config import TagConfig
from landmark_core.errors import RunError, ShardError
from landmark_core.library import with_keys
from landmark_core.model import load_model
from landmark_core.records import (
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
from landmark_core.tagging.answers import Answered, Answerer
from landmark_core.tagging.equipment import open_equipment
from landmark_core.tagging.overlays import HeatmapWriter
from landmark_core.tagging.stopwatch import Stopwatch

logger = logging.getLogger(__name__)

MANY_UNSURE = 0.3  # share of photos with a heatmap from which decoding twice costs more than copies
MEMORY = 64  # photos over which that share is taken, about

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
        self._model = load_model(config.model, classes=config.classes, sha256=config.model_sha256)
        equipment = self._resources.enter_context(
            open_equipment(
                self._model,
                device=config.device,
                precision=config.precision,
                batch_size=config.batch_size,
                workers=config.workers,
                limits=config.limits,
                keep_pictures=config.review_below == 1,
            )
        )
        self.machine = equipment.machine
        self._engine = equipment.engine
        self._lanes = equipment.lanes
        self._loader = equipment.loader
        self._answerer = Answerer(
            self._model,
            self._engine,
            top_k=config.top_k,
            review_below=config.review_below,
            threads=self._lanes.plan.threads,
        )
        self._unsure = 1.0 if config.review_below == 1 else 0.0  # recent share of heatmaps
        self._begun: tuple[Shard, Sequence[PhotoRef]] | None = None  # read ahead of its turn
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

    def tag_shard(
        self, shard: Shard, on_photos: OnPhotos | None = None, *, after: Shard | None = None
    ) -> ShardReport:
        """Tag the photos of a planned shard and write their part.

        A shard whose part is there already has been done, by whoever it was: its report comes back.

        Args:
            shard: of a run that has been planned in this OUT.
            on_photos: called with the number of photos after each batch.
            after: the shard that comes next, if that is known: reading it begins while this one
                ends.

        Raises:
            ShardError: if this shard cannot be read from the plan, or its run has been closed.
            RunError: if OUT or the device fails; later shards then fail at once.
        """
        if self._broken:
            raise self._broken
        if report := find_report(self._store, shard):
            return report
        self._refuse_closed(shard)
        begun, self._begun = self._begun, None
        refs = begun[1] if begun and begun[0] == shard else self._read_plan(shard)
        return self.tag_photos(shard, refs, on_photos, after=after)

    def tag_photos(
        self,
        shard: Shard,
        refs: Sequence[PhotoRef],
        on_photos: OnPhotos | None = None,
        *,
        after: Shard | None = None,
    ) -> ShardReport:
        """Tag photos as the part of a shard; `tag_shard` does it with those of the plan."""
        try:
            return self._tag(shard, refs, on_photos or _ignore, after)
        except RunError as error:
            self._broken = error
            raise

    def _refuse_closed(self, shard: Shard) -> None:
        if self._store.is_finished(shard.run_id):  # its parts may have been merged since
            raise ShardError(f"run {shard.run_id} was closed before shard {shard.number} was done")

    def _read_plan(self, shard: Shard) -> Sequence[PhotoRef]:
        try:
            return with_keys(read_shard(self._store, shard))
        except RunError as error:  # a broken place in the plan is no reason to stop the others
            raise ShardError(str(error)) from error

    def _begin(self, shard: Shard | None) -> Sequence[PhotoRef] | None:
        """Return the photos of a shard whose turn comes next; null where it has none to read."""
        if shard is None or find_report(self._store, shard):
            return None
        try:
            refs = self._read_plan(shard)
        except ShardError:  # it is told when its turn comes
            return None
        self._begun = (shard, refs)
        return refs

    def _tag(
        self,
        shard: Shard,
        refs: Sequence[PhotoRef],
        on_photos: OnPhotos,
        after: Shard | None,
    ) -> ShardReport:
        start = time.perf_counter()
        watch = Stopwatch()
        rows: list[PhotoRow] = []
        with HeatmapWriter(self._store, self._model, shard.run_id, self.config.limits) as heatmaps:
            for answered in self._answers(refs, watch, after):
                rows += self._rows(answered, shard.run_id, heatmaps)
                on_photos(len(answered.batch.photos))
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

    def _answers(
        self, refs: Sequence[PhotoRef], watch: Stopwatch, after: Shard | None
    ) -> Iterator[Answered]:
        """Yield every batch with what the model says of it, in the order of the photos."""
        read = self._loader.batches(refs, then=lambda: self._begin(after))
        batches = watch.each("wait_for_photos", read)
        for answered in watch.each(
            "wait_for_model", self._lanes.map(self._answerer.answer, batches)
        ):
            watch.add("fetch", answered.batch.seconds.fetch)
            watch.add("decode", answered.batch.seconds.decode)
            watch.add("forward", answered.forward_seconds)
            watch.add("explain", answered.explain_seconds)
            yield answered

    def _rows(self, answered: Answered, run_id: str, heatmaps: HeatmapWriter) -> list[PhotoRow]:
        """Turn one batch into rows, in its order; heatmaps are on their way when it returns."""
        batch, readable = answered.batch, answered.batch.readable
        self._watch_unsure(len(answered.cams), len(readable))
        for row, cam in answered.cams.items():
            prediction = answered.predictions[row]
            assert prediction is not None  # what is explained has been predicted
            picture = batch.pictures[row] if batch.pictures else None
            heatmaps.draw(readable[row], prediction, cam, picture)
        found = {
            photo.ref.photo_id: prediction
            for photo, prediction in zip(readable, answered.predictions, strict=True)
        }
        now = datetime.now(UTC)
        return [
            self._row(photo, found.get(photo.ref.photo_id), run_id, now) for photo in batch.photos
        ]

    def _watch_unsure(self, heatmaps: int, photos: int) -> None:
        """Let pictures travel with the batches while many photos need theirs for a heatmap."""
        weight = photos / (photos + MEMORY)
        self._unsure += weight * (heatmaps / max(photos, 1) - self._unsure)
        self._loader.keep_pictures = self._unsure >= MANY_UNSURE

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


def _ignore(_photos: int) -> None:
    """Tell nobody how far the shard is."""
