"""Parameters of the deployments: typed, checked when a run is created, explained on Prefect's page.

Pure but for the model's version, which is pinned when a run begins. Each model turns into the
frozen settings of `landmark_core`, which check themselves once more.
"""

from pathlib import PurePath
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from landmark_core.config import Device, Precision, TagConfig, limits_from
from landmark_core.errors import ConfigError
from landmark_core.nights import Limits
from landmark_core.training import Recipe, TrainConfig, read_recipe

Engine = Literal["pool", "dask", "here"]


def absolute_place(place: str) -> str:
    """Return a place that means the same wherever a worker runs.

    Raises:
        ValueError: if it is a relative path: a run starts in an empty folder of its own.
    """
    if "://" in place or PurePath(place).is_absolute():
        return place
    raise ValueError(f"expected an absolute path or a URL, got {place!r}")


class _Parameters(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())


class TagParameters(_Parameters):
    """What to tag, where to, and how."""

    source: str = Field(
        min_length=1,
        description="Folder, list of paths, or URL (s3://, gs://, az://) of the photos. It may "
        "hold date fields, as in s3://bucket/uploads/%Y/%m/%d, together with `since`.",
    )
    out: str = Field(min_length=1, description="Folder or URL for tags, heatmaps and run files.")
    model: str = Field(
        default="starter",
        min_length=1,
        description="Model file, folder of `landmarks train` (its champion tags), or `starter`.",
    )
    model_sha256: str | None = Field(
        default=None,
        description="64 hex digits that the model file must have, else nothing of it is run. A "
        "folder of `landmarks train` has a new file after each promotion.",
    )
    classes: str | None = Field(
        default=None, description="File of class names, one a line, for a model without them."
    )
    since: str | None = Field(
        default=None,
        description="Only photos that changed since then: a date (2026-11-20) or an age (36h, 7d). "
        "Leave empty to look at all of SOURCE: what is done is passed over anyway.",
    )
    time_zone: str = Field(
        default="UTC", description="Whose days `since` and date fields mean, as Europe/Berlin."
    )
    include: list[str] = Field(default_factory=list, description="Only these: globs like *.jpg.")
    exclude: list[str] = Field(default_factory=list, description="Not these: globs like raw/**.")
    device: Device = Field(default="auto", description="Where the model runs.")
    precision: Precision = Field(default="auto", description="Numbers that the model counts with.")
    batch_size: int | Literal["auto"] = Field(
        default="auto", description="Photos per forward pass."
    )
    workers: int | Literal["auto"] = Field(default="auto", description="Processes that decode.")
    review_below: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="A person reviews photos under this confidence. Empty: the model's own.",
    )
    limit: int | None = Field(default=None, ge=1, description="At most so many photos in this run.")
    shard_size: int = Field(default=2048, ge=1, description="Photos in one part file.")
    retry_failed: bool = Field(
        default=False, description="Try photos again that could not be read before."
    )
    photo_limits: list[str] = Field(
        default_factory=list,
        description="What one photo may cost, as NAME=VALUE (decode_timeout_s=120); beyond it the "
        "photo is a row that says so. `landmarks tag --help` has the names.",
    )
    storage_block: str | None = Field(
        default=None,
        pattern=r"^[a-z0-9-]+/[A-Za-z0-9_-]+$",
        description="Prefect block with the store's credentials, as type/name. Empty: environment, "
        "profile or instance role.",
    )

    wait_minutes: float = Field(
        default=60,
        ge=0,
        description="How long to wait for another run that is writing to the same OUT.",
    )

    @field_validator("source", "out")
    @classmethod
    def _is_absolute(cls, value: str) -> str:
        return absolute_place(value)

    @model_validator(mode="after")
    def _settings_agree(self) -> "TagParameters":
        try:
            self.to_config()
        except ConfigError as error:
            raise ValueError(str(error)) from error
        return self

    def to_config(self, model: str | None = None) -> TagConfig:
        """Return the settings of a run.

        Args:
            model: one version in place of what was written, which may name a folder of them.
        """
        return TagConfig(
            source=self.source,
            out=self.out,
            model=model or self.model,
            model_sha256=self.model_sha256,
            classes=self.classes,
            since=self.since,
            time_zone=self.time_zone,
            include=tuple(self.include),
            exclude=tuple(self.exclude),
            device=self.device,
            precision=self.precision,
            batch_size=self.batch_size,
            workers=self.workers,
            review_below=self.review_below,
            limit=self.limit,
            shard_size=self.shard_size,
            retry_failed=self.retry_failed,
            limits=limits_from(self.photo_limits),
        )


class NightlyParameters(TagParameters):
    """Last night's uploads: what is new, changed, or not yet tagged by this model."""

    max_failures: float = Field(
        default=0.05, ge=0, le=1, description="Tell me when more photos than this cannot be read."
    )
    max_review: float = Field(
        default=0.5, ge=0, le=1, description="Tell me when more photos than this wait for review."
    )
    max_drift: float = Field(
        default=0.25,
        ge=0,
        description="Tell me when confidences differ from the last 30 nights by more than this "
        "(population stability index; 0.1 is little, 0.25 is much).",
    )
    min_photos: int = Field(
        default=50, ge=1, description="Nights with fewer photos than this pass no limit."
    )

    def to_limits(self) -> Limits:
        """Return what an ordinary night keeps to."""
        return Limits(
            max_failures=self.max_failures,
            max_review=self.max_review,
            max_drift=self.max_drift,
            min_photos=self.min_photos,
        )


