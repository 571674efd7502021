"""Texts as spreadsheet cells and back: what would be taken for a formula is disarmed.

A cell that begins with one of = + - @, their full-width forms, a tab or a line break can run as a
formula when the file is opened (https://owasp.org/www-community/attacks/CSV_Injection). Such a
cell gets one apostrophe in front; so does one that has apostrophes before such a sign, so that
taking one away gives back exactly what was there. Other apostrophes ('s-Hertogenbosch) are text.
Pure.
"""

import re

_SIGNS = "=+\\-@\t\r\n＝＋－＠"
_RISKY = re.compile(f"'*[{_SIGNS}]")
_DISARMED = re.compile(f"'+[{_SIGNS}]")


def to_cell(text: str) -> str:
    """Return a text as a cell that no spreadsheet takes for a formula."""
    return f"'{text}" if _RISKY.match(text) else text


def from_cell(cell: str) -> str:
    """Return the text of a cell; the inverse of `to_cell`, and harmless where a person typed."""
    return cell[1:] if _DISARMED.match(cell) else cell
