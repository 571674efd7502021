"""Sidecars of whole libraries: which are made, changed, removed, and which are left alone."""

import os
import shutil
import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pandas
import pytest
from library_out import counts, export, later, out_of, place
from samples import DARKTABLE, DIGIKAM, LIGHTROOM, read
from small_out import People

from landmark_core.errors import ConfigError, RunError
from landmark_core.model import read_packaged_models
from landmark_core.sidecars import local_folder, parents
from landmark_core.tables import Store


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    return folder


def state(folder: Path) -> dict[str, tuple[bytes, int, int]]:
    return {
        str(path.relative_to(folder)): (
            path.read_bytes(),
            path.stat().st_mtime_ns,
            path.stat().st_mode,
        )
        for path in folder.rglob("*")
        if path.is_file()
    }


def subjects(path: Path) -> list[str]:
    return read(path.read_bytes()).keywords["subject"]


def test_made_then_nothing_to_do_then_undone(tmp_path, photos):
    rows = [place(photos, f"{n}.jpg") for n in range(40)]
    before = state(photos)
    store = out_of(tmp_path, rows)
    assert counts(export(store)) == {"made": 40}
    assert subjects(photos / "3.jpg.xmp") == ["Taj Mahal"]
    made = state(photos)
    assert {name: one for name, one in made.items() if name in before} == before
    assert counts(export(store)) == {"unchanged": 40}
    assert state(photos) == made
    assert counts(export(store, undo=True)) == {"removed": 40}
    assert state(photos) == before


def test_only_what_was_settled_goes_out_unless_asked(tmp_path, photos):
    rows = [
        place(photos, "tagged.jpg"),
        place(photos, "unsure.jpg", decision="review", tag="Petra"),
        place(photos, "none.jpg", decision="no_landmark"),
        place(photos, "broken.jpg", decision=None),
    ]
    store = out_of(tmp_path, rows)
    assert counts(export(store)) == {"made": 1}
    assert counts(export(store, below_review=True)) == {"made": 1, "unchanged": 1}
    assert subjects(photos / "unsure.jpg.xmp") == ["Petra"]
    assert counts(export(store)) == {"unchanged": 1, "removed": 1}
    assert sorted(path.name for path in photos.glob("*.xmp")) == ["tagged.jpg.xmp"]


def test_what_people_said_counts(tmp_path, photos):
    row = place(photos, "a.jpg", decision="review", tag="Petra")
    store = out_of(tmp_path, [row])
    people = People(store)
    people.say("Ann", row, "tag", "Rome")
    export(store)
    own = read((photos / "a.jpg.xmp").read_bytes()).own
    assert (own["tag"], own["by"], own["reviewer"]) == ("Rome", "person", "Ann")
    (decided_at,) = pandas.read_parquet(tmp_path / "out/reviews").decided_at
    assert own["date"] == f"{decided_at:%Y-%m-%dT%H:%M:%SZ}"
    assert own["confidence"] == "0.1250"  # the model's in what the person says
    people.say("Ann", row, "not_a_landmark")
    assert counts(export(store)) == {"removed": 1}


def test_a_later_run_changes_its_own_tag_alone(tmp_path, photos):
    row = place(photos, "a.jpg")
    (photos / "a.jpg.xmp").write_bytes(DIGIKAM)
    store = out_of(tmp_path, [row])
    assert counts(export(store)) == {"changed": 1}
    assert subjects(photos / "a.jpg.xmp") == ["Agra", "Été & vacances", "Taj Mahal"]
    out_of(tmp_path, [later(row, tag="Petra")], run="run1")
    assert counts(export(store)) == {"changed": 1}
    assert subjects(photos / "a.jpg.xmp") == ["Agra", "Été & vacances", "Petra"]
    out_of(
        tmp_path,
        [
            replace(
                later(row, decision="no_landmark"), tagged_at=later(row).tagged_at.replace(hour=5)
            )
        ],
        run="run2",
    )
    assert counts(export(store)) == {"changed": 1}
    assert (photos / "a.jpg.xmp").read_bytes() == DIGIKAM


