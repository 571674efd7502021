"""`landmarks completion`: what a shell needs to complete commands, options and files with Tab.

The script is made from the parser once, by shtab (https://github.com/tqdm/shtab); pressing Tab runs
no Python. argcomplete would start the program for every Tab.
"""

import argparse
from collections.abc import Mapping

from landmark_core.cli.console import EXIT_DONE

HELP = "print what bash, zsh or fish need to complete commands with Tab"
INTERRUPTED = "interrupted"

_EPILOG = """\
Write it where your shell looks, once and after each update:

    landmarks completion bash > ~/.local/share/bash-completion/completions/landmarks
    landmarks completion zsh > ~/.zfunc/_landmarks      with fpath+=~/.zfunc before compinit
    landmarks completion fish > ~/.config/fish/completions/landmarks.fish
"""

_FOLDERS = frozenset({"OUT", "DIR", "DATA", "MODEL_DIR", "FOLDER", "REPORT_DIR"})
_FILES = frozenset(
    {"SOURCE", "FILE", "FILE.toml", "FILE|NAME|MODEL_DIR", "FILE|default|none", "MODEL"}
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the shell."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _EPILOG
    parser.add_argument("shell", choices=("bash", "zsh", "fish"))


def run(arguments: argparse.Namespace) -> int:
    """Print the script of one shell."""
    import shtab

    from landmark_core.cli.command import build_parser  # which lists this command too

    parser = build_parser()
    _mark_paths(parser, {"file": shtab.FILE, "folder": shtab.DIRECTORY})
    print(shtab.complete(parser, arguments.shell))
    return EXIT_DONE


def _mark_paths(parser: argparse.ArgumentParser, ways: Mapping[str, object]) -> None:
    """Say of each argument that names a path how it is completed, by its metavar."""
    for action in parser._actions:  # noqa: SLF001  # argparse has no other way to list them
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            for inner in action.choices.values():
                _mark_paths(inner, ways)
        elif action.metavar in _FOLDERS:
            action.complete = ways["folder"]  # type: ignore[attr-defined]
        elif action.metavar in _FILES:
            action.complete = ways["file"]  # type: ignore[attr-defined]
