"""Which names are spelled alike? Those of the same letters, whatever their case, accents and signs.

Pure. A mark that changes the sound of its letter is no accent: the voicing of kana and the vowel
signs of Indic scripts stay, so that パリ (Paris) is not バリ (Bali).
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

_INVISIBLE = re.compile("JOINER$|VARIATION SELECTOR")  # only choose how a sign is drawn


def fold(text: str) -> str:
    """Return the words of a text without case, accents and signs, one space between them.

    A text of signs alone stays as it is.
    """
    # Twice: what is taken apart may have a case, and what has lost its case may come apart
    # (Unicode 16, section 3.13.5, compatibility caseless matching).
    plain = text
    for _ in range(2):
        plain = unicodedata.normalize("NFKD", plain).casefold()
    bare = "".join(
        char if char.isalnum() or _is_vowel(char) else " "
        for char in unicodedata.normalize("NFKD", plain)
        if not _is_accent(char)
    )
    return " ".join(bare.split()) or text


def by_letters(known: Iterable[str]) -> dict[str, list[str]]:
    """Return names by their letters, those of the same letters in the order in which they came."""
    spellings: dict[str, list[str]] = {}
    for name in known:
        spellings.setdefault(fold(name), []).append(name)
    return spellings


def spelled_like(tag: str, known: Mapping[str, Sequence[str]]) -> str:
    """Return how a tag is spelled already: as it is, else as the first with the same letters.

    Args:
        tag: as a person wrote it.
        known: the tags that there are by their letters, those that count most first: `by_letters`.

    Returns:
        One of known, or the tag itself where none has its letters.
    """
    spellings = known.get(fold(tag), ())
    return tag if tag in spellings or not spellings else spellings[0]


def _is_accent(char: str) -> bool:
    """Return whether a mark stands over, under or across its letter, or is a Semitic point.

    By canonical combining class (Unicode 16, table 4-3); 7 to 9 and 84 to 132 are parts of letters.
    """
    place = unicodedata.combining(char)
    return 0 < place < 7 or 10 <= place <= 36 or place >= 200


def _is_vowel(char: str) -> bool:
    is_mark = unicodedata.category(char) in ("Mn", "Mc")
    return is_mark and not _INVISIBLE.search(unicodedata.name(char, ""))