def test_a_dry_run_writes_nothing_and_says_what_would_be(tmp_path, photos):
    rows = [place(photos, "a.jpg"), place(photos, "b.jpg")]
    (photos / "b.jpg.xmp").write_bytes(DARKTABLE)
    before = state(photos)
    assert counts(export(out_of(tmp_path, rows), is_dry=True)) == {"made": 1, "changed": 1}
    assert state(photos) == before


def test_mode_is_kept_and_a_new_one_follows_the_umask(tmp_path, photos):
    rows = [place(photos, "a.jpg"), place(photos, "b.jpg")]
    (photos / "a.jpg.xmp").write_bytes(LIGHTROOM)
    (photos / "a.jpg.xmp").chmod(0o640)
    old = os.umask(0o027)
    try:
        export(out_of(tmp_path, rows))
    finally:
        os.umask(old)
    assert stat.S_IMODE((photos / "a.jpg.xmp").stat().st_mode) == 0o640
    assert stat.S_IMODE((photos / "b.jpg.xmp").stat().st_mode) == 0o640


def test_endings_in_capitals_are_the_same_sidecar(tmp_path, photos):
    (photos / "a.jpg.XMP").write_bytes(LIGHTROOM)
    store = out_of(tmp_path, [place(photos, "a.jpg")])
    assert counts(export(store)) == {"changed": 1}
    assert not (photos / "a.jpg.xmp").exists()
    export(store, undo=True)
    assert (photos / "a.jpg.XMP").read_bytes() == LIGHTROOM


def test_names_with_odd_bytes(tmp_path, photos):
    odd = [b"caf\xe9.jpg", b"line\nbreak.jpg", "Ünïcode ☃.jpg".encode(), b"...jpg", b"x\\xe9.jpg"]
    rows = [place(photos, os.fsdecode(name)) for name in odd]
    store = out_of(tmp_path, rows)
    assert counts(export(store)) == {"made": len(odd)}
    names = {os.fsencode(path.name) for path in photos.iterdir()}
    assert names == {*odd, *(name + b".xmp" for name in odd)}
    assert counts(export(store, undo=True)) == {"removed": len(odd)}


def test_a_name_that_leaves_no_room_for_an_ending_is_left_alone(tmp_path, photos):
    rows = [place(photos, "n" * 252 + ".jpg"[:3]), place(photos, "a.jpg")]
    report = export(out_of(tmp_path, rows))
    assert counts(report) == {"made": 1, "left_alone": 1}
    assert report.reasons[0][0] == "the sidecar cannot be written: File name too long"


def test_photos_that_share_a_stem_share_a_sidecar(tmp_path, photos):
    rows = [
        place(photos, "a.jpg", confidence=0.75),
        place(photos, "b.jpg"),
        place(photos, "a.raw", decision=None),
        place(photos, "b.heic", tag="Petra", confidence=0.984375),
    ]
    store = out_of(tmp_path, rows)
    report = export(store, naming="stem")
    assert counts(report) == {"made": 2}
    assert (report.disagreements, report.disagreeing) == (1, (f"{photos}/b.xmp",))
    assert subjects(photos / "a.xmp") == ["Taj Mahal"]
    assert subjects(photos / "b.xmp") == ["Petra"]
    assert counts(export(store, naming="stem")) == {"unchanged": 2}
    People(store).say("Ann", rows[1], "tag", "Rome")  # a person before the surest
    export(store, naming="stem")
    assert subjects(photos / "b.xmp") == ["Rome"]
    assert counts(export(store, undo=True)) == {"removed": 2}


def test_beside_a_sidecar_of_the_other_naming(tmp_path, photos):
    (photos / "a.xmp").write_bytes(LIGHTROOM)
    report = export(out_of(tmp_path, [place(photos, "a.jpg")]))
    assert (report.made, report.beside_others) == (1, 1)
    assert (photos / "a.xmp").read_bytes() == LIGHTROOM


