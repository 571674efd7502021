"""Which tags does a person mean who types a name? Case, accents and small slips do not count.

Four ways, the surest first; a way that fits several landmarks is an error that names them:

    letters   the same letters and digits once case, accents and signs are gone: taj_mahal
    words     every typed word begins a word of the name: taj
    slips     few letters are wrong, missing or swapped: taj mahl
    both      every typed word is one of the name's, but for such slips: coliseum for Colosseum Rome

Tags with the same letters (Taj_Mahal of one model, Taj Mahal of another) are one landmark. Slips
are counted by DuckDB, which is here anyway: its Damerau-Levenshtein distance runs over all names
in one query, and a second library for it would have nothing to do the rest of the time.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from landmark_core.errors import ConfigError
from landmark_core.finding.letters import by_letters, fold
from landmark_core.report_text import printable
from landmark_core.tables import Scratch, open_scratch

_FEWEST = 3  # letters of a name that is not written out
_LETTERS_A_SLIP = 4  # bytes of UTF-8, which is what DuckDB counts: one slip in so many
_MOST_SLIPS = 3
_NAMED = 3  # names in an error
_LISTED = 13  # where none is near: what there is
_LETTERS_A_NEAR_SLIP = 3  # a name is near that has one slip in so many letters

_DISTANCES = """
SELECT letters, damerau_levenshtein(letters, $typed) AS slips
FROM incoming ORDER BY jaro_winkler_similarity(letters, $typed) DESC, letters
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """The tags that a typed name stands for."""

    typed: str
    tags: tuple[str, ...]  # sorted; at least one

    @property
    def is_spelled_so(self) -> bool:
        """Whether it was typed with the same letters, whatever their case, accents and signs."""
        return fold(self.typed) == fold(self.tags[0])

    @property
    def is_exact(self) -> bool:
        """Whether it was typed as it is."""
        return self.tags == (self.typed,)


def match_tag(typed: str, known: Iterable[str]) -> Match:
    """Return the tags that are meant.

    Args:
        typed: what a person wrote.
        known: all tags that there are.

    Raises:
        ConfigError: naming the nearest tags, if none fits or several landmarks do.
    """
    spellings = by_letters(known)
    letters = fold(typed)
    for fitting in _ways(letters, spellings):
        if len(fitting) > 1:
            raise ConfigError(
                f"several tags fit {typed!r}: {_names(fitting, spellings)}; write more of the name"
            )
        if fitting:
            return Match(typed=typed, tags=tuple(sorted(spellings[fitting[0]])))
    raise ConfigError(f"no photo was ever tagged {typed!r}; {_others(letters, spellings)}")


def near_tags(typed: str, known: Iterable[str]) -> tuple[str, ...]:
    """Return the tags that a name may be a slip of, the nearest first; it itself is none.

    Args:
        typed: what a person wrote.
        known: all tags that there are.
    """
    letters = fold(typed)
    spellings = by_letters(name for name in known if fold(name) != letters)
    return tuple(min(spellings[name]) for name in _near(letters, spellings))


def _near(letters: str, spellings: Mapping[str, Sequence[str]]) -> list[str]:
    distances = _distances(letters, spellings)
    return [name for name, slips in distances if _is_near(letters, name, slips)]


def _others(letters: str, spellings: Mapping[str, Sequence[str]]) -> str:
    """Name the tags that are near, the nearest first; where none is, those that there are."""
    if near := _near(letters, spellings):
        return f"the nearest tags: {_names(near[:_NAMED], spellings)}"
    everything = sorted(spellings, key=lambda name: min(spellings[name]))
    return f"tags here: {_names(everything, spellings, _LISTED)}"


def _is_near(letters: str, name: str, slips: int) -> bool:
    longest = max(len(letters.encode()), len(name.encode()))
    return slips * _LETTERS_A_NEAR_SLIP <= longest or (bool(letters) and name.startswith(letters))


def _ways(letters: str, spellings: Mapping[str, Sequence[str]]) -> Iterator[Sequence[str]]:
    """Yield the letters of the tags that fit, the surest way first."""
    yield [letters] if letters in spellings else []
    if len(letters) >= _FEWEST:
        yield [name for name in spellings if _has_words(name, letters)]
        yield _with_slips(letters, spellings)
        yield _with_slipped_words(letters, spellings)


def _has_words(name: str, letters: str) -> bool:
    words = name.split()
    return all(any(word.startswith(part) for word in words) for part in letters.split())


def _with_slips(letters: str, names: Iterable[str]) -> Sequence[str]:
    """Return the names with the fewest slips, if these are few enough for so many letters."""
    length = len(letters.encode())
    most = min(length // _LETTERS_A_SLIP, _MOST_SLIPS) if length > _LETTERS_A_SLIP else 0
    near = [(slips, name) for name, slips in _distances(letters, names) if slips <= most]
    fewest = min(near, default=(0, ""))[0]
    return [name for slips, name in near if slips == fewest]


def _with_slipped_words(letters: str, names: Iterable[str]) -> Sequence[str]:
    words = {word for name in names for word in name.split()}
    near = [set(_with_slips(part, words)) for part in letters.split()]
    return [name for name in names if all(some & set(name.split()) for some in near)]


def _distances(letters: str, names: Iterable[str]) -> Sequence[tuple[str, int]]:
    """Return the letters of every name with its slips, the most alike first."""
    with open_scratch() as scratch:
        return _ask(scratch, letters, pa.table({"letters": pa.array(list(names), pa.string())}))


def _ask(scratch: Scratch, letters: str, names: pa.Table) -> list[tuple[str, int]]:
    found = scratch.transform(_DISTANCES, names, typed=letters)
    return list(zip(found["letters"].to_pylist(), found["slips"].to_pylist(), strict=True))


def _names(
    fitting: Sequence[str], spellings: Mapping[str, Sequence[str]], most: int = _NAMED
) -> str:
    shown = [printable(min(spellings[letters])) for letters in fitting[:most]]
    more = len(fitting) - len(shown)
    return ", ".join(shown) + (f" and {more:,} more" if more else "")
