"""Settings that say which photos to learn from: read once, then only passed along."""

from dataclasses import dataclass, field

from landmark_core.config import ReadLimits
from landmark_core.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSettings:
    """Where labelled photos lie, and what reading one may cost."""

    data: str  # folder or fsspec URL: a folder per class, or train/ and test/ that hold them
    negatives: str | None = None  # folder or URL; every photo below it shows no landmark
    reviews: str | None = None  # an OUT of `landmarks tag` whose reviews become labels
    limits: ReadLimits = field(default_factory=ReadLimits)

    def __post_init__(self) -> None:
        for option, value in (
            ("DATA", self.data),
            ("--negatives", self.negatives),
            ("--reviews", self.reviews),
        ):
            if value is not None and not value.strip():
                raise ConfigError(f"{option} must not be empty")
