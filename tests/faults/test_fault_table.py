"""Every fault of the table, at every point where a run touches the outside: the promised ending."""

import shutil
from collections import Counter
from pathlib import Path

import pandas
import pytest
from fault_table import TAG, Point, to_markdown
from injector import Fault
from promises import BROKEN, PHOTOS, check_complete, check_readers, check_words
from scenes import Theatre, tag_arguments

CODES = {"unharmed": 0, "row": 0, "left out": 0, "stopped": 1, "refused": 2, "killed": -9}
CELLS = [
    pytest.param(point, fault, ending, id=f"{point.name}-{kind}".replace(" ", "_"))
    for point in TAG
    for kind, (fault, ending) in zip(point.endings, point.faults(), strict=True)
]
SAMPLE = CELLS[::5]


@pytest.fixture(scope="session")
def begun(theatre: Theatre, few_photos, tiny_model, tmp_path_factory) -> Path:
    """An OUT in which one shard is done already and a killed run left something behind."""
    out = tmp_path_factory.mktemp("begun") / "out"
    more = ["--limit", "2"]
    ending = theatre.play("command", *tag_arguments(few_photos, out, tiny_model, *more))
    assert ending.code == 0, ending.stderr
    (out / "tags/run=20200101T000000Z-000000").mkdir()
    (out / "tags/run=20200101T000000Z-000000/.part-0.parquet.0123abcd.tmp").write_bytes(b"half")
    return out


@pytest.mark.orchestration  # whole commands
@pytest.mark.parametrize(("point", "fault", "promised"), SAMPLE)
def test_a_fault_ends_as_promised(point, fault, promised, theatre, begun, few_photos, tiny_model,
                                  tmp_path):  # fmt: skip
    check_cell(point, fault, promised, theatre, begun, few_photos, tiny_model, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(("point", "fault", "promised"), CELLS)
def test_every_fault_ends_as_promised(point, fault, promised, theatre, begun, few_photos,
                                      tiny_model, tmp_path):  # fmt: skip
    check_cell(point, fault, promised, theatre, begun, few_photos, tiny_model, tmp_path)


def check_cell(
    point: Point,
    fault: Fault,
    promised: str,
    theatre: Theatre,
    begun: Path,
    photos: Path,
    model: Path,
    tmp_path: Path,
) -> None:
    """Run with the fault, look at what is there, run again, look again."""
    out = shutil.copytree(begun, tmp_path / "out")
    before = names_below(out)
    arguments = tag_arguments(photos, out, model)
    ending = theatre.play("command", *arguments, fault=fault)
    assert ending.code == CODES[promised], ending.stderr
    check_words(ending, promised)
    check_readers(out)
    if promised == "refused":
        assert {name for name in names_below(out) - before if "runs/" not in name} == set()
    rows = pandas.read_parquet(out / "tags")
    hit = Counter(rows.status)["ok"]
    if promised == "row":
        assert len(rows) == PHOTOS
        assert hit == PHOTOS - BROKEN - 1
    if promised == "unharmed":
        assert len(rows) == PHOTOS
        assert hit == PHOTOS - BROKEN
    if promised == "left out":
        assert len(rows) == PHOTOS - 4
    again = theatre.play("command", *arguments, "--retry-failed")
    assert again.code == 0, again.stderr
    check_complete(out)


def names_below(out: Path) -> set[str]:
    return {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}


def test_the_documented_table_is_the_tested_one():
    page = (Path(__file__).parents[2] / "docs/reliability.md").read_text(encoding="utf-8")
    assert to_markdown() in page, "print it with: python tests/faults/fault_table.py"
