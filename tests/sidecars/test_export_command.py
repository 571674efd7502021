"""`landmarks export --format xmp`: what it prints, and which options go together."""

import json
from pathlib import Path

import pytest
from library_out import out_of, place
from samples import DARKTABLE, SAMPLES

from landmark_core.cli import main


@pytest.fixture
def library(tmp_path):
    photos = tmp_path / "photos"
    photos.mkdir()
    rows = [place(photos, f"{name}.jpg") for name in ("a", "b", "c")]
    (photos / "b.jpg.xmp").write_bytes(SAMPLES["lightroom"])
    (photos / "c.jpg.xmp").write_bytes(DARKTABLE[:-30])
    return photos, Path(out_of(tmp_path, rows).out)


def test_what_a_person_reads(library, capsys):
    photos, out = library
    assert main(["export", str(out), "--format", "xmp"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "3 photos"
    assert "1  sidecar made" in said[1]
    assert "1  left alone:" in said[6]
    assert "is no well-formed XML, for example" in said[7]
    assert str(photos / "c.jpg.xmp") in said[7]


def test_one_json_object(library, capsys):
    _, out = library
    assert main(["export", str(out), "--format", "xmp", "--json", "--threads", "2"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["photos"], said["made"], said["changed"], said["left_alone"]) == (3, 1, 1, 1)
    assert said["reasons"][0]["reason"] == "the sidecar is no well-formed XML"
    assert said["dry_run"] is False


def test_a_dry_run_is_a_diff(library, capsys):
    photos, out = library
    assert main(["export", str(out), "--format", "xmp", "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert f"--- {photos}/b.jpg.xmp\n+++ {photos}/b.jpg.xmp\n" in said
    assert f"--- /dev/null\n+++ {photos}/a.jpg.xmp\n" in said
    assert "\n+     <rdf:li>Taj Mahal</rdf:li>\n" in said
    assert "1  would be changed" in said
    assert not [line for line in said.splitlines() if line.startswith("-") and "---" not in line]
    assert sorted(path.name for path in photos.glob("*.xmp")) == ["b.jpg.xmp", "c.jpg.xmp"]


@pytest.fixture
def many(tmp_path):
    """Nine photos of a landmark and two of none; six of them have sidecars of others."""
    photos = tmp_path / "photos"
    photos.mkdir()
    rows = [place(photos, f"{name}.jpg") for name in "abcdefghi"]
    rows += [place(photos, f"{name}.jpg", decision="no_landmark") for name in "xy"]
    for name in "abcdxy":
        (photos / f"{name}.jpg.xmp").write_bytes(SAMPLES["lightroom"])
    return photos, out_of(tmp_path, rows).out


def shown(text):
    """The sidecars whose diffs a text holds, by their letters."""
    return "".join(line[-9] for line in text.splitlines() if line.startswith("+++ "))


def test_a_dry_run_shows_the_first_of_each_kind(many, capsys):
    _, out = many
    command = ["export", out, "--format", "xmp", "--dry-run"]
    assert main(command) == 0
    said = capsys.readouterr().out
    assert shown(said) == "abcefg"
    rest = "and 2 more are made alike, 1 more are changed or removed: --all-diffs shows all"
    assert f"\n{rest}\n11 photos\n" in said
    assert main([*command, "--all-diffs"]) == 0
    said = capsys.readouterr().out
    assert shown(said) == "abcdefghi"
    assert "--all-diffs" not in said


def test_sidecars_of_others_say_nothing_of_ours(many, capsys):
    _, out = many
    for options, already, others in (
        ([], 0, 2),
        ([], 9, 2),
        (["--undo"], 0, 2),
        (["--undo"], 0, 6),
    ):
        assert main(["export", out, "--format", "xmp", *options]) == 0
        said = capsys.readouterr().out
        assert f" {already}  say it already\n" in said
        assert f" {others}  of others, with nothing of ours\n" in said


def test_undo_says_what_it_removed(library, capsys):
    photos, out = library
    main(["export", str(out), "--format", "xmp"])
    assert main(["export", str(out), "--format", "xmp", "--undo"]) == 0
    assert "1  removed" in capsys.readouterr().out
    assert (photos / "b.jpg.xmp").read_bytes() == SAMPLES["lightroom"]


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        pytest.param(["--format", "csv", "--undo"], "--undo goes with --format xmp", id="undo"),
        pytest.param(
            ["--format", "label-studio", "--tag-below-review"], "--tag-below-review", id="below"
        ),
        pytest.param(["--format", "xmp", "--to", "x"], "do not go with --format xmp", id="to"),
        pytest.param(["--format", "xmp", "--state", "tagged"], "do not go", id="state"),
        pytest.param(["--format", "csv", "--all-diffs"], "goes with --format xmp", id="diffs-csv"),
        pytest.param(["--format", "xmp", "--all-diffs"], "goes with --dry-run", id="diffs"),
        pytest.param(["--format", "xmp", "--threads", "0"], "at least one thread", id="threads"),
        pytest.param(
            ["--format", "xmp", "--model", "nowhere.pt"], "no model nowhere.pt", id="model"
        ),
    ],
)
def test_options_that_do_not_fit_are_one_line(library, capsys, options, complaint):
    _, out = library
    assert main(["export", str(out), *options]) == 2
    said = capsys.readouterr().err
    assert complaint in said
    assert said.count("\n") == 1
