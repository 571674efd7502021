"""`landmarks models` and `--model MODEL_DIR`: lists, decisions, and what they mean for tags."""

import json
import re
import shutil
import zipfile
from pathlib import Path

import pandas
import pytest
from PIL import Image

from landmark_core.cli import main
from landmark_core.errors import ConfigError
from landmark_core.model import load_model, user_name
from landmark_core.model.source import find_version, read_model_file

pytestmark = pytest.mark.filterwarnings("default::DeprecationWarning")


@pytest.fixture
def run(capsys):
    """Run `landmarks` in this process; return (exit code, stdout, stderr)."""

    def run(*arguments: object):
        code = main([str(each) for each in arguments])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


@pytest.fixture
def two(tmp_path, trainings, tiny_model):
    """A model folder with two real models; both give the same scores, their files differ."""
    home = tmp_path / "models"
    other = tmp_path / "other.pt"
    shutil.copy(tiny_model, other)
    with zipfile.ZipFile(other, "a") as archive:
        archive.writestr("tiny/extra/note", "")
    first = trainings.add(home, tiny_model.read_bytes())
    second = trainings.add(home, other.read_bytes(), minute=5, metrics={"top1": 0.935})
    return home, first, second


def test_list_shows_every_version_with_its_figures_and_marks_the_champion(run, two, trainings):
    home, first, second = two
    trainings.promote(home, first.name)
    code, printed, _ = run("models", "list", home)
    assert code == 0
    head, *rows = printed.splitlines()
    assert [len(row) >= head.index("why") for row in rows] == [True, True]
    for row, name, mark, figure in (
        (rows[0], first, "*", "90.0 %"),
        (rows[1], second, "", "93.5 %"),
    ):
        cut = {key: head.index(key) for key in ("version", "trained", "top-1", "ECE", "why")}
        assert row[: cut["version"]].strip() == mark
        assert row[cut["version"] : cut["trained"]].strip() == name.name
        assert row[cut["top-1"] : cut["ECE"]].strip() == figure
    assert rows[0].endswith("champion: reason 0")
    assert rows[1].endswith("not decided on")


def test_list_as_json_holds_the_whole_record(run, two):
    home, first, second = two
    _, printed, _ = run("models", "list", home, "--json")
    listed = json.loads(printed)["versions"]
    assert [each["version"] for each in listed] == [first.name, second.name]
    assert listed[1]["training"]["metrics"] == {"top1": 0.935}
    assert listed[0]["model_id"] == load_model(str(first.model_path)).model_id


def test_list_names_a_damaged_version(run, two):
    home, first, second = two
    (first.folder / "training.json").write_text("{")
    code, printed, _ = run("models", "list", home)
    assert code == 0
    assert second.name in printed
    assert f"Note: {first.folder}/training.json cannot be used" in printed


def test_list_without_a_folder_shows_what_is_installed(run):
    code, printed, _ = run("models", "list")
    assert code == 0
    assert "starter" in printed


def test_promotion_by_hand_needs_a_reason_and_force_where_nothing_was_compared(run, two):
    home, first, second = two
    with pytest.raises(SystemExit, match="2"):
        run("models", "promote", home, first.name)
    assert run("models", "promote", home, first.name, "--reason", "the first")[0] == 0
    code, printed, complained = run("models", "promote", home, second.name, "--reason", "nicer")
    assert (code, printed) == (2, "")
    assert "was not compared" in complained
    assert complained.count("\n") == 1
    code, printed, _ = run("models", "promote", home, second.name, "--reason", "nicer", "--force")
    assert code == 0
    assert f"{second.name} is the champion now" in printed
    last = json.loads((home / "history.jsonl").read_text().splitlines()[-1])
    assert (last["reason"], last["from"]) == ("nicer", first.name)
    assert last["by"]


def test_rollback_says_who_is_champion_and_when_there_is_none_before(run, two, trainings):
    home, first, second = two
    trainings.promote(home, first.name)
    trainings.promote(home, second.name)
    code, printed, _ = run("models", "rollback", home, "--reason", "worse", "--json")
    assert json.loads(printed)["champion"] == first.name
    code, _, complained = run("models", "rollback", home, "--reason", "worse")
    assert code == 2
    assert "nothing to go back to" in complained


def test_show_adds_the_training_to_the_card(run, two, trainings):
    home, first, _ = two
    trainings.promote(home, first.name)
    code, printed, _ = run("models", "show", home)
    assert code == 0
    for said in ("tiny", f"Version {first.name}: champion: reason 0", "00112233aabbccdd"):
        assert said in printed
    shown = json.loads(run("models", "show", f"{home}@{first.name}", "--json")[1])
    assert shown["version"]["training"]["recipe"] == {"epochs": 3}
    assert shown["card"]["name"] == "tiny"


