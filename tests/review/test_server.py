"""The review server over real HTTP: what it answers, and what it refuses."""

import json
import random
import shutil
import signal
import socket
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import httpx
import pandas
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from landmark_core.cli import main
from landmark_core.review.server import last_part
from landmark_core.review.ulid import Ulids

ULIDS = Ulids(random.Random(3))


def new_id() -> str:
    return ULIDS.new(datetime(2026, 11, 24, tzinfo=UTC))


@pytest.fixture
def server(start_review, review_out):
    return start_review(review_out)


@pytest.fixture
def client(server):
    with httpx.Client(base_url=server.url, timeout=20) as client:
        yield client


@pytest.fixture(scope="module")
def calm(tagged_out, tmp_path_factory, start_for_all):
    """A server, its client and its OUT for tests that write nothing."""
    out = shutil.copytree(tagged_out, tmp_path_factory.mktemp("calm") / "out")
    server = start_for_all(out)
    with httpx.Client(base_url=server.url, timeout=20) as client:
        yield client, out


def items_of(client, **parameters):
    answer = client.get("/api/view", params={"reviewer": "ann", **parameters})
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


def decide(client, items, verdict="tag", tag="Dome", **changes):
    body = {
        "action_id": new_id(),
        "reviewer": "ann",
        "verdict": verdict,
        "tag": tag if verdict == "tag" else None,
        "seconds": 1.5,
        "shown_by": "margin",
        "photos": [{"photo_id": one["photo_id"], "version": one["version"]} for one in items],
    } | changes
    return client.post("/api/decisions", json=body)


def rows_in(out):
    parts = sorted((out / "reviews").glob("*.parquet")) if (out / "reviews").exists() else []
    return pandas.concat([pandas.read_parquet(part) for part in parts]) if parts else []


def test_a_decision_is_a_row_when_it_is_answered(client, review_out):
    first, second, *_ = items_of(client)
    answer = decide(client, [first, second], seconds=3.0).json()
    assert answer["saved"] == 2
    assert [item["settled"]["tag"] for item in answer["items"]] == ["Dome", "Dome"]
    rows = rows_in(review_out)
    assert set(rows.photo_id) == {first["photo_id"], second["photo_id"]}
    assert rows.action_id.nunique() == 1
    assert rows.seconds.tolist() == [1.5, 1.5]
    assert rows.model_tag.tolist() == [item["model"]["tags"][0]["tag"] for item in (first, second)]


