"""How many photos this machine tags in a second: a sample goes the whole way, into a folder that
is thrown away.
"""

import dataclasses
import tempfile
from collections.abc import Sequence

from landmark_core.config import TagConfig
from landmark_core.records import PhotoRef, Shard
from landmark_core.tagging import Tagger

_WARM = 32  # photos that are not counted: workers start, memory is allocated


def measure_rate(config: TagConfig, sample: Sequence[PhotoRef]) -> float:
    """Tag a sample and return photos per second, heatmaps and writing included.

    Args:
        config: as the backfill will run; only OUT is another.
        sample: photos, at least one; the first few warm the machine up where there are more.

    Raises:
        ConfigError: if the model or the device cannot be had.
        RunError: if the device fails.
    """
    warm = sample[:_WARM] if len(sample) > 2 * _WARM else sample
    timed = sample[_WARM:] if len(sample) > 2 * _WARM else sample
    with tempfile.TemporaryDirectory(prefix="landmarks-") as folder:
        tagger = Tagger(dataclasses.replace(config, out=folder))
        try:
            tagger.tag_photos(Shard(run_id="warm", number=0, photos=len(warm)), warm)
            report = tagger.tag_photos(Shard(run_id="timed", number=0, photos=len(timed)), timed)
        finally:
            tagger.close()
    return report.counts.photos / report.seconds
