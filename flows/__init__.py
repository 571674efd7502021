"""Prefect flows over landmark_core: the only place that imports prefect.

Local by default: Prefect's own telemetry stays off unless the environment says otherwise.
"""

import os

os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
