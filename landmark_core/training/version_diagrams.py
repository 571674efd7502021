"""Draw the diagrams of a version again from the answers that it holds, for a page elsewhere."""

from landmark_core.judging import (
    INK,
    Calibrated,
    cross_calibrate,
    draw_reliability,
    draw_training,
    folds_of,
    judge,
    load_answers,
    read_history,
)
from landmark_core.model import Version, load_model
from landmark_core.training.champion import calibration_of

_GREY = "#777777"  # legible on light and dark, where no page sets the colour


def diagrams_of(version: Version) -> dict[str, str]:
    """Return SVG by title: the reliability of its confidences, and its training's curves.

    Raises:
        ConfigError: a file of the version is missing or damaged.
    """
    answers = load_answers(version.folder / "answers.parquet")
    own = calibration_of(load_model(str(version.model_path)))
    calibrated: Calibrated = cross_calibrate(answers) if folds_of(answers) else own
    diagrams = {
        "Reliability": draw_reliability(judge(answers, calibrated).bins),
        "Training": draw_training(read_history(version.folder / "history.csv")),
    }
    return {title: svg.replace(INK, _GREY) for title, svg in diagrams.items()}
