"""The import rule of ARCHITECTURE.md, read from the source so that it stays true."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CORE = ROOT / "landmark_core"
LAYERS = (
    {"__init__"},
    {"errors", "protocols", "backoff", "addresses", "json_text", "number_text"},
    {"since"},
    {"records"},
    {"config"},
    {"report"},
    {"report_time"},
    {"report_text", "report_json", "library", "model", "tables"},
    {
        "paper",
        "model_text",
        "compaction_text",
        "drift",
        "nights",
        "night_charts",
        "nights_text",
        "finding",
        "dashboard",
        "past_nights",
        "gallery",
    },
    {"tagging", "checking", "album"},
    {"backfill"},
    {"judging"},
    {"dataset"},
    {"training", "review"},
    {"export"},
    {"sidecars"},
    {"cli"},
)
RANK = {name: rank for rank, layer in enumerate(LAYERS) for name in layer}
PURE = (
    "errors",
    "addresses",
    "json_text",
    "number_text",
    "backoff",
    "records",
    "config",
    "protocols",
    "since",
    *("library.dates", "library.own_places"),
    "report",
    "report_time",
    "report_text",
    "report_json",
    "paper",
    "album.atlas",
    *("dashboard.bars", "dashboard.months", "dashboard.charts", "dashboard.text"),
    *("drift", "nights", "night_charts", "nights_text"),
    "backfill.estimate",
    "backfill.grouping",
    "model.card",
    "model.card_json",
    "model.preprocess",
    "tables.content",
    "tables.names",
    "tables.schema",
    "tagging.predict",
    "finding.letters",
    *("review.queue", "review.groups", "review.summary", "review.summary_text", "review.interval"),
    *("review.standing", "review.said", "review.ulid", "review.words", "review.refusals"),
    *("sidecars.elements", "sidecars.packet", "sidecars.splice", "sidecars.keywords"),
    *("sidecars.memory", "sidecars.block", "sidecars.strip", "sidecars.merge"),
    *("sidecars.found", "sidecars.wishes", "sidecars.outcome", "sidecars.sidecar_text"),
)
OUTSIDE = {"duckdb", "fsspec", "os", "pathlib", "shutil", "socket", "subprocess", "tempfile"}
MODULES = sorted(
    ".".join(path.relative_to(CORE).with_suffix("").parts) for path in CORE.rglob("*.py")
)


def imported(path: Path) -> set[str]:
    """Full names that a module imports; `from a import b` counts as a.b."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def source_of(module: str) -> Path:
    return CORE.joinpath(*module.split(".")).with_suffix(".py")


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_down_and_through_the_front_door(module):
    room = module.split(".")[0]
    assert room in RANK, f"give {room} a layer"
    for name in imported(source_of(module)):
        package, *rest = name.split(".")
        assert package not in {"prefect", "flows"}
        if package != "landmark_core" or not rest:
            continue
        target = rest[0] if rest[0] in RANK else "__init__"  # a name of landmark_core itself
        assert RANK[target] <= RANK[room], f"{module} may not import {name}"
        if target != room and (CORE / target).is_dir():
            inner = CORE / target / f"{rest[1]}.py" if len(rest) > 1 else None
            assert not (inner and inner.exists()), f"{module}: import {name} through {target}"


@pytest.mark.parametrize("module", PURE)
def test_pure_modules_stay_away_from_files_and_network(module):
    packages = {name.split(".")[0] for name in imported(source_of(module))}
    assert not packages & OUTSIDE


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        pytest.param(
            "import landmark_core.tagging.lending", {"prefect"}, id="tagging-needs-no-prefect"
        ),
        pytest.param(
            "import landmark_core.cli as c; c.build_parser()",
            {"prefect", "torch", "pyarrow", "pandas", "duckdb"},
            id="help-without-anything-heavy",
        ),
        pytest.param(
            "import landmark_core.tables, landmark_core.library, landmark_core.model",
            {"prefect", "torch", "torchvision"},
            id="planning-without-torch",
        ),
    ],
)
def test_what_an_import_does_not_bring(statement, absent):
    code = f"{statement}\nimport sys\nprint(*(name.split('.')[0] for name in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert not absent & set(done.stdout.split())
