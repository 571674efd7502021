"""`landmarks train` and `evaluate` as a person calls them: kills, full disks, refusals, figures."""

import hashlib
import io
import json
import os
import pickle
import shutil
import subprocess
import sys
import time
from pathlib import Path

import labelled_folder as drawn
import pandas
import psutil
import pytest
import torch

from landmark_core.cli import main
from landmark_core.model import Registry
from landmark_core.training import NoTrainProgress, train_model

pytestmark = pytest.mark.orchestration

ROOT = Path(__file__).parents[2]
EPOCHS = 8


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("labelled")
    drawn.draw_folder(folder)
    recipe = (folder / "recipe.toml").read_text()
    (folder / "recipe.toml").write_text(recipe.replace("epochs = 3", f"epochs = {EPOCHS}"))
    return folder


@pytest.fixture(scope="module")
def undisturbed(photos, tmp_path_factory):
    """One training that nobody disturbed; the others must end with its weights."""
    config = drawn.settings(photos, tmp_path_factory.mktemp("undisturbed") / "models")
    return train_model(config, NoTrainProgress()).version


def arguments(folder: Path, out: Path, *options: str) -> list[str]:
    """Return `train` with the options that all trainings here share."""
    command = ["train", str(folder / "data"), "--negatives", str(folder / drawn.OTHERS)]
    command += ["--recipe", str(folder / "recipe.toml"), "--out", str(out)]
    return [*command, "--workers", "0", "--device", "cpu", *options]


