"""The folder of versions: decisions that hold after a kill, and damage that is refused."""

import fcntl
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from landmark_core.errors import ConfigError, RunError
from landmark_core.model import Registry, new_version_name, read_training_record
from landmark_core.model.files import hold_folder
from landmark_core.model.history import HistoryEntry, champions

HERE = Path(__file__).parent


BETTER = {"better": True, "reason": "12 wins, 2 losses"}
WORSE = {"better": False, "reason": "2 wins, 12 losses"}


def champion_file(root: Path) -> str:
    return json.loads((root / "champion.json").read_text())["version"]


def test_a_name_is_the_utc_time_and_the_models_first_digits():
    moment = datetime.fromisoformat("2026-01-14T10:30:05+01:00")
    assert new_version_name("1a2b3c4d5e" + "0" * 54, moment) == "20260114T093005Z-1a2b3c4d"


def test_a_finished_training_becomes_a_version_with_all_its_files(tmp_path, trainings):
    work = trainings.finish(tmp_path, b"weights")
    version = Registry(tmp_path).add_version(work)
    assert not work.exists()
    assert version.folder == tmp_path / "versions" / version.name
    assert version.model_path.read_bytes() == b"weights"
    assert (version.folder / "report/index.html").read_text() == "<p>good</p>"
    assert version.model_id == hashlib.sha256(b"weights").hexdigest()[:16]
    assert (version.state, version.why) == ("challenger", None)
    assert Registry(tmp_path).champion() is None


def test_versions_come_oldest_first_with_what_became_of_them(tmp_path, trainings):
    names = [
        trainings.add(tmp_path, model, minute=i).name for i, model in enumerate((b"a", b"b", b"c"))
    ]
    registry = Registry(tmp_path)
    trainings.promote(tmp_path, names[0], 10)
    registry.refuse(names[2], reason="no better", by="training", now=trainings.at(11))
    trainings.promote(tmp_path, names[1], 12)
    found = registry.versions()
    assert [version.name for version in found] == names
    assert [version.state for version in found] == ["former", "champion", "kept"]
    assert [version.why for version in found] == ["reason 10", "reason 12", "no better"]
    assert registry.problems() == ()


def test_the_history_tells_who_decided_what_when_and_by_which_figures(tmp_path, trainings):
    first, second = trainings.add(tmp_path, b"a").name, trainings.add(tmp_path, b"b", minute=1).name
    registry = Registry(tmp_path)
    registry.promote(first, reason="the first", by="ann", now=trainings.at(2))
    registry.promote(
        second, reason="sharper", by="bob", now=trainings.at(3), figures={"wins": 9.0}, force=True
    )
    registry.rollback(reason="too slow", by="eve", now=trainings.at(4))
    lines = [json.loads(line) for line in (tmp_path / "history.jsonl").read_text().splitlines()]
    assert lines == [
        {
            "when": "2026-01-14T09:32:00Z",
            "action": "promotion",
            "version": first,
            "from": None,
            "reason": "the first",
            "by": "ann",
            "figures": {"top1": 0.9, "ece": 0.02},
        },
        {
            "when": "2026-01-14T09:33:00Z",
            "action": "promotion",
            "version": second,
            "from": first,
            "reason": "sharper",
            "by": "bob",
            "figures": {"wins": 9.0},
        },
        {
            "when": "2026-01-14T09:34:00Z",
            "action": "rollback",
            "version": first,
            "from": second,
            "reason": "too slow",
            "by": "eve",
            "figures": {},
        },
    ]


def test_rollback_goes_back_through_the_champions_and_says_when_there_is_none(tmp_path, trainings):
    names = [
        trainings.add(tmp_path, model, minute=i).name for i, model in enumerate((b"a", b"b", b"c"))
    ]
    for i, name in enumerate(names):
        trainings.promote(tmp_path, name, 10 + i)
    registry = Registry(tmp_path)
    for expected in (names[1], names[0]):
        assert registry.rollback(reason="worse", by="ann", now=trainings.at(20)).name == expected
        assert registry.champion().name == champion_file(tmp_path) == expected
    with pytest.raises(ConfigError, match=f"{names[0]} is the first champion"):
        registry.rollback(reason="worse", by="ann", now=trainings.at(21))
    trainings.promote(
        tmp_path, names[2], 30
    )  # a promotion after rollbacks: back leads to the first again
    assert registry.rollback(reason="worse", by="ann", now=trainings.at(31)).name == names[0]


