"""Types of option values that several commands take."""

import argparse
from typing import Literal


def auto_or_int(text: str) -> int | Literal["auto"]:
    """Read `auto` or a whole number."""
    if text == "auto":
        return "auto"
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected auto or a number, got {text!r}") from None
