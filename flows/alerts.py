"""Tell Prefect what happened to a library, as events that automations wait for.

    landmarks.run.finished    every finished run, with its counts and shares
    landmarks.limit.passed    one for each limit that it is beyond: limit, value, allowed, message

The resource is the library: landmarks.library.<12 hex digits of SHA-256 over OUT>. `automations`
ships what is done about them.
"""

import hashlib
from collections.abc import Sequence

from prefect.events import emit_event

from landmark_core.nights import SHARES, Comparison, PassedLimit
from landmark_core.nights_text import limit_to_text

RUN_FINISHED = "landmarks.run.finished"
LIMIT_PASSED = "landmarks.limit.passed"
LIBRARY = "landmarks.library"


def library_id(out: str) -> str:
    """Return the resource id of a library: the same for the same OUT, as it was typed."""
    digest = hashlib.sha256(out.encode("utf-8", "backslashreplace")).hexdigest()
    return f"{LIBRARY}.{digest[:12]}"


def emit_run_finished(comparison: Comparison, passed: Sequence[PassedLimit], out: str) -> None:
    """Say that a run has finished, well or beyond limits.

    Args:
        comparison: of the run with the nights before.
        passed: limits that it is beyond.
        out: OUT as the user typed it.
    """
    tonight, drift = comparison.tonight, comparison.drift
    emit_event(
        event=RUN_FINISHED,
        resource=_resource(out),
        payload={
            "run_id": tonight.run_id,
            "out": out,
            "photos": tonight.photos,
            "tagged": tonight.tagged,
            "review": tonight.review,
            "no_landmark": tonight.no_landmark,
            "failed": tonight.failed,
            "shares": {name: tonight.share(name) for name in SHARES},
            "model_id": tonight.model_id,
            "drift": None if drift is None else drift.value,
            "drift_noise": None if drift is None else drift.noise,
            "limits_passed": [one.limit for one in passed],
        },
    )


def emit_passed_limits(comparison: Comparison, passed: Sequence[PassedLimit], out: str) -> None:
    """Say of each limit that it was passed.

    Args:
        comparison: of the run with the nights before.
        passed: limits that it is beyond.
        out: OUT as the user typed it.
    """
    for one in passed:
        emit_event(
            event=LIMIT_PASSED,
            resource=_resource(out),
            payload={
                "limit": one.limit,
                "value": one.value,
                "allowed": one.allowed,
                "message": limit_to_text(one, comparison.tonight),
                "run_id": comparison.tonight.run_id,
                "out": out,
                "photos": comparison.tonight.photos,
            },
        )


def _resource(out: str) -> dict[str, str]:
    return {"prefect.resource.id": library_id(out), "prefect.resource.name": out}
