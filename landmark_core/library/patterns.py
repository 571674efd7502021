"""Decide which photos `--include` and `--exclude` keep.

The rule, for each pattern against the path relative to SOURCE (always with "/"):

- `*` and `?` stay within one folder's name, `**` crosses folders, `[ab]` is one of a set.
- A pattern matches a photo when it matches its relative path, its bare name, or either of these
  for a folder above it: `*.jpg`, `2024/**`, `2024`, `**/raw/*.tif` and `@eaDir` do what they say.
- Capitals do not matter: cameras write IMG_0001.JPG, people type *.jpg.
- A photo is kept when no exclude matches and, where there are includes, at least one does.

Pure: strings in, answers out.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from landmark_core.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Patterns:
    """Compiled includes and excludes; null where there are none."""

    include: re.Pattern[str] | None
    exclude: re.Pattern[str] | None
    above: str = ""  # what stands before a relative path, with "/" at its end: a partition's name

    def keeps(self, relative: str) -> bool:
        """Say whether the photo at this relative path stays in the library."""
        if self.include is None and self.exclude is None:
            return True
        trail = _trail(self.above + relative)
        if self.exclude is not None and any(map(self.exclude.fullmatch, trail)):
            return False
        return self.include is None or any(map(self.include.fullmatch, trail))

    def prunes(self, folder: str) -> bool:
        """Say whether nothing below this folder can be kept, so that it need not be listed."""
        return self.exclude is not None and any(
            map(self.exclude.fullmatch, _trail(self.above + folder))
        )


def compile_patterns(include: Sequence[str], exclude: Sequence[str]) -> Patterns:
    """Compile globs; an unclosed `[` stands for itself.

    Raises:
        ConfigError: a set holds a range that runs backwards, such as `[z-a]`.
    """
    return Patterns(_any_of(include), _any_of(exclude))


def _any_of(globs: Sequence[str]) -> re.Pattern[str] | None:
    if not globs:
        return None
    try:
        # DOTALL: file names may hold newlines.
        return re.compile("|".join(map(_translate, globs)), re.IGNORECASE | re.DOTALL)
    except re.error as error:
        raise ConfigError(
            f"expected globs such as *.jpg or 2024/**, got {globs}: {error}"
        ) from error


def _trail(relative: str) -> list[str]:
    """Return what a pattern may match: the path and every folder above it, each also bare."""
    parts = relative.split("/")
    return parts + ["/".join(parts[: end + 1]) for end in range(1, len(parts))]


def _translate(glob: str) -> str:
    glob = glob.strip("/").removeprefix("./")
    tokens = re.findall(r"\*\*/|\*\*|\*|\?|\[!?\]?[^\]]*\]|.", glob, re.DOTALL)
    return "(?:" + "".join(map(_translate_token, tokens)) + ")"


def _translate_token(token: str) -> str:
    if token == "**/":  # noqa: S105 (a glob, no password)
        return "(?:.*/)?"
    if token == "**":  # noqa: S105
        return ".*"
    if token == "*":  # noqa: S105
        return "[^/]*"
    if token == "?":  # noqa: S105
        return "[^/]"
    if len(token) > 1:  # a set: only "!" at its start and "-" inside mean something
        members = re.sub(r"([\\^\[\]&~|])", r"\\\1", token[1:-1].removeprefix("!"))
        return f"[^/{members}]" if token[1] == "!" else f"[{members}]"
    return re.escape(token)