class BackfillParameters(TagParameters):
    """A whole archive: planned once, worked on by many processes, for days if need be."""

    plan_only: bool = Field(
        default=False, description="Freeze the plan with its estimate, and tag nothing yet."
    )
    engine: Engine = Field(
        default="pool",
        description="pool: one run per group of shards on the work pool. dask: shards on a Dask "
        "cluster. here: one after another in this process.",
    )
    processes: int = Field(
        default=1, ge=1, description="How many workers there are: cuts groups and estimates hours."
    )
    rate: float | None = Field(
        default=None, gt=0, description="Photos/s of one process. Empty: measured on a sample."
    )
    cost_per_hour: float | None = Field(
        default=None, gt=0, description="Price of one process for an hour, for the estimate."
    )
    shards_per_group: int | None = Field(
        default=None,
        ge=1,
        description="Shards in one run of the pool. Empty: by the time they take.",
    )
    group_deployment: str = Field(
        default="backfill-group/backfill-group",
        pattern=r"^[^/]+/[^/]+$",
        description="Deployment that does one group, as flow/deployment.",
    )
    scheduler: str | None = Field(
        default=None, description="Address of the Dask scheduler, such as tcp://10.0.0.5:8786."
    )
    tries: int = Field(
        default=3, ge=1, description="How often a shard is handed out before it counts as failed."
    )
    stalled_minutes: float = Field(
        default=60,
        gt=0,
        description="A group that finishes no shard for so long is given to another worker.",
    )
    poll_seconds: float = Field(default=2, gt=0, description="Between two looks at the groups.")

    @field_validator("scheduler")
    @classmethod
    def _is_address(cls, value: str | None) -> str | None:
        if value is not None and "://" not in value:
            raise ValueError(f"expected an address such as tcp://10.0.0.5:8786, got {value!r}")
        return value

    @model_validator(mode="after")
    def _engine_is_whole(self) -> "BackfillParameters":
        if self.engine == "dask" and self.scheduler is None:
            raise ValueError("engine dask needs the address of its scheduler: set `scheduler`")
        return self


class GroupParameters(_Parameters):
    """A group of shards of an open backfill."""

    out: str = Field(min_length=1, description="Folder or URL of the backfill.")
    run_id: str = Field(min_length=1, description="The backfill.")
    shards: list[int] = Field(min_length=1, description="Numbers of the shards to do.")
    storage_block: str | None = Field(default=None, description="As in archive-backfill.")


class CompactParameters(_Parameters):
    """Merge the small part files that nightly runs leave."""

    out: str = Field(min_length=1, description="Folder or URL of the tables.")
    older_than_hours: float = Field(
        default=24, ge=0, description="Only parts of runs that began so long ago."
    )
    grace_seconds: float = Field(
        default=900,
        ge=0,
        description="How long replaced parts stay for whoever reads them; the flow waits for it.",
    )
    target_rows: int = Field(
        default=500_000,
        ge=2,
        description="Rows of a merged file, at most; parts that have half of it are left.",
    )
    wait_minutes: float = Field(
        default=60, ge=0, description="How long to wait for a run that is writing to the same OUT."
    )
    storage_block: str | None = Field(default=None, description="As in nightly-tagging.")


class TrainingParameters(_Parameters):
    """Learn from folders of photos and from people's decisions."""

    data: str = Field(min_length=1, description="Folder with one folder of photos per landmark.")
    out: str = Field(min_length=1, description="Folder of the model's versions.")
    negatives: str | None = Field(default=None, description="Folder of photos of other things.")
    reviews: str | None = Field(
        default=None, description="A tagged OUT whose reviewed photos are learnt from."
    )
    recipe: str | None = Field(default=None, description="TOML file of a recipe; empty: transfer.")
    name: str = Field(default="landmarks", min_length=1, description="Of the model, in its card.")
    card: str | None = Field(
        default=None, description="TOML file with licence, notes and places of the tags."
    )
    seed: int = Field(default=1, ge=0, description="Same seed, same weights on the CPU.")
    folds: int = Field(
        default=0, ge=0, description="Cross-fitting for few photos: 3 or more models; 0: one split."
    )
    device: Device = Field(default="auto", description="Where the model is trained.")
    promote: Literal["auto", "never"] = Field(
        default="auto", description="Whether a better version becomes the one that tags."
    )

    def to_config(self) -> TrainConfig:
        """Return the settings of a training, with the recipe's file read.

        Raises:
            ConfigError: if a setting or the recipe is wrong.
        """
        return TrainConfig(
            data=self.data,
            out=self.out,
            recipe=read_recipe(self.recipe) if self.recipe else Recipe(),
            negatives=self.negatives,
            reviews=self.reviews,
            name=self.name,
            card=self.card,
            seed=self.seed,
            folds=self.folds,
            device=self.device,
            promote=self.promote,
            resume=True,
        )
