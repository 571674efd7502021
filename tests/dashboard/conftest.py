"""Puts the state that the tests share, and an OUT made by hand, within reach."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "export"))