def start(folder: Path, out: Path, *options: str) -> subprocess.Popen[bytes]:
    """Start `landmarks train` as a process of its own, with bars."""
    return subprocess.Popen(
        [sys.executable, "-m", "landmark_core.cli", *arguments(folder, out, *options)],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def wait_for_line(run: subprocess.Popen[bytes], text: str) -> bytes:
    """Read what the training says until it says this; return all of it."""
    said = b""
    while text.encode() not in said:
        some = os.read(run.stderr.fileno(), 65536)
        assert some, f"it ended before it said {text!r}: {said.decode()[-2000:]}"
        said += some
    return said


def kill(run: subprocess.Popen[bytes]) -> None:
    """Kill a training as the kernel would, and see that nothing of it goes on."""
    children = psutil.Process(run.pid).children(recursive=True)
    run.kill()
    assert run.wait() == -9, "it was faster than the signal"
    _, left = psutil.wait_procs(children, timeout=20)
    for process in left:
        process.kill()
    run.stdout.close()
    run.stderr.close()
    assert not left


def check_same_weights(version, other) -> None:
    one, two = drawn.weights_of(version), drawn.weights_of(other)
    assert len(one) > 20
    assert one.keys() == two.keys()
    assert all(torch.equal(values, two[name]) for name, values in one.items())


def test_killed_and_resumed_it_gives_the_weights_of_an_undisturbed_training(
    photos, undisturbed, tmp_path, capsys
):
    run = start(photos, tmp_path / "models")
    wait_for_line(run, "epoch 2  loss")
    kill(run)
    assert Registry(tmp_path / "models").champion() is None
    code = main(arguments(photos, tmp_path / "models", "--resume", "--json"))
    printed, complained = capsys.readouterr()
    assert code == 0
    first, *_, last = [line for line in complained.splitlines() if "  loss " in line]
    assert "epoch 1  " not in first  # the epochs before the kill were not trained again
    assert f"epoch {EPOCHS}  " in last
    version = Registry(tmp_path / "models").champion()
    assert json.loads(printed)["version"] == version.name
    check_same_weights(version, undisturbed)
    curve, whole = (
        pandas.read_csv(one.folder / "history.csv").drop(columns="seconds")
        for one in (version, undisturbed)
    )
    pandas.testing.assert_frame_equal(curve, whole)


def test_folds_killed_with_their_processes_and_resumed_one_by_one_end_in_the_same_weights(
    photos, tmp_path
):
    """Killed while one process trains the last model and the other has no work any more."""
    folds = ["--folds", "3", "--epochs", "3"]
    run = start(photos, tmp_path / "killed", *folds, "--jobs", "2")
    said = wait_for_line(run, "all photos: epoch 1  loss")
    assert b"fold 1: epoch 3  loss" in said
    kill(run)
    assert not (tmp_path / "killed/versions").exists()
    quiet = ["--jobs", "1", "--no-progress", "--json"]
    assert main(arguments(photos, tmp_path / "killed", *folds, *quiet, "--resume")) == 0
    assert main(arguments(photos, tmp_path / "whole", *folds, *quiet)) == 0
    killed, whole = (Registry(tmp_path / name).champion() for name in ("killed", "whole"))
    check_same_weights(killed, whole)
    answers = [pandas.read_parquet(one.folder / "answers.parquet") for one in (killed, whole)]
    pandas.testing.assert_frame_equal(*answers)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_killed_anywhere_again_and_again(photos, undisturbed, tmp_path):
    """While it imports, reads, trains, judges or writes: the same command always goes on."""
    import random

    moments = random.Random(3)
    for _ in range(10):
        run = start(photos, tmp_path / "models", "--resume")
        time.sleep(moments.uniform(2, 12))
        run.kill()
        run.communicate()
        if champion := Registry(tmp_path / "models").champion():
            check_same_weights(champion, undisturbed)
            shutil.rmtree(tmp_path / "models")
    run = start(photos, tmp_path / "models", "--resume")
    _, complained = run.communicate(timeout=300)
    assert run.returncode == 0, complained
    check_same_weights(Registry(tmp_path / "models").champion(), undisturbed)


@pytest.mark.slow
def test_interrupted_by_a_person(photos, tmp_path):
    run = start(photos, tmp_path / "models", "--epochs", "200")
    wait_for_line(run, "epoch 1  loss")
    run.send_signal(2)
    printed, complained = run.communicate(timeout=60)
    assert run.returncode == 130
    assert printed == b""
    assert complained.splitlines()[-1].endswith(
        b"landmarks: interrupted: finished epochs are kept; the same command with --resume goes on"
    )
    assert b"Traceback" not in complained


# ---- evaluation


@pytest.mark.parametrize("which", ["trained", "surer"])
def test_an_evaluation_gives_the_figures_of_the_taggers_own_rows(
    undisturbed, tiny_model, tmp_path, capsys, which
):
    """By hand, from the table that `landmarks tag` writes of the same photos."""
    drawn.draw_folder(tmp_path, each=5, others=9, first=300)
    library = tmp_path / "library"
    library.mkdir()
    for name in ("data", drawn.OTHERS):
        (tmp_path / name).rename(library / name)
    path = undisturbed.model_path if which == "trained" else tiny_model
    model = ["--model", str(path), "--workers", "0", "--no-progress"]
    model += ["--precision", "fp32"]
    assert main(["tag", str(library), "--out", str(tmp_path / "out"), *model]) == 0
    capsys.readouterr()
    given = ["--negatives", str(library / drawn.OTHERS), "--out", str(tmp_path / "report")]
    assert main(["evaluate", str(library / "data"), *given, *model, "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    written = json.loads((tmp_path / "report/report.json").read_text())
    figures = written["figures"]
    assert printed["figures"] == figures
    assert (tmp_path / "report/index.html").stat().st_size > 10_000

    rows = pandas.read_parquet(tmp_path / "out/tags")
    folder = rows.uri.map(lambda uri: Path(uri).parent.name)
    other = folder == drawn.OTHERS
    right = rows.tag == folder.str[3:]
    landmarks, others, tagged = rows[~other], rows[other], rows.decision == "tagged"
    assert (figures["landmarks"], figures["others"]) == (15, 9)
    assert which == "trained" or rows.decision.nunique() > 1
    assert figures["top1"] == pytest.approx(right[~other].mean())
    assert figures["mean_confidence"] == pytest.approx(landmarks.confidence.mean(), abs=1e-5)
    assert figures["tagged"] == tagged.sum()
    for key, table, decision in (
        ("landmarks_tagged", landmarks, "tagged"),
        ("landmarks_review", landmarks, "review"),
        ("landmarks_lost", landmarks, "no_landmark"),
        ("others_tagged", others, "tagged"),
        ("others_review", others, "review"),
        ("others_left_alone", others, "no_landmark"),
    ):
        assert figures[key] == pytest.approx((table.decision == decision).mean()), key
    for one in written["classes"]:
        its = rows[~other & (folder.str[3:] == one["name"])]
        recall = (its.tag == one["name"]).mean() if len(its) else None  # Pyramid has no photo
        assert one["recall"] == pytest.approx(recall)


# ---- full disks


@pytest.fixture
def disk(tmp_path):
    """Mount file systems of a given size; skips where that needs more rights."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = []

    def mount(size: str) -> Path:
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
        try:
            subprocess.run(command, capture_output=True, check=True)
        except (OSError, subprocess.CalledProcessError):
            pytest.skip("a small tmpfs cannot be mounted here: it needs root")
        mounted.append(folder)
        return folder

    yield mount
    for place in mounted:
        subprocess.run(["umount", "-l", str(place)], check=True)


def test_too_small_a_disk_is_refused_before_photos_are_read(photos, disk, capsys):
    out = disk("20m") / "models"
    assert main(arguments(photos, out, "--no-progress")) == 1
    complained = capsys.readouterr().err
    assert complained.startswith("landmarks: ")
    assert "MiB free" in complained
    assert "give another --out" in complained
    assert complained.count("\n") == 1
    assert {path.name for path in out.iterdir()} <= {".training.lock"}


def test_a_disk_that_somebody_fills_loses_no_finished_epoch(photos, undisturbed, disk, capsys):
    out = disk("300m") / "models"
    run = start(photos, out)
    wait_for_line(run, "epoch 2  loss")
    fill(out.parent / "movie")
    printed, complained = run.communicate(timeout=100)
    assert run.returncode == 1, complained
    assert printed == b""
    assert b"Traceback" not in complained
    last = complained.splitlines()[-1].rpartition(b"\r")[2]
    assert last.startswith(b"landmarks: ")
    assert b"full" in last
    assert b"--resume" in last
    assert not list(out.rglob("*.tmp"))
    assert Registry(out).champion() is None
    (out.parent / "movie").unlink()
    assert main(arguments(photos, out, "--no-progress", "--resume")) == 0
    check_same_weights(Registry(out).champion(), undisturbed)


def fill(path: Path) -> None:
    """Write a file until the disk is full."""
    with path.open("wb", buffering=0) as file:
        for size in (2**20, 2**12, 1):
            try:
                while file.write(bytes(size)):
                    pass
            except OSError:
                continue


# ---- refusals


def one_class(folder, _):
    shutil.rmtree(folder / "data/01.Dome")
    shutil.rmtree(folder / "data/02.Tower")


def empty_class(folder, _):
    shutil.rmtree(folder / "data/01.Dome")
    (folder / "data/01.Dome").mkdir()


def one_photo(folder, _):
    for photo in sorted((folder / "data/01.Dome").iterdir())[1:]:
        photo.unlink()


def one_photo_in_copies(folder, _):
    photo, *others = sorted((folder / "data/01.Dome").iterdir())
    for other in others:
        shutil.copy(photo, other)


def all_broken(folder, _):
    for photo in (folder / "data").rglob("*.jpg"):
        photo.write_bytes(photo.read_bytes()[:100])


def none_to_judge(folder, _):
    """Leave only photos whose content sends them to training: slots 6 to 19 of 20."""
    for number, name in enumerate(drawn.SHAPES):
        for more in range(6, 20):
            drawn.write_photo(folder / f"data/{number:02}.{name}/{more}.jpg", number, more)
    for photo in (folder / "data").rglob("*.jpg"):
        if int(hashlib.sha256(photo.read_bytes()).hexdigest(), 16) % 20 < 6:
            photo.unlink()


def no_data(folder, _):
    shutil.rmtree(folder / "data")


def data_is_a_photo(folder, _):
    shutil.rmtree(folder / "data")
    drawn.write_photo(folder / "data", 0, 1)


def loose_photos(folder, _):
    shutil.rmtree(folder / "data")
    drawn.write_photo(folder / "data/1.jpg", 0, 1)


def no_others(folder, _):
    shutil.rmtree(folder / drawn.OTHERS)


def out_is_a_file(_, out):
    out.write_text("in the way")


def weights_of_another_network(folder, _):
    torch.save({"layer.weight": torch.zeros(3, 3)}, folder / "weights.pth")


class _Code:
    def __reduce__(self):
        return (os.mkdir, ("run-by-a-pickle",))


def weights_with_code(folder, _):
    torch.save({"layer.weight": _Code()}, folder / "weights.pth")


def weights_as_old_pickle_with_code(folder, _):
    (folder / "weights.pth").write_bytes(pickle.dumps(_Code()))


def weights_cut_short(folder, _):
    buffer = io.BytesIO()
    torch.save({"layer.weight": torch.zeros(300, 300)}, buffer)
    (folder / "weights.pth").write_bytes(buffer.getvalue()[:-5000])


def empty_weights(folder, _):
    (folder / "weights.pth").write_bytes(b"")


def unknown_key(folder, _):
    with (folder / "recipe.toml").open("a") as file:
        file.write("\nlearning_rate = 0.1\n")


def recipe_no_toml(folder, _):
    (folder / "recipe.toml").write_text("epochs: 3")


def card_of_no_class(folder, _):
    (folder / "card.toml").write_text('[tags."Taj Mahal"]\ncountry = "India"\n')


def fine(folder, out):
    del folder, out


WEIGHTS = ("--weights", "{folder}/weights.pth")
REFUSALS = [
    pytest.param(no_data, (), "DATA", id="data-missing"),
    pytest.param(data_is_a_photo, (), "DATA", id="data-is-a-photo"),
    pytest.param(loose_photos, (), "one folder of photos per class", id="no-class-folder"),
    pytest.param(no_others, (), "--negatives", id="negatives-missing"),
    pytest.param(fine, ("--reviews", "{folder}/nowhere"), "nowhere", id="reviews-missing"),
    pytest.param(one_class, (), "one class, 'Arch'", id="one-class"),
    pytest.param(empty_class, (), "class 'Dome' has no photo", id="empty-class"),
    pytest.param(one_photo, (), "class 'Dome' has 1 photo", id="class-of-one-photo"),
    pytest.param(one_photo_in_copies, (), "class 'Dome' has 1 photo", id="copies-of-one-photo"),
    pytest.param(all_broken, (), "can be read", id="all-broken"),
    pytest.param(none_to_judge, (), "no landmark photo falls to", id="none-to-judge"),
    pytest.param(fine, ("--backbone", "mobilnet_v2"), "mobilenet_v2", id="unknown-backbone"),
    pytest.param(fine, ("--arch", "vit"), "arch must be one of", id="unknown-arch"),
    pytest.param(fine, ("--augment", "wild"), "augment must be one of", id="unknown-augment"),
    pytest.param(fine, WEIGHTS, "there is no such file", id="weights-missing"),
    pytest.param(weights_of_another_network, WEIGHTS, "does not fit", id="weights-of-another"),
    pytest.param(weights_with_code, WEIGHTS, "cannot be read", id="weights-with-code"),
    pytest.param(weights_as_old_pickle_with_code, WEIGHTS, "cannot be read", id="weights-pickle"),
    pytest.param(weights_cut_short, WEIGHTS, "cannot be read", id="weights-cut-short"),
    pytest.param(empty_weights, WEIGHTS, "cannot be read", id="weights-empty"),
    pytest.param(unknown_key, (), "'learning_rate'", id="unknown-recipe-key"),
    pytest.param(recipe_no_toml, (), "cannot be read", id="recipe-no-toml"),
    pytest.param(fine, ("--recipe", "{folder}/no.toml"), "no.toml", id="recipe-missing"),
    pytest.param(fine, ("--folds", "2"), "--folds must be in 3..20, got 2", id="two-folds"),
    pytest.param(fine, ("--promote", "sometimes"), "--promote", id="promote-sometimes"),
    pytest.param(fine, ("--format", "onnx"), "--format", id="unknown-format"),
    pytest.param(fine, ("--frozen-stages", "99"), "frozen_stages must be in", id="all-frozen"),
    pytest.param(fine, ("--frozen-stages", "2"), "starts at random", id="frozen-at-random"),
    pytest.param(fine, ("--epochs", "0"), "epochs", id="no-epochs"),
    pytest.param(fine, ("--batch-size", "1"), "batch_size", id="batch-of-one"),
    pytest.param(fine, ("--seed", "-1"), "--seed", id="negative-seed"),
    pytest.param(fine, ("--jobs", "0"), "--jobs", id="no-jobs"),
    pytest.param(fine, ("--name", ""), "--name", id="no-name"),
    pytest.param(fine, ("--card", "{folder}/card.toml"), "card.toml", id="card-missing"),
    pytest.param(
        card_of_no_class, ("--card", "{folder}/card.toml"), "Taj Mahal", id="card-of-no-class"
    ),
    pytest.param(out_is_a_file, (), "--out", id="out-is-a-file"),
    pytest.param(fine, ("--out", "/proc/models"), "--out", id="out-not-writable"),
    pytest.param(fine, ("--out", "s3://bucket/models"), "--out", id="out-in-a-bucket"),
]


@pytest.mark.parametrize(("spoil", "options", "said"), REFUSALS)
def test_what_is_wrong_gets_one_line_and_exit_code_2(
    tmp_path, capsys, monkeypatch, spoil, options, said
):
    monkeypatch.chdir(tmp_path)
    out = tmp_path / "models"
    drawn.draw_folder(tmp_path, each=6, others=4)
    spoil(tmp_path, out)
    given = [option.format(folder=tmp_path) for option in options]
    code = main(arguments(tmp_path, out, "--no-progress", *given))
    printed, complained = capsys.readouterr()
    assert code == 2, complained
    assert printed == ""
    assert complained.startswith("landmarks: ")
    assert complained.count("\n") == 1
    assert said in complained
    assert not (tmp_path / "run-by-a-pickle").exists()
    if out.is_dir():  # nothing that a later run or a tagger could take for a training
        assert {path.name for path in out.iterdir()} <= {
            ".training.lock",
            "cache",
            "splits.parquet",
        }
