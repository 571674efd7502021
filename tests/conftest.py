"""What every test may use: the place of the real photos, where they are present."""

from pathlib import Path

import pytest

SHARED_DATA = Path(__file__).parents[1].parent / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real third-party photos beside the project; skips where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip("no real photos here: the folder ../shared/data is absent")
    return SHARED_DATA