def test_after_a_rollback_both_versions_say_why(tmp_path, trainings):
    names = [trainings.add(tmp_path, bytes([i]), minute=i).name for i in range(2)]
    for name in names:
        trainings.promote(tmp_path, name)
    Registry(tmp_path).rollback(reason="blurs", by="ann", now=trainings.at(9))
    assert [(version.state, version.why) for version in Registry(tmp_path).versions()] == [
        ("champion", "gone back to: blurs"),
        ("former", "left: blurs"),
    ]


def test_rollback_before_any_promotion_is_one_line(tmp_path, trainings):
    trainings.add(tmp_path, b"a")
    with pytest.raises(ConfigError, match="no version was promoted"):
        Registry(tmp_path).rollback(reason="worse", by="ann", now=trainings.start)


ACTIONS = st.lists(st.one_of(st.integers(0, 3), st.just("back")), max_size=12)


@settings(max_examples=200)
@given(ACTIONS)
def test_champions_are_those_of_a_browsers_back_button(actions):
    """The fold over the history against a stack that is kept while it is made."""
    entries, stack = [], []
    for action in actions:
        before = stack[-1] if stack else None
        if action == "back":
            if len(stack) < 2:
                continue
            stack.pop()
            kind = "rollback"
        else:
            stack.append(f"v{action}")
            kind = "promotion"
        entry = HistoryEntry(
            when="", action=kind, version=stack[-1], before=before, reason="r", by="b"
        )
        entries.append(entry)
    assert champions(entries) == tuple(stack)


def test_a_challenger_needs_a_comparison_with_the_champion_of_now(tmp_path, trainings):
    first = trainings.add(tmp_path, b"a").name
    assert (
        trainings.promote(tmp_path, first, force=False).state == "champion"
    )  # none to compare with
    plain = trainings.add(tmp_path, b"b", minute=1).name
    worse = trainings.add(tmp_path, b"c", minute=2, compared_with=first, comparison=WORSE).name
    better = trainings.add(tmp_path, b"d", minute=3, compared_with=first, comparison=BETTER).name
    late = trainings.add(tmp_path, b"e", minute=4, compared_with=first, comparison=BETTER).name
    for name, message in ((plain, "was not compared"), (worse, r"not better.*2 wins, 12 losses")):
        with pytest.raises(ConfigError, match=message):
            trainings.promote(tmp_path, name, force=False)
    assert trainings.promote(tmp_path, better, force=False).state == "champion"
    with pytest.raises(ConfigError, match=f"compared with {first}, the champion is {better} now"):
        trainings.promote(tmp_path, late, force=False)
    assert trainings.promote(tmp_path, worse, force=True).state == "champion"
    with pytest.raises(ConfigError, match="is the champion already"):
        trainings.promote(tmp_path, worse)


def test_versions_are_named_by_a_beginning_that_is_theirs_alone(tmp_path, trainings):
    first, second = trainings.add(tmp_path, b"a").name, trainings.add(tmp_path, b"b", minute=1).name
    registry = Registry(tmp_path)
    assert registry.version(first).name == first
    assert registry.version("20260114T0931").name == second
    assert registry.version(second.rpartition("-")[2][:5]).name == second
    with pytest.raises(ConfigError, match="2 versions that start '2026'"):
        registry.version("2026")
    for name in ("nothing", "", "../versions", "a/b", "*"):
        with pytest.raises(ConfigError, match=f"no version.*known: {first}, {second}"):
            registry.version(name)


