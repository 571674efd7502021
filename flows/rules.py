"""What Prefect does by itself about our runs: three rules, as automations of its server.

    without a heartbeat    a run whose worker and process died together is marked Crashed
    a limit was passed     people are told, with the event's own words
    failed or crashed      people are told

`automations` installs them. Prefect's server fills the templates; see
https://docs.prefect.io/v3/advanced/detect-zombie-flows and
https://docs.prefect.io/v3/concepts/automations
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from prefect.automations import AutomationCore, EventTrigger, Posture, ResourceSpecification
from prefect.client.schemas.objects import StateType
from prefect.events.actions import (
    ActionTypes,
    CallWebhook,
    ChangeFlowRunState,
    DoNothing,
    SendNotification,
)

from flows.alerts import LIBRARY, LIMIT_PASSED

OUR_FLOWS = (
    *("nightly-tagging", "tag-library", "archive-backfill", "backfill-group", "backfill-shards"),
    *("weekly-training", "train-landmarks", "compact-tables"),
)
HEARTBEAT = "prefect.flow-run.heartbeat"
# Three heartbeats of PREFECT_FLOWS_HEARTBEAT_FREQUENCY=30, the most frequent that Prefect allows.
SILENCE = timedelta(seconds=90)
# States after which nobody waits for a heartbeat. Not Cancelling: a run whose worker died while it
# was being cancelled is to be cleaned up too.
_QUIET_STATES = ("Completed", "Failed", "TimedOut", "Cancelled", "Crashed", "Paused", "Suspended")
ZOMBIES = "landmarks: runs without a heartbeat are crashed"
LIMITS = "landmarks: a limit was passed"
FAILURES = "landmarks: a run failed or crashed"
NAMES = (ZOMBIES, LIMITS, FAILURES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A block of Prefect's server that can be told."""

    kind: str  # type of the block, such as slack-webhook; a "webhook" is called with JSON
    block_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What people are told, as templates that Prefect's server fills from the event."""

    subject: str
    body: str


def build_automations(blocks: Sequence[Block]) -> list[AutomationCore]:
    """Return all automations, as they are to be.

    Args:
        blocks: are told of passed limits and of failed runs; none records without telling.
    """
    return [_crash_zombies(), _tell_limits(blocks), _tell_failures(blocks)]


def _crash_zombies() -> AutomationCore:
    return AutomationCore(
        name=ZOMBIES,
        description=(
            "A run whose worker and process died together says nothing and would stay Running. "
            "Heartbeats come where PREFECT_FLOWS_HEARTBEAT_FREQUENCY=30 is set."
        ),
        trigger=EventTrigger(
            posture=Posture.Proactive,
            after={HEARTBEAT},
            expect={HEARTBEAT, *(f"prefect.flow-run.{state}" for state in _QUIET_STATES)},
            match=ResourceSpecification({"prefect.resource.id": "prefect.flow-run.*"}),
            match_related=_of_our_flows(),
            for_each={"prefect.resource.id"},
            threshold=1,
            within=SILENCE,
        ),
        actions=[
            ChangeFlowRunState(
                name=None,
                state=StateType.CRASHED,
                force=False,  # a run that has ended meanwhile keeps its state
                message=f"No heartbeat for {SILENCE.seconds} s: its machine or worker died. "
                "The next run does what is missing.",
            )
        ],
    )


def _tell_limits(blocks: Sequence[Block]) -> AutomationCore:
    message = Message(
        subject="{{ event.payload.limit }} passed its limit: {{ event.payload.out }}",
        body="{{ event.payload.message }}; run {{ event.payload.run_id }} of "
        "{{ event.payload.out }}. The artifact `nights` of the flow run shows more.",
    )
    return AutomationCore(
        name=LIMITS,
        description="Failures, photos to review or the drift of a run are beyond its limits.",
        trigger=EventTrigger(
            expect={LIMIT_PASSED},
            match=ResourceSpecification({"prefect.resource.id": f"{LIBRARY}.*"}),
            posture=Posture.Reactive,
            threshold=1,
            within=timedelta(0),
        ),
        actions=_tell(blocks, message),
    )


def _tell_failures(blocks: Sequence[Block]) -> AutomationCore:
    message = Message(
        subject="{{ flow.name }} {{ flow_run.state.name }}: {{ flow_run.name }}",
        body="{{ flow_run.state.message }}\n{{ flow_run | ui_url }}",
    )
    return AutomationCore(
        name=FAILURES,
        description="A run of ours ended in Failed or Crashed, whatever the name of the state.",
        trigger=EventTrigger(
            expect={"prefect.flow-run.*"},
            match=ResourceSpecification(
                {
                    "prefect.resource.id": "prefect.flow-run.*",
                    "prefect.state-type": ["FAILED", "CRASHED"],
                }
            ),
            match_related=_of_our_flows(),
            posture=Posture.Reactive,
            threshold=1,
            within=timedelta(0),
        ),
        actions=_tell(blocks, message),
    )


def _tell(blocks: Sequence[Block], message: Message) -> list[ActionTypes]:
    """Return one action for each block; an action is needed, so that none tells nobody."""
    told: list[ActionTypes] = []
    for block in blocks:
        if block.kind == "webhook":
            told.append(CallWebhook(block_document_id=block.block_id, payload=_as_json(message)))
        else:
            told.append(
                SendNotification(
                    block_document_id=block.block_id, subject=message.subject, body=message.body
                )
            )
    return told or [DoNothing()]


def _as_json(message: Message) -> str:
    """Return the message as a template of a JSON object: what it is filled with cannot break it."""
    fields = []
    for name, template in (("subject", message.subject), ("body", message.body)):
        fields.append(f'"{name}": {{% set text %}}{template}{{% endset %}}{{{{ text | tojson }}}}')
    return f"{{{', '.join(fields)}}}"


def _of_our_flows() -> ResourceSpecification:
    return ResourceSpecification(
        {"prefect.resource.role": "flow", "prefect.resource.name": list(OUR_FLOWS)}
    )
