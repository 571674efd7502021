"""Prefect flows over landmark_core: the only place that imports prefect.

Local by default: Prefect's own telemetry stays off unless the environment says otherwise.
"""

import os

os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
# The server of a run without one: on a busy machine its 20 seconds pass before it has imported.
os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "180")