def damaged(folder: Path, how: str) -> None:
    if how == "tampered":
        (folder / "model.pt").write_bytes(b"WEIGHTS")
    elif how == "no-model":
        (folder / "model.pt").unlink()
    elif how == "report-changed":
        (folder / "report/index.html").write_text("<p>perfect</p>")
    elif how == "no-record":
        (folder / "training.json").unlink()
    elif how == "half-record":
        text = (folder / "training.json").read_text()
        (folder / "training.json").write_text(text[: len(text) // 2])
    elif how == "gone":
        shutil.rmtree(folder)


DAMAGE = [
    pytest.param("tampered", "is not the file that was trained", id="tampered"),
    pytest.param("no-model", "cannot be read", id="no-model"),
    pytest.param("report-changed", "is not the file that was trained", id="report-changed"),
    pytest.param("no-record", "expected the folder of a trained version", id="no-record"),
    pytest.param("half-record", "cannot be used", id="half-record"),
    pytest.param("gone", "no version", id="gone"),
]


@pytest.mark.parametrize(("how", "message"), DAMAGE)
def test_damaged_versions_are_not_promoted(tmp_path, how, message, trainings):
    first, second = trainings.add(tmp_path, b"a"), trainings.add(tmp_path, b"b", minute=1)
    trainings.promote(tmp_path, first.name)
    damaged(second.folder, how)
    with pytest.raises(ConfigError, match=message) as caught:
        trainings.promote(tmp_path, second.name)
    assert "\n" not in str(caught.value)
    assert Registry(tmp_path).champion().name == champion_file(tmp_path) == first.name


@pytest.mark.parametrize(("how", "message"), DAMAGE)
def test_a_rollback_to_a_damaged_version_is_refused(tmp_path, how, message, trainings):
    first, second = trainings.add(tmp_path, b"a"), trainings.add(tmp_path, b"b", minute=1)
    trainings.promote(tmp_path, first.name)
    trainings.promote(tmp_path, second.name)
    damaged(first.folder, how)
    with pytest.raises(ConfigError, match=message):
        Registry(tmp_path).rollback(reason="worse", by="ann", now=trainings.start)
    assert Registry(tmp_path).champion().name == second.name


@pytest.mark.parametrize(("how", "message"), DAMAGE[:-1])
def test_damaged_trainings_do_not_become_versions(tmp_path, how, message, trainings):
    work = trainings.finish(tmp_path, b"a")
    damaged(work, how)
    with pytest.raises(ConfigError, match=message):
        Registry(tmp_path).add_version(work)
    assert Registry(tmp_path).versions() == ()


def test_one_damaged_version_does_not_hide_the_others(tmp_path, trainings):
    first, second = trainings.add(tmp_path, b"a"), trainings.add(tmp_path, b"b", minute=1)
    damaged(first.folder, "half-record")
    registry = Registry(tmp_path)
    assert [version.name for version in registry.versions()] == [second.name]
    assert len(registry.problems()) == 1
    assert first.name in registry.problems()[0]


def test_a_version_is_never_replaced(tmp_path, trainings):
    kept = trainings.add(tmp_path, b"a").folder
    again = trainings.finish(tmp_path, b"a")
    with pytest.raises(ConfigError, match="already"):
        Registry(tmp_path).add_version(again)
    assert again.is_dir()
    assert kept.is_dir()


@pytest.mark.parametrize("name", ["../out", "a/b", "", ".hidden"])
def test_a_record_cannot_name_a_folder_elsewhere(tmp_path, name, trainings):
    work = trainings.finish(tmp_path, b"a")
    record = json.loads((work / "training.json").read_text())
    (work / "training.json").write_text(json.dumps(record | {"version": name}))
    with pytest.raises(ConfigError, match="version"):
        Registry(tmp_path).add_version(work)


def test_a_decision_needs_a_reason(tmp_path, trainings):
    name = trainings.add(tmp_path, b"a").name
    with pytest.raises(ConfigError, match="a reason is needed"):
        Registry(tmp_path).promote(name, reason=" ", by="ann", now=trainings.start)
    assert Registry(tmp_path).history() == ()


@pytest.mark.parametrize(
    "torn",
    [
        pytest.param(b'{"when": "2026-01-1', id="half-a-line"),
        pytest.param(b"\xff\xfe", id="garbage-of-a-power-cut"),
    ],
)
def test_a_torn_last_line_was_never_written(tmp_path, torn, trainings):
    first, second = trainings.add(tmp_path, b"a").name, trainings.add(tmp_path, b"b", minute=1).name
    trainings.promote(tmp_path, first)
    whole = (tmp_path / "history.jsonl").read_bytes()
    (tmp_path / "history.jsonl").write_bytes(whole + torn)
    assert Registry(tmp_path).champion().name == first
    trainings.promote(tmp_path, second)
    assert (tmp_path / "history.jsonl").read_bytes().startswith(whole + b'{"when"')
    assert [entry.version for entry in Registry(tmp_path).history()] == [first, second]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(None, id="missing"),
        pytest.param(b"", id="empty"),
        pytest.param(b'{"version": 3', id="half"),
        pytest.param(b"[]", id="foreign"),
        pytest.param(b'{"version": "another"}', id="behind"),
    ],
)
def test_champion_json_is_written_anew_from_the_history(tmp_path, content, trainings):
    first = trainings.add(tmp_path, b"a").name
    trainings.promote(tmp_path, first)
    if content is None:
        (tmp_path / "champion.json").unlink()
    else:
        (tmp_path / "champion.json").write_bytes(content)
    assert Registry(tmp_path).champion().name == first
    assert champion_file(tmp_path) == first


