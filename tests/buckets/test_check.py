"""`landmarks check`: every step tried for real; what is missing is said, with what to type."""

import json

import pytest
from faulty_proxy import Request, Rule

from landmark_core import cli
from landmark_core.checking import check_out, check_places

# Stores and proxies of their own take a while to start; `test_bucket_library` is in every run.
pytestmark = pytest.mark.orchestration


def of(method: str, mark: str = ""):
    return lambda request: request.method == method and mark in request.path


def is_listing(request: Request) -> bool:
    marks = ("list-type=2", "comp=list", "/o?")
    return request.method == "GET" and any(mark in request.path for mark in marks)


def failed(store, *rules: Rule):
    store.direct.pipe_file(f"{store.name}/photos/a.jpg", b"\xff\xd8\xff")
    store.proxy.reset(*rules)
    checks = [*check_places(f"{store.url}/photos", f"{store.url}/out")]
    return [(one.step, one.said, one.advice) for one in checks if not one.ok]


@pytest.mark.parametrize("store", ["s3", "az"], indirect=True)
def test_all_is_well_and_nothing_is_left(store):
    store.direct.pipe_file(f"{store.name}/photos/a.jpg", b"\xff\xd8\xff")
    checks = [*check_places(f"{store.url}/photos", f"{store.url}/out")]
    assert [(one.step, one.ok) for one in checks] == [
        (step, True) for step in ("open", "list", "read", "write", "read back", "create", "remove")
    ], checks
    assert store.direct.find(store.name) == [f"{store.name}/photos/a.jpg"]


def test_a_store_that_looks_at_no_conditions_is_named(gs):
    """As the emulator of Google's store; Google's own does look at them."""
    ((step, said, _),) = failed(gs)
    assert (step, "start one at a time" in said) == ("create", True)


@pytest.mark.parametrize(
    ("rule", "step", "advice"),
    [
        pytest.param(Rule("denied", matches=is_listing), "open", "s3:ListBucket", id="list"),
        pytest.param(
            Rule("denied", matches=lambda r: r.is_object and "a.jpg" in r.path),
            *("read", "s3:GetObject"),
            id="read",
        ),
        pytest.param(Rule("denied", matches=of("PUT")), "write", "s3:PutObject", id="write"),
        pytest.param(Rule("denied", matches=of("DELETE")), "remove", "s3:DeleteObject", id="rm"),
        pytest.param(Rule("expired"), "open", "AWS_ACCESS_KEY_ID", id="expired"),
        pytest.param(Rule("elsewhere"), "open", "AWS_DEFAULT_REGION", id="other-region"),
    ],
)
def test_what_is_missing_is_named(s3, rule, step, advice):
    found = failed(s3, rule)
    assert found[0][0] == step
    assert advice in found[0][2]
    assert all("secret" not in f"{said} {advice}" for _, said, advice in found)


def test_a_bucket_that_is_not_there_and_an_endpoint_that_is_not_there(
    s3, other_clients, monkeypatch, tmp_path
):
    (missing,) = [one for one in check_out("s3://no-such-bucket-here/out") if not one.ok][:1]
    assert "aws s3 mb s3://no-such-bucket-here" in missing.advice
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    type(s3.direct).clear_instance_cache()
    (first, *_) = check_places(f"{s3.url}/photos", str(tmp_path))
    assert (first.ok, first.said.endswith("no connection")) == (False, True)
    assert "AWS_ENDPOINT_URL (now http://127.0.0.1:9)" in first.advice


def test_the_command_prints_a_line_for_each_step(tmp_path, capsys):
    (tmp_path / "a.jpg").write_bytes(b"\xff\xd8\xff")
    arguments = ["check", str(tmp_path), "--out", str(tmp_path / "out")]
    assert cli.main(arguments) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line[0] for line in lines] == ["✓"] * 7
    (tmp_path / "a.jpg").unlink()
    assert cli.main([*arguments, "--json"]) == 2
    answer = json.loads(capsys.readouterr().out)
    assert (answer["ok"], answer["checks"][1]["said"]) == (False, "no photos among 0 files")
