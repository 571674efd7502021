"""The mutator itself: which changes it makes; weak tests let them live and strong ones do not."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from mutate import draw
from mutating.sites import compile_changed, describe, find_sites

SCRIPT = Path(__file__).parents[2] / "scripts" / "mutate.py"


def changes(source: str, *functions: str) -> list[str]:
    tree = ast.parse(source)
    before = ast.dump(tree)
    found = [" -> ".join(describe(site)) for site in find_sites(tree, frozenset(functions))]
    assert ast.dump(tree) == before
    return found


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x = a < b", ["a < b -> a <= b", "a < b -> a >= b"]),
        ("x = a == b", ["a == b -> a != b"]),
        ("x = a and b", ["a and b -> a or b"]),
        ("x = a + 2", ["a + 2 -> a - 2", "2 -> 3", "2 -> 1"]),
        ("x = 0.5", ["0.5 -> 1.5", "0.5 -> 0.25"]),
        ("x = -y", ["-y -> y"]),
        ("x = True", ["True -> False"]),
        ("x = y['status']", ["'status' -> 'XXstatus'"]),
        ("x = b'RIFF'", ["b'RIFF' -> b'XXRIFF'"]),
        ("x = min(a, b)", ["min -> max"]),
        ("x = p.any()", ["p.any -> p.all"]),
        ("if a:\n  b()", ["a -> not a", "b() -> pass"]),
        ("x = [a for a in b if a]", ["a -> not a"]),
        ("self.a = b", ["self.a = b -> pass"]),
        ("def f():\n  return a", ["return a -> return None"]),
        ("def f():\n  raise E('key', 1)", ["raise E('key', 1) -> pass"]),
        ("for a in b:\n  break", ["break -> continue"]),
    ],
)
def test_changes_by_hand(source, expected):
    assert changes(source) == expected


@pytest.mark.parametrize(
    "source",
    [
        '"""A word."""',
        "x = 'a text for people'",
        "x = f'{a + 1} left' + ' over'",
        "logger.info('photos', 3)",
        "assert a < 3",
        "def f(a: 'Key' = None) -> 'Key': ...",
        "x: Literal['a', 'b']",
        "X = Literal['a', 'b']",
        "__slots__ = ('a', 'b')",
        "if TYPE_CHECKING:\n  import a",
        "x = zip(a, b, strict=True)",
        "@dataclass(frozen=True)\nclass A: ...",
    ],
)
def test_what_only_says_something_stays(source):
    assert changes(source) == []


def test_chosen_functions_alone_are_changed():
    source = "def f():\n  return 1\n\ndef g():\n  return 5\n"
    assert changes(source, "g") == ["return 5 -> return None", "5 -> 6", "5 -> 4"]


def test_a_change_is_compiled_and_the_tree_stays():
    tree = ast.parse("x = 2 + 3")
    (swap,) = (site for site in find_sites(tree) if describe(site)[1] == "2 - 3")
    values: dict[str, int] = {}
    exec(compile_changed(tree, swap, "x.py"), values)
    assert values["x"] == -1
    assert ast.unparse(tree) == "x = 2 + 3"


MODULE = """
LEAST = 3
TABLE = [make for make in (lambda n: n * 2,)]


def is_enough(count: int, *, least: int = LEAST) -> bool:
    return count >= least


def drain(items: list[int]) -> None:
    while items:
        items.pop()
"""
WEAK = """
from weak import TABLE, drain, is_enough

def test_all():
    assert is_enough(9) and not is_enough(0)
    assert TABLE[0](2) == 4
    drain(items := [1])
    assert not items
"""
STRONG = f"""{WEAK.replace("weak", "strong")}
def test_borders():
    assert is_enough(3) and not is_enough(2)
"""


def mutate(folder: Path, **tests: str) -> "subprocess.CompletedProcess[str]":
    """Run the script over a module for each name, with these tests."""
    entries = []
    for name, text in tests.items():
        (folder / f"{name}.py").write_text(MODULE)
        (folder / f"test_{name}.py").write_text(text)
        entries.append(f'[[module]]\npath = "{name}.py"\ntests = ["test_{name}.py"]\n')
    (folder / "table.toml").write_text("".join(entries))
    command = [sys.executable, str(SCRIPT), "--table", "table.toml"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=100)


@pytest.mark.orchestration  # whole programs
def test_weak_tests_leave_survivors_strong_ones_none_and_what_hangs_is_killed(tmp_path):
    done = mutate(tmp_path, weak=WEAK, strong=STRONG)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "weak.py:2: 3 -> 4",
        "weak.py:2: 3 -> 2",
        "weak.py:7: count >= least -> count > least",
        "| module | mutants | tried | killed | score |",
        "|---|---:|---:|---:|---:|",
        "| weak.py | 10 | 10 | 7 | 70% |",
        "| strong.py | 10 | 10 | 10 | 100% |",
        "| all | 20 | 20 | 17 | 85% |",
    ]
    assert (tmp_path / "weak.py").read_text() == MODULE


def test_tests_that_fail_by_themselves_are_no_measure(tmp_path):
    done = mutate(tmp_path, red="import red\n\ndef test_it():\n    assert not red.LEAST\n")
    assert done.returncode == 1
    assert "the tests of red do not pass as they are" in done.stderr


def test_a_draw_is_of_so_many_in_their_order_and_repeats():
    sites = find_sites(ast.parse("x = [1, 2, 3, 4, 5]"))
    drawn = draw(sites, 4, "seed")
    assert drawn == draw(sites, 4, "seed") != draw(sites, 4, "another")
    assert [site for site in sites if site in drawn] == drawn
    assert len(drawn) == 4
    assert draw(sites, None, "seed") == draw(sites, 99, "seed") == sites
