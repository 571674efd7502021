"""Which photos a version has met: by those alone it must not be judged."""

import labelled_folder as drawn
import numpy as np
import pytest

from landmark_core.errors import ConfigError
from landmark_core.training import NoTrainProgress
from landmark_core.training.learning import open_data
from landmark_core.training.material import material_of
from landmark_core.training.photo_list import met_photos, save_photo_list
from landmark_core.training.plan import NONE, Model

QUIET = NoTrainProgress()


def model_of(train):
    return Model(
        name="",
        key="model",
        train=np.array(train, np.int64),
        validation=NONE,
        calibrates=NONE,
        judges=NONE,
        fold=None,
        final=True,
    )


def test_copies_that_came_later_of_what_was_learnt_were_met_as_well(tmp_path):
    drawn.draw_folder(tmp_path, each=8, others=4)
    config = drawn.settings(tmp_path, tmp_path / "models")
    before = open_data(config, QUIET)
    learnt = [n for n, photo in enumerate(before.photos) if photo.label == 0]
    save_photo_list(before, [model_of(learnt)], tmp_path / "photos.parquet")
    for label, name in enumerate(drawn.SHAPES):  # copies of all photos of all classes
        for number in range(8):
            path = tmp_path / "data" / f"{label:02}.{name}" / f"copy-{number}.jpg"
            drawn.write_photo(path, label, number, quality=70)
    after = open_data(config, QUIET)
    firsts = {after.photos[group].digest for group in after.groups}
    assert firsts - {photo.digest for photo in before.photos}  # some groups have another name now
    met = met_photos(material_of(after), tmp_path / "photos.parquet")
    assert met == {photo.digest for photo in after.photos if photo.label == 0}


def test_a_version_without_its_list_is_refused(tmp_path):
    drawn.draw_folder(tmp_path, each=4, others=2)
    dataset = open_data(drawn.settings(tmp_path, tmp_path / "models"), QUIET)
    with pytest.raises(ConfigError, match="cannot be read"):
        met_photos(material_of(dataset), tmp_path / "photos.parquet")
