"""The state of a library for people and machines: lines on a terminal, one page, JSON."""

from landmark_core.dashboard.bars import Look
from landmark_core.dashboard.page import render_status
from landmark_core.dashboard.plain import status_to_json
from landmark_core.dashboard.text import status_to_text

__all__ = ["Look", "render_status", "status_to_json", "status_to_text"]
