"""An argument parser whose errors are one line that says what to type instead.

argparse (https://docs.python.org/3/library/argparse.html) prints the whole usage before each error,
twenty lines for `landmarks tag`, and names no near command or option.
"""

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Any, NoReturn

_CHOICE = re.compile(r"argument (?:COMMAND|ACTION): invalid choice: '(.*?)'")
_UNKNOWN = re.compile(r"unrecognized arguments: (.*)", re.DOTALL)
_MISSING = re.compile(r"the following arguments are required: (.*)")


class Parser(argparse.ArgumentParser):
    """Says in one line what is wrong and what would be right; subcommands' parsers are its kind."""

    def __init__(self, **settings: Any) -> None:
        """Take argparse's settings; options in full: --ou may mean two tomorrow."""
        super().__init__(**{"allow_abbrev": False, **settings})
        self._typed: tuple[str, ...] = ()

    def parse_known_args(self, args=None, namespace=None):  # type: ignore[no-untyped-def]
        """Keep what was typed, for the message."""
        self._typed = tuple(sys.argv[1:] if args is None else args)
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        """Print one line to stderr and exit with 2."""
        print(f"{self.prog}: {self._in_our_words(message)}", file=sys.stderr)
        raise SystemExit(2)

    def _in_our_words(self, message: str) -> str:
        if found := _CHOICE.match(message):
            near = _near(found[1], self._commands())
            return f"there is no '{found[1]}'{near}; {self.prog} --help lists what there is"
        if found := _UNKNOWN.match(message):
            options = [word for word in found[1].split() if word.startswith("-")]
            unknown = " ".join(options) or found[1]  # else what follows an option is called unknown
            near = self._near_options(options)
            return f"not known here: {unknown}{near}; {self.prog} --help lists what there is"
        if found := _MISSING.match(message):
            if found[1] == "COMMAND":
                names = ", ".join(self._commands())
                return f"COMMAND missing, one of {names}; {self.prog} --help says what each does"
            near = self._near_options(self._typed)
            expected = self._shortest()
            return f"{found[1]} missing{near}; expected: {expected}; more: {self.prog} --help"
        return f"{message}; {self.prog} --help says more"

    def _near_options(self, words: Sequence[str]) -> str:
        """Say which options were perhaps meant by words that are none."""
        known = {name for one in _all(self) for name in one._option_string_actions}  # noqa: SLF001
        typed = dict.fromkeys(word.partition("=")[0] for word in words if word.startswith("--"))
        return "".join(_near(word, known) for word in typed if word not in known)

    def _shortest(self) -> str:
        """Return the command with what it cannot do without."""
        named = [(one, str(one.metavar or one.dest.upper())) for one in self._actions]
        places = [name for one, name in named if not one.option_strings and one.required]
        options = [
            f"{one.option_strings[-1]} {name}"
            for one, name in named
            if one.option_strings and one.required
        ]
        return " ".join([self.prog, *places, *options])

    def _commands(self) -> list[str]:
        return [name for one in _groups(self) for name in one.choices]


def _groups(parser: argparse.ArgumentParser) -> Iterator["argparse._SubParsersAction[Parser]"]:
    for action in parser._actions:  # noqa: SLF001 (argparse names its subcommands nowhere else)
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            yield action


def _all(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """Yield a parser and those of its commands."""
    yield parser
    for group in _groups(parser):
        for below in group.choices.values():
            yield from _all(below)


def _near(word: str, known: "list[str] | set[str]") -> str:
    found = get_close_matches(word, sorted(known), n=1, cutoff=0.6)
    return f", did you mean {found[0]}?" if found and word != found[0] else ""