@pytest.mark.parametrize(
    ("line", "message"),
    [
        pytest.param(b"{}", "line 1, is damaged", id="keys"),
        pytest.param(b"nothing", "line 1, is damaged", id="no-json"),
        pytest.param(
            b'{"when":"","action":"coup","version":"v","from":null,"reason":"","by":""}',
            "expected promotion, refusal, rollback, got 'coup'",
            id="action",
        ),
        pytest.param(
            b'{"when":"","action":"rollback","version":"v","from":null,"reason":"","by":""}',
            "was edited",
            id="impossible",
        ),
    ],
)
def test_a_damaged_history_is_named_not_guessed(tmp_path, line, message, trainings):
    trainings.add(tmp_path, b"a")
    (tmp_path / "history.jsonl").write_bytes(line + b"\n")
    with pytest.raises(ConfigError, match=message):
        Registry(tmp_path).champion()


KILLED_AT = """
import os, signal, sys
from datetime import datetime
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from landmark_core.model import Registry
import landmark_core.model.registry, landmark_core.model.files
steps = int(sys.argv[4])

def counted(function, *, torn=False):
    def run(*arguments, **options):
        global steps
        steps -= 1
        if steps == 0:
            if torn:  # the disk got half of the line
                function(arguments[0], bytes(arguments[1])[: len(arguments[1]) // 2])
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments, **options)
    return run

for name in ("fsync", "ftruncate", "fchmod", "replace", "rename", "lseek"):
    setattr(os, name, counted(getattr(os, name)))
os.write = counted(os.write, torn=True)
act = getattr(Registry(Path(sys.argv[2])), sys.argv[3])
options = {"reason": "killed", "by": "ann", "now": datetime.fromisoformat(sys.argv[6])}
act(*filter(None, [sys.argv[5]]), **options)
"""


@pytest.mark.parametrize("action", ["promote", "rollback"])
def test_killed_at_any_step_the_history_and_the_champion_agree(tmp_path, action, trainings):
    """A real SIGKILL before each system call that changes the folder, one after the other."""
    ended = set()
    for step in range(1, 40):
        root = tmp_path / f"{step}"
        names = [trainings.add(root, model, minute=i).name for i, model in enumerate((b"a", b"b"))]
        trainings.promote(root, names[0])
        if action == "rollback":
            trainings.promote(root, names[1])
        else:  # as a training's comparison leaves it
            path = root / "versions" / names[1] / "training.json"
            record = json.loads(path.read_text())
            record |= {"compared_with": names[0], "comparison": BETTER}
            path.write_text(json.dumps(record))
        before, after = names if action == "promote" else names[::-1]
        given = after if action == "promote" else ""
        code = subprocess.run(
            [
                sys.executable,
                "-c",
                KILLED_AT,
                str(HERE.parents[1]),
                str(root),
                action,
                str(step),
                given,
                trainings.at(50).isoformat(),
            ],
            check=False,
        ).returncode
        registry = Registry(root)
        champion = registry.champion().name
        assert champion in {before, after}
        assert champion_file(root) == champion
        assert champions(registry.history())[-1] == champion
        if code == 0:
            break
        assert code == -signal.SIGKILL
        ended.add(champion)
        if champion == before:  # the same command again ends what was begun
            if action == "promote":
                assert trainings.promote(root, after).name == after
            else:
                again = registry.rollback(reason="again", by="ann", now=trainings.at(60))
                assert again.name == after
        assert champion_file(root) == after
        assert [path.name for path in root.glob(".*")] == [".lock"], "nothing half-written stays"
    assert code == 0
    assert ended == {before, after}, "no step was killed on either side of the decision"


