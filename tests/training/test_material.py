"""What a training began with: kept whole, and what comes of it is judged by that alone."""

import dataclasses
from datetime import UTC, datetime

import labelled_folder as drawn
import pyarrow.parquet as pq
import pytest

from landmark_core.errors import ConfigError
from landmark_core.judging import load_answers
from landmark_core.training import NoTrainProgress, assess
from landmark_core.training.learning import learn, open_data
from landmark_core.training.material import load_material, material_of, save_material

QUIET = NoTrainProgress()


def one_epoch(folder, out, **changes):
    config = drawn.settings(folder, out, **changes)
    return dataclasses.replace(config, recipe=dataclasses.replace(config.recipe, epochs=1))


def test_a_file_gives_back_what_was_saved_and_names_that_are_no_utf_8(tmp_path):
    drawn.draw_folder(tmp_path, each=4, others=2)
    material = material_of(open_data(drawn.settings(tmp_path, tmp_path / "models"), QUIET))
    first, *rest = material.photos
    odd = dataclasses.replace(first.ref, location="/caf\udce9.jpg", etag="e", modified_us=None)
    material = dataclasses.replace(material, photos=(dataclasses.replace(first, ref=odd), *rest))
    save_material(material, tmp_path / "material.parquet")
    assert load_material(tmp_path / "material.parquet") == material


def test_a_damaged_file_is_refused(tmp_path):
    (tmp_path / "material.parquet").write_bytes(b"PAR1")
    with pytest.raises(ConfigError, match=r"cannot be read .*: train without --resume"):
        load_material(tmp_path / "material.parquet")


def test_photos_that_come_while_a_network_learns_do_not_take_its_training_away(tmp_path):
    drawn.draw_folder(tmp_path)
    config = one_epoch(tmp_path, tmp_path / "models")
    begun_with = learn(config, QUIET).report.digest
    drawn.draw_folder(tmp_path, each=1, others=1, first=500)
    version = assess(config, QUIET, datetime.now(UTC))
    assert version.record.data_digest == begun_with
    rows = pq.read_table(version.folder / "photos.parquet").num_rows
    assert rows == 14 * 4


def test_a_photo_that_was_moved_to_the_tests_is_learnt_no_more(tmp_path):
    for label, name in enumerate(drawn.SHAPES):
        for number in range(16):
            side = "test" if number >= 14 else "train"
            drawn.write_photo(tmp_path / "data" / side / name / f"{number}.jpg", label, number)
    (tmp_path / "recipe.toml").write_text(drawn.RECIPE)
    config = one_epoch(tmp_path, tmp_path / "models", negatives=None, resume=True)
    learnt = learn(config, QUIET).workplace.folder
    rows = pq.read_table(learnt / "photos.parquet").to_pylist()
    moved = next(row for row in rows if row["learnt"] and "/train/Dome/" in row["uri"])
    source = tmp_path / "data" / "train" / "Dome" / moved["uri"].rpartition("/")[2]
    source.rename(tmp_path / "data" / "test" / "Dome" / source.name)
    again = learn(config, QUIET).workplace.folder
    judges = {photo.digest for photo in load_answers(again / "answers.parquet").photos}
    now = {row["digest"]: row for row in pq.read_table(again / "photos.parquet").to_pylist()}
    assert moved["digest"] in judges
    assert not now[moved["digest"]]["learnt"]
