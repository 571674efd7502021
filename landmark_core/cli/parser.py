"""An argument parser whose errors are one line that says what to type instead.

argparse (https://docs.python.org/3/library/argparse.html) prints the whole usage before each error,
twenty lines for `landmarks tag`, and names no near command or option.
"""

import argparse
import re
import sys
from collections.abc import Iterator
from difflib import get_close_matches
from typing import NoReturn

_CHOICE = re.compile(r"argument (?:COMMAND|ACTION): invalid choice: '(.*?)'")
_UNKNOWN = re.compile(r"unrecognized arguments: (.*)", re.DOTALL)
_MISSING = re.compile(r"the following arguments are required: (.*)")


class Parser(argparse.ArgumentParser):
    """Says in one line what is wrong and what would be right; subcommands' parsers are its kind."""

    def error(self, message: str) -> NoReturn:
        """Print one line to stderr and exit with 2."""
        print(f"{self.prog}: {self._in_our_words(message)}", file=sys.stderr)
        raise SystemExit(2)

    def _in_our_words(self, message: str) -> str:
        if found := _CHOICE.match(message):
            near = _near(found[1], self._commands())
            return f"there is no '{found[1]}'{near}; {self.prog} --help lists what there is"
        if found := _UNKNOWN.match(message):
            options = {name for one in _all(self) for name in one._option_string_actions}  # noqa: SLF001
            near = "".join(_near(word.partition("=")[0], options) for word in found[1].split())
            return f"not known here: {found[1]}{near}; {self.prog} --help lists what there is"
        if found := _MISSING.match(message):
            return f"{found[1]} missing; expected: {self._shortest()}; more: {self.prog} --help"
        return f"{message}; {self.prog} --help says more"

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