def test_photos_that_are_gone_or_changed_are_left_alone(tmp_path, photos):
    rows = [place(photos, "gone.jpg"), place(photos, "changed.jpg"), place(photos, "a.jpg")]
    store = out_of(tmp_path, rows)
    (photos / "gone.jpg").unlink()
    (photos / "changed.jpg").write_bytes(b"another photo")
    report = export(store)
    assert counts(report) == {"made": 1, "left_alone": 2}
    assert [(reason, count) for reason, count, _ in report.reasons] == [
        ("the photo has changed since it was tagged", 1),
        ("the photo is gone", 1),
    ]
    assert sorted(path.name for path in photos.glob("*.xmp")) == ["a.jpg.xmp"]


def test_undo_reaches_photos_that_are_gone(tmp_path, photos):
    store = out_of(tmp_path, [place(photos, "a.jpg")])
    export(store)
    (photos / "a.jpg").unlink()
    assert counts(export(store, undo=True)) == {"removed": 1}


def test_links_within_the_folder_are_followed_and_others_left_alone(tmp_path, photos):
    inside, outside = photos / "real.xmp", tmp_path / "elsewhere.xmp"
    for path in (inside, outside):
        path.write_bytes(LIGHTROOM)
    (photos / "a.jpg.xmp").symlink_to("real.xmp")
    (photos / "b.jpg.xmp").symlink_to(outside)
    (photos / "c.jpg.xmp").symlink_to("nowhere.xmp")
    rows = [place(photos, name) for name in ("a.jpg", "b.jpg", "c.jpg")]
    store = out_of(tmp_path, rows)
    report = export(store)
    assert counts(report) == {"changed": 1, "left_alone": 2}
    assert (photos / "a.jpg.xmp").is_symlink()
    assert subjects(inside)[-1] == "Taj Mahal"
    assert outside.read_bytes() == LIGHTROOM
    export(store, undo=True)
    assert inside.read_bytes() == LIGHTROOM


def test_what_is_no_plain_file_is_left_alone(tmp_path, photos):
    os.mkfifo(photos / "a.jpg.xmp")
    (photos / "b.jpg.xmp").mkdir()
    rows = [place(photos, "a.jpg"), place(photos, "b.jpg")]
    assert counts(export(out_of(tmp_path, rows))) == {"left_alone": 2}


