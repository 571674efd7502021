"""Every block says what it is; every command is run by a test, or is named with what it needs."""

import ast
from pathlib import Path

import pytest
from blocks import PAGES, ROOT, blocks_of, commands_of, name_of
from stage import MAKE_SAYS, NOT_HERE, is_for_here

LANGUAGES = {"sh", "text", "python", "sql", "ini", "crontab"}
HERE = Path(__file__).parent


def pages_run() -> set[str]:
    """The pages that tests name as what they run."""
    named = set()
    for file in ("test_commands.py", "test_deployments_page.py", "test_tutorial.py"):
        for node in ast.walk(ast.parse((HERE / file).read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and str(node.value).endswith(".md"):
                named.add(node.value)
    return named


def to_be_run(page: Path) -> list[str]:
    return [one for block in commands_of(page) for one in block if is_for_here(one)]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_block_says_what_it_is(page):
    assert {block.language for block in blocks_of(page)} <= LANGUAGES


def test_every_page_with_commands_is_run():
    assert {name_of(page) for page in PAGES if to_be_run(page)} <= pages_run()


def test_programs_in_python_and_sql_stand_only_where_they_are_run():
    pages = {
        name_of(page)
        for page in PAGES
        for block in blocks_of(page)
        if block.language in {"python", "sql"}
    }
    assert pages == {"README.md", "docs/queries.md"}  # the second by tests/test_queries.py


def test_what_is_not_run_is_on_some_page():
    commands = [one for page in PAGES for block in commands_of(page) for one in block]
    left_out = [one for one in commands if not is_for_here(one)]
    assert len(left_out) < len(commands) / 2
    for start in NOT_HERE:
        assert any(start in one for one in left_out), start


@pytest.mark.parametrize(
    ("command", "runs"),
    [
        ("landmarks tag a --out b", True),
        ("/opt/landmarks-0.1.0/bin/pip install .", False),
        (".venv/bin/pip install x", False),
        ("/opt/landmarks/bin/prefect --no-prompt deploy --all", True),
        ("sudo -u landmarks /opt/landmarks/bin/landmarks tag", False),
        ("pipx run pip-audit", False),
    ],
)
def test_what_can_be_run(command, runs):
    assert is_for_here(command) == runs


def test_make_only_says_what_would_take_minutes():
    assert MAKE_SAYS.match("make bench BENCH=--quick")
    assert MAKE_SAYS.match("make demo PIP_ARGS=x")
    assert not MAKE_SAYS.match("make demo")
    assert not MAKE_SAYS.match("make .venv/.installed")


def test_the_makefile_sets_up_as_the_readme_does_by_hand():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert ".venv/bin/pip install -c constraints.txt -e ." in readme
    assert "pip install --quiet $(PIP_ARGS) -c constraints.txt -e ." in makefile