def test_two_who_promote_at_once_take_turns(tmp_path, trainings):
    names = [trainings.add(tmp_path, bytes([i]), minute=i).name for i in range(8)]
    threads = [threading.Thread(target=trainings.promote, args=(tmp_path, name)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    entries = Registry(tmp_path).history()
    assert sorted(entry.version for entry in entries) == sorted(names)
    # Each saw the champion that the one before it had made.
    assert [entry.before for entry in entries] == [None, *(e.version for e in entries[:-1])]
    assert champion_file(tmp_path) == entries[-1].version


def test_a_folder_that_somebody_holds_is_waited_for_then_named(tmp_path):
    handle = os.open(tmp_path / ".lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(handle, fcntl.LOCK_EX)
    with (
        pytest.raises(RunError, match="another process has been changing"),
        hold_folder(tmp_path, wait_s=0.1),
    ):
        pass
    os.close(handle)
    with hold_folder(tmp_path, wait_s=0.1):
        assert (tmp_path / ".lock").exists()


def test_a_full_disk_leaves_the_history_as_it_was(tmp_path, trainings):
    """A limit on file sizes stands for the disk: the kernel writes half of the line, then fails."""
    first = trainings.add(tmp_path, b"a").name
    second = trainings.add(tmp_path, b"b", minute=1).name
    trainings.promote(tmp_path, first)
    before = (tmp_path / "history.jsonl").read_bytes()
    code = (
        "import resource, sys; from pathlib import Path; from datetime import UTC, datetime\n"
        "from landmark_core.model import Registry\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)\n"
        "try: Registry(Path(sys.argv[1])).promote(\n"
        "    sys.argv[3], reason='r', by='b', now=datetime.now(UTC), force=True)\n"
        "except Exception as error: print(type(error).__name__, error)"
    )
    arguments = [str(tmp_path), str(len(before) + 20), second]
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"RunError {tmp_path} cannot be written: File too large\n"
    assert (tmp_path / "history.jsonl").read_bytes() == before
    assert Registry(tmp_path).champion().name == first


def test_a_folder_that_cannot_be_written_is_read_all_the_same(tmp_path, trainings):
    if os.geteuid() == 0:
        pytest.skip("root writes everywhere")
    first = trainings.add(tmp_path, b"a").name
    trainings.promote(tmp_path, first)
    (tmp_path / "champion.json").unlink()
    tmp_path.chmod(0o500)
    try:
        assert Registry(tmp_path).champion().name == first
        with pytest.raises(RunError, match="cannot be"):
            Registry(tmp_path).rollback(reason="r", by="ann", now=trainings.start)
    finally:
        tmp_path.chmod(0o700)


@pytest.mark.parametrize("act", ["promote", "refuse", "rollback"])
def test_a_folder_without_models_is_left_alone(tmp_path, act, trainings):
    given = [] if act == "rollback" else ["any"]
    with pytest.raises(ConfigError, match=r"expected the --out of `landmarks train`"):
        getattr(Registry(tmp_path), act)(*given, reason="r", by="ann", now=trainings.start)
    assert list(tmp_path.iterdir()) == []


def test_the_record_of_a_version_reads_as_it_was_written(tmp_path, trainings):
    version = trainings.add(
        tmp_path, b"a", comparison=WORSE, compared_with="x", packages={"torch": "2.14"}
    )
    assert read_training_record(version.folder) == version.record
    assert version.record.class_names == ("Arch", "Dome")
    assert (
        version.record.recipe_digest
        == (
            hashlib.sha256(b'{"epochs": 3}').hexdigest()[:16]  # its fields as sorted JSON
        )
    )