def test_a_folder_that_cannot_be_written_is_left_alone(tmp_path, photos, monkeypatch):
    def refuse(*_arguments, **_options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(local_folder, "_write_all", refuse)
    report = export(out_of(tmp_path, [place(photos, "a.jpg")]))
    assert report.reasons[0][:2] == ("the sidecar cannot be written: Permission denied", 1)
    assert [path.name for path in photos.iterdir()] == ["a.jpg"]


def test_a_full_disk_stops_the_export(tmp_path, photos, monkeypatch):
    store = out_of(tmp_path, [place(photos, "a.jpg")])

    def refuse(*_arguments, **_options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(local_folder, "_write_all", refuse)
    with pytest.raises(RunError, match=r"no room for .*a\.jpg\.xmp"):
        export(store)
    assert [path.name for path in photos.iterdir()] == ["a.jpg"]


@pytest.mark.parametrize("there", [None, DARKTABLE], ids=["new", "merged"])
@pytest.mark.parametrize("times", [1, 9], ids=["once", "always"])
def test_a_sidecar_that_changes_meanwhile_is_not_overwritten(
    tmp_path, photos, monkeypatch, there, times
):
    """Another program saves right before the rename: its bytes count, and ours go into them."""
    path = photos / "a.jpg.xmp"
    if there:
        path.write_bytes(there)
    store = out_of(tmp_path, [place(photos, "a.jpg")])
    plain, left = local_folder._write_all, [times]

    def write(handle, data):
        plain(handle, data)
        if left[0]:
            left[0] -= 1
            path.write_bytes(LIGHTROOM + b" " * left[0])

    monkeypatch.setattr(local_folder, "_write_all", write)
    report = export(store)
    if times == 1:
        assert counts(report) == {"changed": 1}
        assert subjects(path) == ["Agra", "India", "Taj Mahal"]
    else:
        assert counts(report) == {"left_alone": 1}
        assert report.reasons[0][0] == "the sidecar was changed by others at the same time"
        assert path.read_bytes().rstrip(b" ") == LIGHTROOM
    assert not list(photos.glob(".*"))


def test_countries_and_cities_come_from_the_models_card(tmp_path, photos):
    starter = read_packaged_models()[0]
    row = replace(place(photos, "a.jpg", tag="Hagia Sophia"), model_id=starter.model_id)
    other = replace(place(photos, "b.jpg", tag="Dome Of The Rock"), model_id=starter.model_id)
    export(out_of(tmp_path, [row, other]))
    found = read((photos / "a.jpg.xmp").read_bytes())
    assert found.keywords == {
        "subject": ["Hagia Sophia"],
        "hierarchy": ["Landmarks|Turkey|Istanbul|Hagia Sophia"],
        "tags": ["Landmarks/Turkey/Istanbul/Hagia Sophia"],
    }
    assert found.own["model"] == starter.card.name
    city_alone = read((photos / "b.jpg.xmp").read_bytes()).keywords["hierarchy"]
    assert city_alone == ["Landmarks|Jerusalem|Dome Of The Rock"]


def test_where_a_run_found_its_model(tmp_path, photos, monkeypatch):
    starter = read_packaged_models()[0]
    shutil.copy(starter.path, tmp_path / "mine.pt")
    monkeypatch.setattr(parents, "read_packaged_models", tuple)  # it could be anybody's
    row = replace(place(photos, "a.jpg", tag="Petra Jordan"), model_id=starter.model_id)
    rome = replace(place(photos, "b.jpg", tag="Colosseum Rome"), model_id="another")
    store = out_of(tmp_path, [row, rome])
    model = {"model_id": starter.model_id, "name": "mine"}
    said = {"model": model, "settings": {"model": str(tmp_path / "mine.pt")}}
    store.write_run("20261123T000000Z-000000", said)
    for number, gone in enumerate(["/nowhere.pt", "s3://nowhere/mine.pt", "/dev/zero"]):
        said["settings"]["model"] = gone
        store.write_run(f"20261124T000000Z-00000{number}", said)
    export(store)
    found = read((photos / "a.jpg.xmp").read_bytes())
    assert found.own["model"] == "mine"
    assert found.keywords["hierarchy"] == ["Landmarks|Jordan|Wadi Musa|Petra Jordan"]
    # A model that is not found: another that knows the tag says where it stands.
    found = read((photos / "b.jpg.xmp").read_bytes())
    assert found.keywords["hierarchy"] == ["Landmarks|Italy|Rome|Colosseum Rome"]
    assert "model" not in found.own


def test_an_out_of_nothing_is_one_line(tmp_path):
    with pytest.raises(ConfigError, match="nothing was tagged"):
        export(Store(str(tmp_path)))


def test_each_photo_counts_once_though_undo_looks_under_both_names(tmp_path, photos):
    rows = [place(photos, name) for name in ("a.jpg", "a.png", "b")]
    store = out_of(tmp_path, rows)
    assert export(store, naming="stem").photos == 3
    report = export(store, undo=True)
    assert (report.photos, report.removed) == (3, 2)


def test_two_exports_at_once_end_well(tmp_path, photos):
    rows = [place(photos, f"{n}.jpg") for n in range(34)]
    for number in range(0, 34, 2):
        (photos / f"{number}.jpg.xmp").write_bytes(DIGIKAM)
    store = out_of(tmp_path, rows)
    with ThreadPoolExecutor(2) as pool:
        reports = list(pool.map(lambda _: export(store), range(2)))
    done = [report.made + report.changed for report in reports]
    assert sum(done) + sum(report.left_alone for report in reports) >= 34
    export(store)  # what one left to the other
    assert counts(export(store)) == {"unchanged": 34}
    assert not list(photos.glob(".*"))
    export(store, undo=True)
    assert {path.read_bytes() for path in photos.glob("*.xmp")} == {DIGIKAM}
