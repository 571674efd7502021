"""Whatever people do in whichever order: the log, the tables and a plain model say the same."""

import random
import shutil
from datetime import UTC, datetime, timedelta

import pandas
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from landmark_core.cli import main
from landmark_core.dataset.reviewed import read_reviewed
from landmark_core.review.catalogue import open_catalogue
from landmark_core.review.decisions import Choice, DecisionLog
from landmark_core.review.past import summarise_out
from landmark_core.review.standing import version_of_item
from landmark_core.review.ulid import Ulids
from landmark_core.tables import Store, current_tags, status_counts

pytestmark = pytest.mark.orchestration  # whole programs

START = datetime(2026, 11, 24, tzinfo=UTC)
PHOTOS = 4

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["tag", "tag", "not_a_landmark", "skip", "undo"]),
        st.integers(0, 1),  # which server
        st.sampled_from(["ann", "bob"]),
        st.sets(st.integers(0, PHOTOS - 1), min_size=1, max_size=3),
        st.sampled_from(["Dome", "Arch", "Old mill"]),
    ),
    max_size=12,
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(STEPS)
def test_log_tables_and_a_plain_model_agree(tagged_out, tmp_path_factory, steps):
    out = tmp_path_factory.mktemp("agree") / "out"
    shutil.copytree(tagged_out / "tags", out / "tags")
    store, now = Store(str(out)), [START]
    with open_catalogue(store, ()) as catalogue:
        items = [catalogue.item(number) for number in range(PHOTOS)]
    logs = [DecisionLog(store, clock=lambda: now[0], rng=random.Random(n)) for n in range(2)]
    for log in logs:
        log.load()
    ulids = Ulids(random.Random(9))
    actions = []  # the plain model: [reviewer, photos, answer, tag, stands]
    for answer, which, reviewer, photos, tag in steps:
        now[0] += timedelta(seconds=1)
        log = logs[which]
        log.refresh()
        if answer == "undo":
            undone = log.undo(ulids.new(now[0]), reviewer, None, uri_of=lambda _: "x")
            mine = [one for one in actions if one[0] == reviewer and one[4]]
            assert (undone is not None) == bool(mine)
            if mine:
                mine[-1][4] = False
            continue
        said = tag if answer == "tag" else None
        log.decide(
            ulids.new(now[0]),
            reviewer,
            [
                Choice(item=items[n], answer=answer, tag=said, seconds=None, shown_by=None)
                for n in photos
            ],
        )
        actions.append([reviewer, photos, answer, said, True])

    status = status_counts(store)
    plain = _plain_counts(actions)
    assert (status.reviewed, status.skipped, status.disagreements) == plain
    rows = pandas.concat([batch.to_pandas() for batch in current_tags(store)]).set_index("photo_id")
    for log in [*logs, fresh := DecisionLog(store, clock=lambda: now[0], rng=random.Random(5))]:
        log.load() if log is fresh else log.refresh()
        for number, item in enumerate(items):
            mine = [one for one in actions if number in one[1] and one[4]]
            settling = [one for one in mine if one[2] != "skip"]
            stands = log.photo(item.ref.photo_id, version_of_item(item))
            row = rows.loc[item.ref.photo_id]
            if not settling:
                assert stands.settled is None
                assert row.settled_by != "person"
            else:
                assert stands.settled.tag == settling[-1][3]
                assert row.settled_by == "person"
                assert (None if pandas.isna(row.final_tag) else row.final_tag) == settling[-1][3]
                assert row.reviewer == settling[-1][0]
            assert (stands.skipped is not None) == (bool(mine) and mine[-1][2] == "skip")
            newest = {one[0]: (one[2], one[3]) for one in settling}
            assert stands.disagree == (len(set(newest.values())) > 1)


def _plain_counts(actions):
    """Count settled, skipped and disputed photos by going through all that stands."""
    settled = skipped = disputed = 0
    for number in range(PHOTOS):
        mine = [one for one in actions if number in one[1] and one[4]]
        words = {one[0]: (one[2], one[3]) for one in mine if one[2] != "skip"}
        settled += bool(words)
        skipped += bool(mine) and mine[-1][2] == "skip"
        disputed += len(set(words.values())) > 1
    return settled, skipped, disputed


