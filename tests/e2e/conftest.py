"""A real browser; the drawn photos of the trainings and what browser tests share, within reach."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "training"))
sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="module")
def browser():
    """The Chromium that is installed; skips where it or Playwright is missing."""
    pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    from chromium import PROGRAMS, find_chromium, start_chromium

    if find_chromium() is None:
        pytest.skip(f"no browser here: none of {', '.join(PROGRAMS)} is installed")
    with start_chromium() as browser:
        yield browser
