"""Types of option values that several commands take."""

import argparse
import getpass
from typing import Literal


def auto_or_int(text: str) -> int | Literal["auto"]:
    """Read `auto` or a whole number."""
    if text == "auto":
        return "auto"
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected auto or a number, got {text!r}") from None


def default_reviewer() -> str:
    """Return the name under which decisions are taken: that of who is logged in."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container without a user list; OSError from Python 3.13 on
        return "somebody"