def test_a_bucket_keeps_decisions_and_serves_its_page(s3_endpoint, tagged_out, start_review):
    import fsspec
    import httpx

    bucket = "s3://review-bucket"
    files = fsspec.filesystem("s3")
    files.mkdir(bucket)
    files.put(f"{tagged_out}/", f"{bucket}/out", recursive=True)
    out = f"{bucket}/out"
    server = start_review(out)
    ulids = Ulids(random.Random(1))
    with httpx.Client(base_url=server.url, timeout=30) as client:
        answer = client.get("/api/view", params={"reviewer": "ann"})
        assert answer.status_code == 200, answer.text
        items = answer.json()["items"]
        for item in items[:3]:
            body = {
                "action_id": ulids.new(START),
                "reviewer": "ann",
                "verdict": "tag",
                "tag": "Dome",
                "photos": [{"photo_id": item["photo_id"], "version": item["version"]}],
            }
            assert client.post("/api/decisions", json=body).status_code == 200
        heatmap = client.get(f"/heatmaps/{items[0]['photo_id']}")
        assert heatmap.headers["content-type"] == "image/jpeg"
        server.process.kill()
    assert summarise_out(Store(out)).photos == 3
    rows = pandas.concat([batch.to_pandas() for batch in current_tags(Store(out))])
    assert (rows.settled_by == "person").sum() == 3


def test_a_later_machine_run_leaves_a_persons_decision(tagged_out, tmp_path):
    out = tmp_path / "out"
    shutil.copytree(tagged_out, out)
    store = Store(str(out))
    log = DecisionLog(store, clock=lambda: datetime.now(UTC), rng=random.Random(1))
    log.load()
    with open_catalogue(store, ()) as catalogue:
        item = catalogue.item(0)
    choice = Choice(item=item, answer="tag", tag="Old mill", seconds=2.0, shown_by="margin")
    log.decide(Ulids(random.Random(2)).new(START), "ann", [choice])
    photos = str(tagged_out.parent / "photos")
    # Another model, that of the package: everything is tagged again, later.
    assert main(["tag", photos, "--out", str(out), "--no-progress", "--workers", "1"]) == 0
    rows = pandas.concat([batch.to_pandas() for batch in current_tags(store)]).set_index("photo_id")
    row = rows.loc[item.ref.photo_id]
    assert (row.final_tag, row.settled_by, row.reviewer) == ("Old mill", "person", "ann")
    assert row.model_id != item.model_id


def test_decisions_become_labels_for_training(tagged_out, tmp_path):
    out = tmp_path / "out"
    shutil.copytree(tagged_out / "tags", out / "tags")
    store = Store(str(out))
    log = DecisionLog(store, clock=lambda: datetime.now(UTC), rng=random.Random(1))
    log.load()
    with open_catalogue(store, ()) as catalogue:
        items = [catalogue.item(number) for number in range(4)]
    ulids = Ulids(random.Random(2))
    answers = (("tag", "Old mill"), ("not_a_landmark", None), ("skip", None), ("tag", "Dome"))
    for item, (answer, tag) in zip(items, answers, strict=True):
        choice = Choice(item=item, answer=answer, tag=tag, seconds=1.0, shown_by="margin")
        log.decide(ulids.new(START), "ann", [choice])
    log.undo(ulids.new(START), "ann", None, uri_of=lambda photo_id: items[3].ref.uri)
    learned = {photo.ref.photo_id: (photo.tag, photo.digest) for photo in read_reviewed(str(out))}
    assert learned == {
        items[0].ref.photo_id: ("Old mill", items[0].content_sha256),
        items[1].ref.photo_id: (None, items[1].content_sha256),
    }


@pytest.mark.slow
def test_a_million_decisions_load_in_seconds(tmp_path):
    import resource
    import time

    from landmark_core.records import PhotoRef, Prediction, ReviewItem, TagScore

    store = Store(str(tmp_path))
    clock = iter(START + timedelta(seconds=n) for n in range(10_000_000))
    log = DecisionLog(store, clock=lambda: next(clock), rng=random.Random(1))
    ulids = Ulids(random.Random(2))

    def choice(number):
        ref = PhotoRef(
            photo_id=f"{number:032x}",
            uri=f"/p/{number}.jpg",
            location="",
            size_bytes=number,
            modified_us=number,
            etag=None,
        )
        prediction = Prediction(
            decision="review",
            tags=(TagScore(tag="Dome", confidence=0.5),),
            margin=0.1,
            entropy=1.0,
            energy=None,
        )
        item = ReviewItem(
            ref=ref,
            content_sha256=None,
            width=1,
            height=1,
            prediction=prediction,
            has_heatmap=False,
            model_id="m",
            run_id="r",
            tagged_at=START,
        )
        return Choice(item=item, answer="tag", tag="Dome", seconds=1.0, shown_by=None)

    for first in range(0, 1_000_000, 500):
        log.decide(ulids.new(START), "ann", [choice(n) for n in range(first, first + 500)])
    begin = time.perf_counter()
    fresh = DecisionLog(store, clock=lambda: START, rng=random.Random(3))
    assert fresh.load() == 1_000_000
    print(f"load {time.perf_counter() - begin:.1f} s")
    times = []
    for number in range(100):
        begin = time.perf_counter()
        fresh.decide(ulids.new(START), "bob", [choice(number)])
        times.append(time.perf_counter() - begin)
    print(f"decide {1000 * sorted(times)[50]:.1f} ms")
    print(f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB, both logs")
