"""Puts the sample sidecars, and the hand-made OUT of the exports, within reach."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "export")]
