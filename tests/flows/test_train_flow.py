"""The training flow does what the command does, by a real Prefect engine and server."""

import base64
import gc
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import labelled_folder as drawn
import pandas
import pytest
import torch

from landmark_core.cli import main
from landmark_core.model import Registry

ROOT = Path(__file__).parents[2]

pytestmark = [
    pytest.mark.orchestration,
    pytest.mark.timeout(240),
    # Prefect's own client leaves connections to its server for the garbage collector.
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
]


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def prefect_server():
    from prefect.testing.utilities import prefect_test_harness

    with prefect_test_harness(server_startup_timeout=90):
        yield
    gc.collect()  # here, where the connections that Prefect left are let pass


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("labelled")
    drawn.draw_folder(folder)
    return folder


def options(folder: Path, out: Path, *more: str) -> list[str]:
    given = ["--negatives", str(folder / drawn.OTHERS), "--recipe", str(folder / "recipe.toml")]
    return [*given, "--out", str(out), "--workers", "0", "--device", "cpu", *more]


@pytest.fixture(scope="module")
def models(prefect_server, photos, tmp_path_factory):
    """One training by the command and one by the flow, with the same settings."""
    from flows.train import main as flow_main

    folder = tmp_path_factory.mktemp("models")
    by_command, by_flow = folder / "command", folder / "flow"
    quiet = "--no-progress"
    assert main(["train", str(photos / "data"), *options(photos, by_command, quiet)]) == 0
    assert flow_main(["--data", str(photos / "data"), *options(photos, by_flow, quiet)]) == 0
    return by_command, by_flow


def test_the_same_weights_metrics_and_decision_as_the_command(models):
    by_command, by_flow = (Registry(folder) for folder in models)
    one, two = by_command.champion(), by_flow.champion()
    assert one.record.metrics == two.record.metrics
    assert one.record.metrics["landmarks"] > 0
    mine, its = drawn.weights_of(one), drawn.weights_of(two)
    assert len(mine) > 20
    assert mine.keys() == its.keys()
    assert all(torch.equal(values, its[name]) for name, values in mine.items())
    assert [entry.reason for entry in by_command.history()] == [
        entry.reason for entry in by_flow.history()
    ]
    assert by_flow.history()[-1].by == "flow train-landmarks"


def test_artifacts_hold_the_data_report_the_figures_and_two_pictures(models):
    from prefect.artifacts import Artifact

    version = Registry(models[1]).champion()
    data, page = Artifact.get("training-data"), Artifact.get("trained-model")
    for name in drawn.SHAPES:
        assert name in data.data
    assert version.name in page.data
    assert f"| right tag, landmark photos | {100 * version.record.metrics['top1']:.1f} % |" in (
        page.data
    )
    pictures = re.findall(r"!\[(\w+)\]\(data:image/svg\+xml;base64,([^)]+)\)", page.data)
    assert [title for title, _ in pictures] == ["Reliability", "Training"]
    for _, encoded in pictures:
        assert ElementTree.fromstring(base64.b64decode(encoded)).tag.endswith("svg")
    assert len(page.data) < 400_000  # it lives in Prefect's database


def test_after_a_promotion_every_photo_is_tagged_again_and_then_none(models, photos, tmp_path):
    from flows.train import main as flow_main

    library = tmp_path / "library"
    for number in range(6):
        drawn.write_photo(library / f"{number}.jpg", number % 3, 500 + number)
    tag = ["tag", str(library), "--out", str(tmp_path / "out"), "--model", str(models[1])]
    tag += ["--workers", "0", "--no-progress"]

    def rows() -> pandas.DataFrame:
        assert main(tag) == 0
        return pandas.read_parquet(tmp_path / "out/tags")

    first = Registry(models[1]).champion()
    assert rows().model_id.tolist() == [first.model_id] * 6
    assert len(rows()) == 6
    trained = ["--data", str(photos / "data"), *options(photos, models[1], "--no-progress")]
    assert flow_main([*trained, "--seed", "2", "--promote", "never"]) == 0
    assert len(rows()) == 6  # a version that nobody promoted changes nothing
    assert Registry(models[1]).champion().name == first.name
    newest = Registry(models[1]).versions()[-1]
    promote = ["models", "promote", str(models[1]), newest.name, "--force", "--reason", "by hand"]
    assert main(promote) == 0
    table = rows()
    assert len(table) == 12
    assert (table.model_id == newest.model_id).sum() == 6
    assert table[table.model_id == newest.model_id].uri.is_unique
    assert len(rows()) == 12


def test_photos_that_cannot_be_learnt_from_are_one_line_and_exit_code_2(prefect_server, tmp_path):
    from prefect.settings import get_current_settings

    drawn.draw_folder(tmp_path, each=1, others=2)
    command = [sys.executable, "-m", "flows.train", "--data", str(tmp_path / "data")]
    done = subprocess.run(
        [*command, *options(tmp_path, tmp_path / "models")],
        cwd=ROOT,
        env={**os.environ, "PREFECT_API_URL": str(get_current_settings().api.url)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith("landmarks: class 'Arch' has 1 photo")
    assert not (tmp_path / "models" / "versions").exists()
