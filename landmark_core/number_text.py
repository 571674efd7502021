"""How numbers are written for people, everywhere alike. Pure."""


def count_text(number: int, noun: str = "") -> str:
    """Return a number, with its noun if it has one: 2,000, 1 photo, or 2,000 photos."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}" if noun else f"{number:,}"


def percent_text(share: float, digits: int = 0) -> str:
    """Return a share of 0 to 1 as 97 %, or with so many digits as 97.1 %."""
    return f"{100 * share:.{digits}f} %"


def figure_text(value: float, *, is_share: bool) -> str:
    """Return a figure of a model: a share as 97.1 %, anything else as 0.971."""
    return percent_text(value, 1) if is_share else f"{value:.3f}"


def percent_label(share: float) -> str:
    """Return a share for a page: 97 %, 9.7 %, 0 %; the sign stays on the number's line."""
    digits = 0 if share >= 0.1 or not share else 1
    return percent_text(share, digits).replace(" ", "\N{NO-BREAK SPACE}")
