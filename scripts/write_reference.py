"""Write docs/reference.md: every command with every option, as the program itself says it.

python scripts/write_reference.py            # writes it
python scripts/write_reference.py --check    # fails where it is not what the program says
"""

import argparse
import os
import sys
from collections.abc import Iterator
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs/reference.md"
WIDTH = 100
HEAD = """\
# Reference

Every command with every option. This page is written by `python scripts/write_reference.py` from
the program itself, and a test compares the two. What the files and columns mean:
[tables](tables.md). The flows take the same settings as typed parameters:
`python -m flows.tag --help` and [deployments](../deployments/README.md).

Exit codes: 0 done, 1 the run failed, 2 the command is wrong, 130 interrupted.
"""


def commands_of(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """Yield the parsers of all commands, in the order of the program's own help."""
    below = [
        action
        for action in parser._actions  # noqa: SLF001 - argparse has no other way to ask
        if isinstance(action, argparse._SubParsersAction)  # noqa: SLF001
    ]
    if not below:
        yield parser
    for action in below:
        for command in dict.fromkeys(action.choices.values()):
            yield from commands_of(command)


def reference() -> str:
    """Return the page."""
    os.environ["COLUMNS"] = str(WIDTH + 2)  # argparse takes two off
    os.environ["NO_COLOR"] = "1"
    from landmark_core.cli import build_parser

    parts = [HEAD]
    for command in commands_of(build_parser()):
        text = "\n".join(line.rstrip() for line in command.format_help().splitlines())
        parts.append(f"## {command.prog}\n\n```text\n{text}\n```\n")
    return "\n".join(parts)


def main() -> None:
    """Write or compare."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true")
    page = reference()
    if not parser.parse_args().check:
        PAGE.write_text(page, encoding="utf-8")
    elif PAGE.read_text(encoding="utf-8") != page:
        sys.exit(f"{PAGE.name} is not what the program says: python scripts/write_reference.py")


if __name__ == "__main__":
    main()
