"""What Prefect's page is given, read back from a real server: small, current, unbroken by names."""

import base64
import re
from dataclasses import replace

import pytest
from prefect import flow

from flows import artifacts as shown
from flows.alerts import library_id
from flows.publish import publish_finished
from flows.rules import OUR_FLOWS
from landmark_core.config import TagConfig
from landmark_core.gallery import Example, Gallery
from landmark_core.report import Counts, Failure
from landmark_core.tagging import tag_library

pytestmark = [
    pytest.mark.timeout(240),
    # Prefect's own client leaves connections to its server for the garbage collector.
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
]


# A server takes longer to start than all the rest.
needs_server = pytest.mark.orchestration


@pytest.fixture(scope="module")
def prefect_server():
    from prefect.testing.utilities import prefect_test_harness

    with prefect_test_harness(server_startup_timeout=90):
        yield


@pytest.fixture(scope="module")
def summary(drawn_library, tiny_model, tmp_path_factory):
    out = tmp_path_factory.mktemp("artifacts") / "out"
    return tag_library(
        TagConfig(source=str(drawn_library), out=str(out), model=str(tiny_model), workers=0)
    )


def artifact(key):
    from prefect.artifacts import Artifact

    found = Artifact.get(key)
    assert found is not None, key
    return found


@needs_server
def test_a_finished_run_has_all_its_artifacts(prefect_server, summary):
    out = summary.settings["out"]

    @flow(name="tag-library")
    def publish():
        return publish_finished(summary, out)

    publish()
    assert "| tagged |" in artifact("tag-library").data
    assert '"kind": "corrupt"' in artifact("run-failures").data
    for tag, _ in summary.tags:
        assert f'"tag": "{tag}"' in artifact("run-tags").data
    assert f"{summary.counts.photos} photos tonight, beside 0 nights" in artifact("nights").data
    gallery = artifact("gallery").data
    assert f"{out}/runs/{summary.run_id}.html" in gallery
    assert gallery.count("data:image/jpeg;base64,") >= 6
    for key in ("tag-library", "run-failures", "run-tags", "nights", "gallery"):
        assert len(artifact(key).data) < 150_000


@needs_server
def test_progress_is_updated_now_and_then_and_at_the_end(prefect_server, monkeypatch):
    seconds = [0.0]
    seen = []
    real = shown.update_progress_artifact

    def update(**values):
        seen.append(values["progress"])
        return real(**values)

    monkeypatch.setattr(shown, "update_progress_artifact", update)

    @flow(name="tag-library")
    def run():
        progress = shown.RunProgress("r1", shards=40, photos=400, clock=lambda: seconds[0])
        for number in range(1, 41):
            seconds[0] = float(number)
            progress.finished(number, 10 * number)

    run()
    assert seen == [12.5, 25.0, 37.5, 50.0, 62.5, 75.0, 87.5, 100.0]
    assert artifact("run-progress").data == 100.0
    assert artifact("run-progress").description == (
        "400 of 400 photos, 40 of 40 shards, run r1, 10.0 photos/s"
    )


@needs_server
def test_a_server_that_is_away_does_not_end_the_run(prefect_server, monkeypatch, caplog):
    import httpx

    def away(**_values):
        raise httpx.ConnectError("no route")

    monkeypatch.setattr(shown, "update_progress_artifact", away)

    @flow(name="tag-library")
    def run():
        shown.RunProgress("r1", shards=1, photos=3).finished(1, 3)

    run()
    assert "the progress cannot be shown: no route" in caplog.text


def test_tables_of_a_run_without_anything_say_none(summary):
    nothing = replace(summary, counts=Counts(), tags=(), failures=())
    assert shown.failure_rows(nothing) == [
        {"kind": "none", "photos": "0", "for example": "", "why": ""}
    ]
    assert shown.tag_rows(nothing)[0]["tag"] == "none"


def test_every_failure_that_the_report_names_is_a_row(summary):
    source = summary.settings["source"]
    failures = (
        Failure(status="corrupt", uri="/p/a\nb", error="cut"),
        Failure(status="fetch_error", uri=f"{source}/day/c", error="gone"),
    )
    counts = Counts(photos=1300, corrupt=1200, fetch_error=100)
    assert shown.failure_rows(replace(summary, counts=counts, failures=failures)) == [
        {"kind": "corrupt", "photos": "1,200", "for example": "/p/a\\nb", "why": "cut"},
        {"kind": "fetch_error", "photos": "100", "for example": "day/c", "why": "gone"},
    ]


@pytest.mark.parametrize(
    ("out", "link"),
    [
        pytest.param("/srv/my (tags)", "file:///srv/my%20%28tags%29/runs/r1.html", id="folder"),
        pytest.param("s3://bucket/tags/", "s3://bucket/tags/runs/r1.html", id="bucket"),
        pytest.param("s3://b/a) b", "s3://b/a%29%20b/runs/r1.html", id="odd-bucket"),
    ],
)
def test_the_gallerys_link_is_whole(out, link):
    example = Example(
        uri="/p/a", decision="review", tag="A | *B*", confidence=0.5, jpeg=b"j", width=1, height=1
    )
    text = shown.gallery_to_markdown(Gallery(name="runs/r1.html", examples=(example,)), out)
    assert re.search(r"\[[^]]+\]\(([^)]+)\)", text)[1] == link
    picture = base64.b64encode(b"j").decode()
    cell = f"![](data:image/jpeg;base64,{picture})<br>A \\| \\*B\\* 50 %"
    assert text.splitlines()[-1] == f"|   | {cell} |   |"


def test_a_library_has_one_resource_id():
    # printf %s tagged | sha256sum
    assert library_id("tagged") == "landmarks.library.2ea11021a75a"
    assert library_id("tagged") != library_id("tagged2")


def test_the_rules_know_every_flow_of_ours():
    import importlib
    from pathlib import Path

    from prefect import Flow

    found = set()
    for path in (Path(__file__).parents[2] / "flows").glob("*.py"):
        module = importlib.import_module(f"flows.{path.stem}")
        found |= {value.name for value in vars(module).values() if isinstance(value, Flow)}
    assert found <= set(OUR_FLOWS)
