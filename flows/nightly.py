"""Tag last night's uploads: the run of `flows.tag`, on a schedule, with parameters on a page."""

from prefect import flow

from flows.parameters import NightlyParameters
from flows.shards import ONE_AT_A_TIME, use_storage_block
from flows.tag import tag_and_publish
from landmark_core.model import pin_model
from landmark_core.report import RunSummary


@flow(name="nightly-tagging", task_runner=ONE_AT_A_TIME)
def nightly_tagging(params: NightlyParameters) -> RunSummary:
    """Tag what is new, changed, or not yet tagged by this model; safe to run again at any time.

    A run that was killed needs nothing: the next one does what it left.
    """
    use_storage_block(params.storage_block)
    config = params.to_config(model=pin_model(params.model))
    return tag_and_publish(config, wait_s=60 * params.wait_minutes, limits=params.to_limits())