def test_export_gives_a_foreign_file_its_card_for_good(run, make_predictor, save_plain, tmp_path):
    foreign = save_plain(make_predictor())
    code, printed, _ = run("models", "export", foreign, "--out", tmp_path / "ours.pt")
    assert code == 0
    assert "Note: class names come from its class_names" in printed
    ours, before = load_model(str(tmp_path / "ours.pt")), load_model(foreign)
    assert ours.notes == ()
    assert ours.card == before.card


def test_export_to_pt2_says_who_writes_it(run, two, tmp_path):
    arguments = ("models", "export", two[1].model_path, "--out", tmp_path / "m.pt2")
    code, _, complained = run(*arguments, "--format", "pt2")
    assert code == 2
    assert "`landmarks train --format pt2` writes both files" in complained
    assert not (tmp_path / "m.pt2").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(("models", "list", "{empty}"), "expected the --out of", id="list-no-registry"),
        pytest.param(
            ("models", "promote", "{empty}", "v", "--reason", "r"), "expected the --out", id="empty"
        ),
        pytest.param(("models", "show", "{home}"), "has no champion: promote one of", id="none"),
        pytest.param(("models", "show", "{home}@v9"), "no version 'v9' (known: 2026", id="unknown"),
        pytest.param(("models", "show", "{empty}"), "is a folder: give the file", id="folder"),
        pytest.param(("models", "show", "{empty}@v1"), "there is no such file", id="at-sign"),
    ],
)
def test_what_is_wrong_is_one_line(run, two, tmp_path, arguments, said):
    (tmp_path / "empty").mkdir()
    places = {"home": two[0], "empty": tmp_path / "empty"}
    code, printed, complained = run(*(each.format(**places) for each in arguments))
    assert (code, printed) == (2, "")
    assert said in complained
    assert complained.count("\n") == 1


def test_a_file_whose_path_holds_an_at_sign_is_that_file(two, tiny_model, tmp_path):
    odd = tmp_path / "models@home.pt"
    shutil.copy(tiny_model, odd)
    assert find_version(str(odd)) is None
    assert read_model_file(str(odd)).path == str(odd)


def test_a_champion_that_was_tampered_with_does_not_tag(two, trainings):
    home, first, second = two
    trainings.promote(home, first.name)
    first.model_path.write_bytes(second.model_path.read_bytes())
    with pytest.raises(ConfigError, match="is not the file that was trained"):
        load_model(str(home))
    assert load_model(f"{home}@{second.name}").model_id == second.model_id


def test_after_a_promotion_tagging_again_is_missing_work_and_nothing_more(
    run, two, trainings, tmp_path
):
    home, first, second = two
    library, out = tmp_path / "library", tmp_path / "out"
    library.mkdir()
    for number in range(8):
        Image.effect_noise((96, 80), 20 * number).convert("RGB").save(library / f"{number}.jpg")
    trainings.promote(home, first.name)

    def tag() -> str:
        code, printed, complained = run(
            *("tag", library, "--out", out, "--model", home, "--workers", "0", "--no-progress")
        )
        assert code == 0, complained
        return printed.splitlines()[0]

    def models() -> list[str]:
        return list(pandas.read_parquet(out / "tags").model_id.value_counts().items())

    assert tag().startswith("8 photos done")
    (run_file,) = (out / "runs").glob("*.json")
    assert json.loads(run_file.read_text())["settings"]["model"] == f"{home}@{first.name}"
    assert tag().startswith("0 photos done")
    assert run("models", "promote", home, second.name, "--reason", "new", "--force")[0] == 0
    assert tag().startswith("8 photos done")
    assert sorted(models()) == sorted([(first.model_id, 8), (second.model_id, 8)])
    status = run("status", out)[1]
    assert re.search(rf"8  rows by .*{first.model_id}", status)
    assert re.search(rf"8  rows by .*{second.model_id}", status)
    assert run("models", "rollback", home, "--reason", "back")[0] == 0
    assert tag().startswith("0 photos done")  # the former champion's rows are still there
    assert Path(home / "champion.json").read_text() == json.dumps({"version": first.name})


def test_a_user_without_a_name_can_decide(monkeypatch):
    """As in containers that run under a number that no passwd file has."""
    for variable in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr("os.getuid", lambda: 1_000_777)
    assert user_name() == "user 1000777"