def test_current_tags_follow_and_undo_takes_back(client, review_out, capsys):
    (first, *_) = items_of(client)
    action = decide(client, [first], tag="A tag of ours").json()["items"][0]["settled"]["action_id"]
    assert main(["status", str(review_out), "--json"]) == 0
    status = json.loads(capsys.readouterr().out)
    assert (status["reviewed"], status["tags"]["A tag of ours"]) == (1, 1)
    body = {"action_id": new_id(), "reviewer": "ann", "undoes": None}
    undone = client.post("/api/undo", json=body).json()
    assert undone["undone"]["action_id"] == action
    assert undone["items"][0]["settled"] is None
    assert client.post("/api/undo", json=body).json()["undone"]["action_id"] == action  # sent again
    assert main(["status", str(review_out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["reviewed"] == 0


def test_a_tag_takes_the_spelling_that_is_there(client, review_out):
    first, second, third, *_ = items_of(client)
    known = first["model"]["tags"][0]["tag"]
    decide(client, [first], tag=f" {known.upper()}!")
    decide(client, [second], tag="São Paulo")
    answer = decide(client, [third], tag="sao-paulo").json()
    assert answer["items"][0]["settled"]["tag"] == "São Paulo"
    rows = rows_in(review_out)
    assert sorted(rows.tag) == sorted([known, "São Paulo", "São Paulo"])
    by_photo = rows.set_index("photo_id").decision
    assert by_photo[first["photo_id"]] == "accepted"  # what the model had said, in other letters


def test_a_skipped_photo_waits_here_as_in_the_status(client, review_out, capsys):
    def counts():
        return client.get("/api/progress", params={"reviewer": "ann"}).json()

    before = counts()
    first, second, third, *_ = items_of(client)
    decide(client, [first, second], verdict="skip")
    decide(client, [third])
    decide(client, [third], tag="Arch")  # a second word on the same photo
    after = counts()
    assert (after["waiting"], after["unasked"]) == (before["waiting"] - 1, before["waiting"] - 3)
    assert (after["skipped"], after["settled"], after["mine_today"]) == (2, 1, 1)
    assert main(["status", str(review_out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["review"] == after["waiting"]
    total = client.get("/api/view", params={"reviewer": "ann"}).json()["total"]
    assert total == after["unasked"]


def test_the_same_action_sent_twice_is_one_row(client, review_out):
    (first, *_) = items_of(client)
    action_id = new_id()
    for _ in range(3):
        assert decide(client, [first], action_id=action_id).json()["saved"] == 1
    assert len(rows_in(review_out)) == 1


def test_two_people_disagree_and_both_words_are_kept(client):
    (first, *_) = items_of(client)
    decide(client, [first], tag="Dome", reviewer="ann")
    decide(client, [first], tag="Arch", reviewer="bob")
    (item,) = items_of(client, state="disagree")
    assert item["disagree"]
    assert {(o["reviewer"], o["tag"]) for o in item["opinions"]} == {
        ("ann", "Dome"),
        ("bob", "Arch"),
    }
    assert item["settled"]["tag"] == "Arch"
    assert client.get("/api/progress", params={"reviewer": "bob"}).json()["disagreements"] == 1


def test_two_servers_on_one_out_lose_nothing(client, start_review, review_out):
    other = start_review(review_out)
    items = items_of(client)
    with httpx.Client(base_url=other.url, timeout=20) as second:
        for number, item in enumerate(items):
            assert decide(client if number % 2 else second, [item]).status_code == 200
    rows = rows_in(review_out)
    assert sorted(rows.photo_id) == sorted(item["photo_id"] for item in items)
    assert len(list((review_out / "reviews").glob("*.parquet"))) == 2


def test_a_view_stays_as_it_is_while_it_is_worked_through(client):
    view = client.get("/api/view", params={"reviewer": "ann"}).json()
    ids = [item["photo_id"] for item in view["items"]]
    decide(client, view["items"][:5])
    again = client.get(f"/api/view/{view['view']}/items", params={"offset": 0, "count": 20}).json()
    assert [item["photo_id"] for item in again["items"]] == ids
    assert again["total"] == view["total"]
    fresh = client.get("/api/view", params={"reviewer": "ann"}).json()
    assert fresh["total"] == view["total"] - 5


def test_filters_choose(calm):
    client, _ = calm
    everything = items_of(client, state="all")
    (first, *_) = everything
    tag = first["model"]["tags"][0]["tag"]
    chosen = client.get("/api/view", params={"reviewer": "ann", "tag": tag}).json()
    assert chosen["total"] > 0
    assert all(item["model"]["tags"][0]["tag"] == tag for item in chosen["items"])
    nothing = {"tag": "never heard of"}, {"run": "no run"}, {"until": "1971-01-01"}
    for parameters in nothing:
        assert items_of(client, **parameters) == []
    assert items_of(client, since="1971-01-01")


def test_the_tag_of_a_filter_is_meant_as_landmarks_find_means_it(client):
    def view(tag: str):
        return client.get(
            "/api/view", params={"reviewer": "ann", "state": "all", "tag": tag}
        ).json()

    first, second, third, *_ = items_of(client)
    decide(client, [first], tag="Hagia Sophia")
    decide(client, [second], tag="Old Mill")
    decide(client, [third], tag="Old Tower")
    for typed in ("Hagia Sophia", "HAGIA SOPHIA", "hagia_sophia", "hagia", "Hagia Sofia"):
        found = view(typed)
        assert (found["total"], found["tag"], found["no_tag"]) == (1, "Hagia Sophia", None), typed
    several, none = view("old"), view("Hagxx Sopxxa")
    assert (several["total"], several["tag"]) == (none["total"], none["tag"]) == (0, None)
    assert several["no_tag"] == (
        "several tags fit 'old': Old Mill, Old Tower; write more of the name"
    )
    assert "the nearest tags: Hagia Sophia" in none["no_tag"]
    assert view("")["no_tag"]


def test_the_title_has_the_name_of_the_folder_and_the_path_on_hover(calm):
    client, out = calm
    for address in ("/", "/summary"):
        title = f'<span class="out" title="{out}">{out.name}</span>'
        assert title in client.get(address).text


@pytest.mark.parametrize(
    ("out", "name"),
    [("/a/b", "b"), ("/a/b/", "b"), ("s3://a/b", "b"), ("/", "/"), ("/a/\u202eb", "\\u202eb")],
)
def test_a_folder_is_known_by_its_last_part(out, name):
    assert last_part(out) == name


def test_orders_differ_and_each_is_the_same_again(calm):
    client, _ = calm
    orders = {}
    for order in ("margin", "entropy", "confidence", "surprise", "diverse", "newest"):
        once, again = (
            [item["photo_id"] for item in items_of(client, order=order)] for _ in range(2)
        )
        # Diverse goes by look-alikes, which are still being found.
        assert once == again or order == "diverse"
        orders[order] = tuple(once)
    assert len(set(orders.values())) > 3
    margins = [item["model"]["margin"] for item in items_of(client, order="margin")]
    assert margins == sorted(margins)


@pytest.mark.parametrize(("size", "side"), [("thumb", 320), ("screen", 1600), ("full", 4096)])
def test_pictures_are_made_anew_and_carry_no_metadata(calm, size, side):
    client, _ = calm
    (first, *_) = items_of(client)
    answer = client.get(f"/photos/{first['photo_id']}/{size}", params={"v": first["version"]})
    assert answer.headers["content-type"] == "image/jpeg"
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    image = Image.open(BytesIO(answer.content))
    assert max(image.size) <= side
    assert not image.getexif()


def test_a_heatmap_covers_the_whole_photo(calm):
    client, _ = calm
    for item in items_of(client)[:5]:
        assert item["heatmap"]
        answer = client.get(f"/heatmaps/{item['photo_id']}", params={"v": item["version"]})
        width, height = Image.open(BytesIO(answer.content)).size
        assert width / height == pytest.approx(item["width"] / item["height"], rel=0.02)


def test_a_photo_that_changed_is_said_to_have(client, review_out):
    (first, *_) = items_of(client)
    table = pandas.read_parquet(review_out / "tags")
    uri = table[table.photo_id == first["photo_id"]].uri.item()
    before = Path(uri).read_bytes()
    try:
        Image.new("RGB", (640, 480), "red").save(uri, "JPEG")
        answer = client.get(f"/photos/{first['photo_id']}/screen", params={"v": first["version"]})
        assert answer.headers["x-photo-changed"] == "1"
    finally:
        Path(uri).write_bytes(before)


@pytest.mark.parametrize(
    "path",
    [
        "/photos/../../../etc/passwd/screen",
        "/photos/%2e%2e%2f%2e%2e%2fetc%2fpasswd/screen",
        "/photos/..%5c..%5cboot.ini/screen",
        "/photos//etc/passwd/screen",
        "/photos/%00/screen",
        "/heatmaps/..%2f..%2fruns",
        "/heatmaps/" + "f" * 32,
        "/static/..%2fserver.py",
        "/static/../server.py",
        "/static/review.html",
        "/static/%2e%2e/%2e%2e/pyproject.toml",
        "/photos/" + "f" * 32 + "/screen",
        "/photos/" + "F" * 32 + "/screen",
        "/docs",
        "/openapi.json",
    ],
)
def test_no_path_of_a_request_reaches_a_file(calm, path):
    # By hand: a proper client would tidy the path up before it is sent.
    host, port = calm[0].base_url.host, calm[0].base_url.port
    with socket.create_connection((host, port), timeout=10) as connection:
        request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n"
        connection.sendall(request.encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    status = int(answer.split(b" ", 2)[1])
    assert status in (400, 404, 422), answer[:200]
    assert b"root:" not in answer
    assert b"import" not in answer


@pytest.mark.parametrize(
    ("headers", "status", "kind"),
    [
        pytest.param({"origin": "http://evil.example"}, 403, "origin", id="another-site"),
        pytest.param({"sec-fetch-site": "cross-site"}, 403, "origin", id="fetch-metadata"),
        pytest.param({"origin": "null"}, 403, "origin", id="sandboxed-frame"),
        pytest.param({"host": "evil.example"}, 403, "host", id="rebound-name"),
        pytest.param(
            {"content-type": "text/plain"}, 415, "content-type", id="form-of-another-site"
        ),
        pytest.param({"content-type": ""}, 415, "content-type", id="no-type"),
    ],
)
def test_writes_from_elsewhere_are_refused(calm, headers, status, kind):
    client, out = calm
    (first, *_) = items_of(client)
    photos = [{"photo_id": first["photo_id"], "version": first["version"]}]
    body = {"action_id": new_id(), "reviewer": "ann", "verdict": "skip", "photos": photos}
    sent = {"content-type": "application/json", **headers}
    answer = client.post("/api/decisions", content=json.dumps(body), headers=sent)
    assert (answer.status_code, answer.json()["kind"]) == (status, kind)
    assert len(rows_in(out)) == 0


def test_every_refusal_arrives(calm):
    """Closed over an unread body, 4 connections of 100 were reset and took the answer along."""
    client, _ = calm
    sent = {"content-type": "application/json", "origin": "http://evil.example"}
    for _ in range(200):
        with httpx.Client(base_url=client.base_url, timeout=20) as another:
            another.get("/api/progress", params={"reviewer": "ann"})
            assert (
                another.post("/api/decisions", content=b"{}" * 100, headers=sent).status_code == 403
            )


@pytest.mark.parametrize("chunked", [False, True], ids=["stated", "chunked"])
def test_a_body_that_is_too_large_is_refused(calm, chunked):
    client, out = calm
    body = b'{"reviewer": "' + b"a" * 300_000 + b'"}'
    content = iter([body[:1000], body[1000:]]) if chunked else body
    answer = client.post(
        "/api/decisions", content=content, headers={"content-type": "application/json"}
    )
    assert (answer.status_code, answer.json()["kind"]) == (413, "body")
    assert len(rows_in(out)) == 0


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"action_id": "short"}, "action_id"),
        ({"action_id": "Z" * 26}, "action_id"),
        ({"reviewer": ""}, "reviewer"),
        ({"reviewer": "a" * 65}, "reviewer"),
        ({"reviewer": "a\nb"}, "reviewer"),
        ({"reviewer": "\u202egnp"}, "reviewer"),
        ({"verdict": "delete"}, "verdict"),
        ({"tag": None}, "tag"),
        ({"tag": "a" * 201}, "tag"),
        ({"tag": "   "}, "tag"),
        ({"tag": "a\x00b"}, "tag"),
        ({"seconds": -1}, "seconds"),
        ({"seconds": "2"}, "seconds"),
        ({"shown_by": "chance"}, "shown_by"),
        ({"photos": []}, "photos"),
        ({"photos": [{"photo_id": "f" * 32, "version": "0" * 16}] * 2}, "each photo once"),
        (
            {"photos": [{"photo_id": f"{n:032x}", "version": "0" * 16} for n in range(501)]},
            "photos",
        ),
        ({"photos": [{"photo_id": "../x", "version": "0" * 16}]}, "photo_id"),
        ({"further": 1}, "further"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_written(calm, changes, named):
    client, out = calm
    answer = decide(client, items_of(client)[:1], **changes)
    assert (answer.status_code, answer.json()["kind"]) == (422, "request")
    assert named in answer.json()["error"]
    assert "\n" not in answer.json()["error"]
    assert len(rows_in(out)) == 0


def test_a_photo_that_is_not_the_one_seen_is_not_decided(client, review_out):
    (first, *_) = items_of(client)
    stale = decide(client, [{**first, "version": "0" * 16}])
    assert (stale.status_code, stale.json()["kind"]) == (409, "changed")
    unknown = decide(client, [{**first, "photo_id": "f" * 32}])
    assert (unknown.status_code, unknown.json()["kind"]) == (404, "no_photo")
    assert len(rows_in(review_out)) == 0


@pytest.mark.parametrize(
    "parameters",
    [
        {"order": "chance"},
        {"state": "secret"},
        {"since": "yesterday"},
        {"since": "0001-01-01"},
        {"until": "9999-12-31"},
        {"tag": "a" * 300},
        {"reviewer": ""},
    ],
    ids=str,
)
def test_odd_questions_get_one_line(calm, parameters):
    client, _ = calm
    answer = client.get("/api/view", params={"reviewer": "ann", **parameters})
    assert answer.status_code in (200, 422)
    if answer.status_code == 422:
        assert "\n" not in answer.json()["error"]


def test_every_answer_carries_the_policy(calm):
    client, _ = calm
    for path in ("/", "/summary", "/static/main.js", "/api/tags", "/nothing"):
        headers = client.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert "access-control-allow-origin" not in headers


def test_another_host_needs_the_token_that_is_printed(start_review, review_out):
    server = start_review(review_out, "--host", "0.0.0.0")
    token = server.url.partition("?token=")[2]
    assert len(token) > 20
    port = server.url.partition("?")[0].rstrip("/").rpartition(":")[2]
    address = f"http://127.0.0.1:{port}"
    with httpx.Client(base_url=address, timeout=20) as client:
        for path in ("/", "/api/tags", "/static/main.js", "/photos/" + "f" * 32 + "/thumb"):
            assert client.get(path).status_code == 401
        assert client.get("/", params={"token": "wrong"}).status_code == 401
        entered = client.get("/", params={"token": token})
        assert entered.status_code == 303
        assert "HttpOnly" in entered.headers["set-cookie"]
        assert client.get("/").status_code == 200  # the cookie is kept
    headers = {"authorization": f"Bearer {token}"}
    assert httpx.get(f"{address}/api/tags", headers=headers).status_code == 200


def hostile(kind: str) -> pa.Table:
    columns = {"decision_id": ["x"], "photo_id": ["y"]}
    if kind == "types":
        columns = {"decision_id": [1], "photo_id": [2.5]}
    return pa.table(columns)


@pytest.mark.parametrize("folder", ["tags/run=x", "reviews"])
@pytest.mark.parametrize("kind", ["columns", "types", "bytes"])
def test_an_out_with_a_hostile_parquet_is_refused_in_one_line(review_out, folder, kind, capsys):
    path = review_out / folder / "part-0.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind == "bytes":
        path.write_bytes(b"PAR1" + bytes(100) + b"PAR1")
    else:
        pq.write_table(hostile(kind), path)
    assert main(["review", str(review_out), "--no-browser"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "part-0.parquet" in line


@pytest.mark.parametrize(
    ("column", "value", "named"),
    [
        ("photo_id", "../../etc/passwd", "photo_id"),
        ("photo_id", "f" * 31 + "\n", "photo_id"),
        ("decision", "<script>", "decision"),
    ],
)
def test_an_out_with_hostile_values_is_refused_in_one_line(
    review_out, column, value, named, capsys
):
    (part,) = sorted((review_out / "tags").rglob("*.parquet"))[:1]
    with part.open("rb") as file:
        table = pq.ParquetFile(file).read()
    place = table.column_names.index(column)
    values = [value, *table[column].to_pylist()[1:]]
    first_ok = next(n for n, status in enumerate(table["status"].to_pylist()) if status == "ok")
    values[first_ok] = value
    table = table.set_column(place, table.schema.field(column), pa.array(values, pa.string()))
    pq.write_table(table, part)
    assert main(["review", str(review_out), "--no-browser"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert named in line


def test_rows_that_point_elsewhere_do_not_make_the_server_ask_there(start_review, review_out):
    (part,) = sorted((review_out / "tags").rglob("*.parquet"))[:1]
    with part.open("rb") as file:
        table = pq.ParquetFile(file).read()
    asked = socket.create_server(("127.0.0.1", 0))
    address = f"http://127.0.0.1:{asked.getsockname()[1]}/x.jpg"
    uris = pa.array([address] * len(table), pa.string())
    place = table.column_names.index("uri")
    pq.write_table(table.set_column(place, table.schema.field("uri"), uris), part)
    server = start_review(review_out)
    with httpx.Client(base_url=server.url, timeout=20) as client, asked:
        (first, *_) = items_of(client)
        answer = client.get(f"/photos/{first['photo_id']}/screen")
        assert (answer.status_code, answer.json()["kind"]) == (404, "unreadable")
        asked.settimeout(1.0)
        with pytest.raises(TimeoutError):
            asked.accept()


def test_a_full_place_is_said_and_the_decision_can_be_sent_again(client, review_out):
    (first, *_) = items_of(client)
    (review_out / "reviews").write_text("a file stands where the folder should be")
    action_id = new_id()
    answer = decide(client, [first], action_id=action_id)
    assert (answer.status_code, answer.json()["kind"]) == (503, "not_saved")
    assert items_of(client)[0]["settled"] is None
    (review_out / "reviews").unlink()
    assert decide(client, [first], action_id=action_id).json()["saved"] == 1
    assert len(rows_in(review_out)) == 1


def test_decisions_outlive_a_killed_server(start_review, review_out):
    server = start_review(review_out)
    with httpx.Client(base_url=server.url, timeout=20) as client:
        items = items_of(client)
        for item in items:
            assert decide(client, [item]).status_code == 200
        server.process.kill()
        server.process.wait()
    again = start_review(review_out)
    with httpx.Client(base_url=again.url, timeout=20) as client:
        assert client.get("/api/progress", params={"reviewer": "ann"}).json()["settled"] == len(
            items
        )
    assert sorted(rows_in(review_out).photo_id) == sorted(item["photo_id"] for item in items)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "terminate"])
def test_the_server_ends_well(server, number):
    assert httpx.get(server.url).status_code == 200
    server.process.send_signal(number)
    assert server.process.wait(timeout=10) == 0
    assert server.process.stderr.read() == ""


def test_a_port_in_use_is_named(server, review_out, capsys):
    port = server.url.rstrip("/").rpartition(":")[2]
    assert main(["review", str(review_out), "--no-browser", "--port", port]) == 2
    assert f"port {port}" in capsys.readouterr().err


def test_an_empty_out_is_refused(tmp_path, capsys):
    assert main(["review", str(tmp_path), "--no-browser"]) == 2
    assert "nothing was tagged" in capsys.readouterr().err


def test_the_summary_is_printed_and_shown(client, review_out, capsys):
    items = items_of(client)
    for item in items[:3]:
        decide(client, [item], tag=item["model"]["tags"][0]["tag"])
    decide(client, [items[3]], "not_a_landmark")
    assert "not a landmark" in client.get("/summary").text
    assert main(["review", str(review_out), "--summary", "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert (summary["photos"], summary["right"]["count"], summary["not_landmarks"]) == (4, 3, 1)
    assert main(["review", str(review_out), "--summary"]) == 0
    assert "3 of 4" in capsys.readouterr().out
