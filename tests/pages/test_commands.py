"""The commands of the pages, run in their order as a person would type them.

docs/tutorial.md and deployments/README.md have tests of their own beside this one; docs/queries.md
is run by tests/test_queries.py, and docs/reference.md is compared with the program.
"""

import csv
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import fsspec
import pytest
import torch
from blocks import ROOT, blocks_of
from draw_library import draw_collection, draw_library
from stage import Page, Stage, make_stage
from torchvision.models import mobilenet_v2

pytestmark = [pytest.mark.orchestration, pytest.mark.timeout(1200)]

SETTLED_TAG = "Taj Mahal"


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory, s3_endpoint: str) -> Stage:
    """A clone, photos at home and in a bucket, and the backbone that was downloaded once."""
    folder = tmp_path_factory.mktemp("pages")
    stage = make_stage(folder, TORCH_HOME=str(folder / "torch"))
    photos = stage.home / "Pictures"
    draw_library(photos, scenes=6)
    draw_collection(stage.clone / "collection", each=4)
    (stage.clone / "PHOTOS").symlink_to("collection/landmarks")
    (stage.clone / "OTHERS").symlink_to("collection/others")
    put_into_bucket(photos, "bucket/archive", "photos/2026")
    put_into_bucket(photos, f"bucket/uploads/{datetime.now(UTC):%Y/%m/%d}")
    fsspec.filesystem("s3", skip_instance_cache=True).mkdir("tags")
    place_backbone(folder / "torch")
    return stage


def put_into_bucket(photos: Path, *places: str) -> None:
    store = fsspec.filesystem("s3", skip_instance_cache=True)
    for place in places:
        bucket = place.partition("/")[0]
        if not store.exists(bucket):
            store.mkdir(bucket)
        for number, photo in enumerate(sorted(photos.rglob("*.jpg"))[:4]):
            store.pipe_file(f"{place}/{number}.jpg", photo.read_bytes())


def place_backbone(torch_home: Path) -> None:
    """Put a network at random where torchvision keeps what it has downloaded."""
    place = torch_home / "hub" / "checkpoints"
    place.mkdir(parents=True)
    torch.manual_seed(3)
    torch.save(mobilenet_v2(weights=None).state_dict(), place / "mobilenet_v2-7ebf99e0.pth")


def settle_one(stage: Stage, out: str, file: str) -> None:
    """Write a spreadsheet in which a person has named one photo."""
    stage.shell(f"landmarks export {out} --format csv --to {file}")
    place = stage.clone / file
    with place.open(newline="", encoding="utf-8-sig") as opened:
        rows = list(csv.DictReader(opened))
    row = next(row for row in rows if row["status"] == "ok")
    row.update(person_decision="corrected", person_tag=SETTLED_TAG)
    with place.open("w", newline="", encoding="utf-8") as opened:
        writer = csv.DictWriter(opened, list(row))
        writer.writeheader()
        writer.writerows(rows)


def tag_home(stage: Stage, out: str = "tagged") -> None:
    """What a reader of any other page has done before: the README's first run."""
    if not (stage.clone / out).exists():
        stage.shell(f"landmarks tag ~/Pictures --out {out}")
        settle_one(stage, out, "settled.csv")
        stage.shell(f"landmarks import {out} settled.csv")


def test_readme(stage):
    page = Page(
        "README.md", stage,
        SOURCE="~/Pictures", OUT="tagged", FOLDER="by-landmark", FILE="decisions.csv",
        DATA="PHOTOS", MODEL_DIR="models", REPORT_DIR="report", MODEL="models",
    )  # fmt: skip
    page.run(until="landmarks find OUT")
    settle_one(stage, "tagged", "decisions.csv")
    stage.shell("landmarks import tagged decisions.csv")
    page.run(until="landmarks find tagged taj")
    page.run()
    assert len(list((stage.clone / "chosen").iterdir())) == 1
    assert (stage.clone / "by-landmark" / "index.html").exists()
    assert (stage.clone / "report" / "index.html").exists()
    (program,) = [one.text for one in blocks_of(ROOT / "README.md") if one.language == "python"]
    done = subprocess.run(
        [".venv/bin/python", "-c", program], cwd=stage.clone, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_looking(stage):
    tag_home(stage)
    page = Page("docs/looking.md", stage)
    page.run(until="jq")
    found = page.take()
    if subprocess.run(["which", "jq"], capture_output=True).returncode == 0:
        assert stage.shell(found.replace("Petra Jordan", SETTLED_TAG)).count("\n") == 1
    page.run()
    assert (stage.clone / "library.html").exists()


def test_sidecars(stage):
    tag_home(stage)
    page = Page("docs/sidecars.md", stage)
    page.run(until="landmarks export tagged --format xmp --undo")
    assert len(list(stage.home.rglob("Pictures/**/*.xmp"))) >= 1
    page.run()
    assert not list(stage.home.rglob("Pictures/**/*.xmp"))


def test_review(stage):
    tag_home(stage)
    Page("docs/review.md", stage, OUT="tagged").run()


def test_tables(stage):
    tag_home(stage, "compacted")
    Page("docs/tables.md", stage, OUT="compacted").run()


def test_buckets(stage):
    Page("docs/buckets.md", stage).run()
    assert fsspec.filesystem("s3").exists("tags/2026/tags")


def test_operations(stage):
    """The automations need a server; tests/pages/test_deployments_page.py has them."""
    page = Page("docs/operations.md", stage)
    page.run(until="python -m flows.automations install --block")
    page.take()
    page.run()


def test_security(stage):
    model = stage.clone / "landmark_core/model/starter/starter.pt"
    (stage.clone / "model.pt").symlink_to(model)
    page = Page("docs/security.md", stage)
    digest = stage.shell(page.take()).split()[0]
    page.values["<64 hex digits>"] = digest
    page.run()


def test_training(stage):
    page = Page("docs/training.md", stage)
    page.run(until="landmarks models list")
    for _ in range(2):  # a second version, so that there is one to go back from
        stage.shell("landmarks train PHOTOS --out models --negatives OTHERS --epochs 1 --seed 7")
    versions = sorted(path.name for path in (stage.clone / "models" / "versions").iterdir())
    page.values.update({"20261123": versions[0], "VERSION": versions[-1]})
    page.run()


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "benchmarks/README.md", "docs/upgrading.md"])
def test_what_make_is_told(stage, name):
    Page(name, stage).run()
