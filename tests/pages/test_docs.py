"""The README names only commands, options and files that exist."""

import contextlib
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from blocks import PAGES, ROOT, commands_of, name_of

from landmark_core.cli import build_parser

README = (ROOT / "README.md").read_text(encoding="utf-8")


def help_of(*command: str, capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit, match="0"):
        build_parser().parse_args([*command, "--help"])
    return capsys.readouterr().out


def test_every_option_of_the_readme_is_in_the_help(capsys):
    options = set(re.findall(r"--[a-z][a-z-]+", README)) - {"--extra-index-url", "--source"}
    commands = (
        ("tag",),
        ("status",),
        ("train",),
        ("evaluate",),
        ("backfill", "plan"),
        ("find",),
        ("export",),
    )
    known = "".join(help_of(*command, capsys=capsys) for command in commands)
    assert len(options) > 6
    assert {option for option in options if option not in known} == set()


COMMANDS = [
    ("tag",),
    ("status",),
    ("find",),
    ("export",),
    ("train",),
    ("evaluate",),
    ("check",),
    ("compact",),
    ("completion",),
    ("backfill", "plan"),
    ("models", "show"),
    ("models", "list"),
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_is_in_the_readme(command, capsys):
    assert f"landmarks {' '.join(command)}" in README
    assert help_of(*command, capsys=capsys)


def test_every_make_target_of_the_readme_exists():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"`?make ([a-z-]+)", README)) <= targets


def test_every_option_of_the_training_guide_is_in_some_help(capsys):
    guide = (ROOT / "docs" / "training.md").read_text(encoding="utf-8")
    commands = (("train",), ("evaluate",), ("tag",), ("models", "promote"), ("models", "rollback"))
    known = "".join(help_of(*command, capsys=capsys) for command in commands)
    options = set(re.findall(r"--[a-z][a-z-]+", guide))
    assert len(options) > 10
    assert {option for option in options if option not in known} == set()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_between_files_lead_somewhere(page):
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#:]+)\)", text) + re.findall(r'<img src="([^"]+)"', text):
        assert (page.parent / target).exists(), target


def landmarks_in(page: Path) -> list[str]:
    """Return the `landmarks` commands of a page's blocks, as far as a pipe."""
    commands = [command for block in commands_of(page) for command in block]
    found = (re.match(r"(?:\S*/)?landmarks (.*)", command) for command in commands)
    return [re.split(r"\s[|>&]|;", one[1])[0] for one in found if one]


@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if page.name != "reference.md" and landmarks_in(page)],
    ids=name_of,
)
def test_every_command_of_a_page_is_one_that_the_program_takes(page):
    for command in landmarks_in(page):
        words = shlex.split(re.sub(r"<[^>]*>", "VALUE", command))
        with contextlib.suppress(SystemExit):
            build_parser().parse_args(words)
            continue
        pytest.fail(f"landmarks {command}")


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page.name != "CHANGELOG.md"], ids=name_of
)
def test_what_a_sentence_names_of_a_command_is_in_its_help(page, capsys):
    for words in re.findall(r"`landmarks ([a-z][^`]*)`", page.read_text(encoding="utf-8")):
        command, *more = words.split()
        if command in {"models", "backfill"} and more:
            command = f"{command} {more[0]}"
        known = help_of(*command.split(), capsys=capsys)
        assert set(re.findall(r"--[a-z][a-z-]+", words)) <= set(re.findall(r"--[a-z-]+", known))


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="argparse words its help anew")
def test_the_reference_is_what_the_program_says():
    done = subprocess.run(
        [sys.executable, "scripts/write_reference.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def test_every_page_is_reached_from_the_readme():
    pages, todo = set(), [ROOT / "README.md"]
    while todo:
        page = todo.pop()
        if page in pages or page.suffix != ".md":
            continue
        pages.add(page)
        targets = re.findall(r"\]\(([^)#:]+)", page.read_text(encoding="utf-8"))
        todo += [(page.parent / target).resolve() for target in targets]
    assert {page for page in PAGES if page not in pages} == set()
