"""Training and judging from the command line: arguments to settings, one line for what is off."""

import io
import sys
import time

import pytest

from landmark_core import training
from landmark_core.cli import TrainingBars, build_parser, drawn_training, main
from landmark_core.cli.evaluate import build_evaluate_config
from landmark_core.cli.train import RECIPE_FIELDS, build_recipe, build_train_config


def parsed(*arguments: str):
    return build_parser().parse_args(["train", "photos", "--out", "models", *arguments])


def test_without_options_a_training_has_the_defaults_of_its_settings():
    from_command = build_train_config(parsed())
    assert from_command == training.TrainConfig(data="photos", out="models")


def test_options_become_settings():
    config = build_train_config(
        parsed(
            *("--negatives", "other", "--reviews", "tagged", "--resume", "--seed", "7"),
            *("--device", "cpu", "--folds", "5", "--jobs", "2", "--workers", "0"),
            *("--name", "alps", "--card", "card.toml", "--format", "pt2", "--promote", "never"),
        )
    )
    assert config == training.TrainConfig(
        data="photos",
        out="models",
        negatives="other",
        reviews="tagged",
        resume=True,
        seed=7,
        device="cpu",
        folds=5,
        jobs=2,
        workers=0,
        name="alps",
        card="card.toml",
        formats=("torchscript", "pt2"),
        promote="never",
    )


def test_given_options_replace_what_the_recipe_file_says(tmp_path):
    path = tmp_path / "recipe.toml"
    path.write_text('arch = "resnet"\nepochs = 90\nrate = 0.005\nviews = 4\n')
    recipe = build_recipe(parsed("--recipe", str(path), "--epochs", "3", "--views", "0"))
    assert recipe == training.Recipe(arch="resnet", epochs=3, rate=0.005, views=0)


def test_every_recipe_option_is_a_field_of_the_recipe():
    given = parsed(
        *("--arch", "cnn", "--backbone", "resnet18", "--weights", "none", "--augment", "strong"),
        *("--batch-size", "8", "--epochs", "2", "--frozen-stages", "1", "--views", "3"),
    )
    assert build_recipe(given) == training.Recipe(
        **{name: getattr(given, name) for name in RECIPE_FIELDS}
    )


@pytest.mark.parametrize(
    ("options", "said"),
    [
        pytest.param(("--arch", "rnn"), "cnn, resnet, transfer", id="arch"),
        pytest.param(("--augment", "wild"), "original", id="augment"),
        pytest.param(("--epochs", "0"), "epochs must be", id="epochs"),
        pytest.param(("--folds", "2"), "--folds", id="folds"),
        pytest.param(("--jobs", "0"), "--jobs", id="jobs"),
        pytest.param(("--promote", "maybe"), "--promote", id="promote"),
        pytest.param(("--format", "onnx"), "torchscript, pt2", id="format"),
        pytest.param(("--recipe", "nowhere.toml"), "nowhere.toml cannot be read", id="recipe"),
    ],
)
@pytest.mark.parametrize("dry", [(), ("--dry-run",)], ids=["train", "dry-run"])
def test_wrong_settings_are_one_line_and_exit_code_2(options, said, dry, capsys, tmp_path):
    code = main(["train", str(tmp_path), "--out", str(tmp_path / "models"), *options, *dry])
    printed = capsys.readouterr()
    assert (code, printed.out) == (2, "")
    assert said in printed.err
    assert printed.err.startswith("landmarks: ")
    assert printed.err.count("\n") == 1
    assert not (tmp_path / "models").exists()


def test_evaluate_reads_its_options():
    arguments = build_parser().parse_args(
        [
            *("evaluate", "photos", "--model", "m.pt", "--out", "report"),
            *("--negatives", "other", "--batch-size", "8"),
        ]
    )
    config = build_evaluate_config(arguments)
    assert (config.data, config.model, config.out) == ("photos", "m.pt", "report")
    assert (config.negatives, config.batch_size, config.workers) == ("other", 8, "auto")


def show_two_epochs(bars: TrainingBars, *, pause_s: float = 0) -> None:
    bars.reading(3)
    bars.read(3)
    for epoch in (1, 2):
        bars.epoch_started("fold 2", epoch, 2, 2)
        bars.stepped(0.75, 0.5)
        time.sleep(pause_s)
        bars.stepped(0.5, 0.625)
        bars.epoch_ended(f"fold 2 epoch {epoch}/2: loss 0.500")


def test_bars_show_loss_and_accuracy_and_leave_a_line_an_epoch(monkeypatch):
    terminal = io.StringIO()
    monkeypatch.setattr(sys, "stderr", terminal)
    with drawn_training(shown=True) as bars:
        show_two_epochs(bars, pause_s=0.15)  # tqdm draws ten times a second at most
    written = terminal.getvalue()
    assert "fold 2 epoch 1/2" in written
    assert "loss 0.625, accuracy 0.562" in written  # means of 0.75 and 0.5, of 0.5 and 0.625
    for epoch in (1, 2):
        assert f"fold 2 epoch {epoch}/2: loss 0.500\n" in written


def test_without_progress_nothing_is_written(capfd):
    with drawn_training(shown=False) as bars:
        show_two_epochs(bars)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("tga x --out y", "landmarks: there is no 'tga', did you mean tag?"),
        ("help", "landmarks: there is no 'help'; landmarks --help"),
        ("models lst", "landmarks models: there is no 'lst', did you mean list?"),
        ("tag x --out y --dryrun", "--dryrun, did you mean --dry-run?"),
        ("tag x --out y --zzzzzz", "not known here: --zzzzzz; landmarks --help"),
        ("tag x", "landmarks tag: --out missing; expected: landmarks tag SOURCE --out OUT"),
        ("tag x --output y", "landmarks tag: --out missing, did you mean --out?; expected: "),
        ("", "landmarks: COMMAND missing, one of tag, check, review, status, find, compact, "),
        ("models", "landmarks models: ACTION missing"),
        ("tag x --ou y", "landmarks tag: --out missing, did you mean --out?; expected: "),
        (
            "tag x --out y --modle a --modle b",
            "not known here: --modle --modle, did you mean --model?; ",
        ),
        ("find", "expected: landmarks find OUT TAG;"),
        ("tag x --out y --top-k abc", "argument --top-k: invalid int value: 'abc'"),
    ],
)
def test_a_wrong_command_gets_one_line_that_says_what_to_type(typed, said, capsys):
    with pytest.raises(SystemExit) as ended:
        build_parser().parse_args(typed.split())
    assert ended.value.code == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
