"""Who learns, who judges: of one split, of folds, and where DATA brings its own test photos."""

from types import SimpleNamespace

import labelled_folder as drawn
import numpy as np
import pytest

from landmark_core.errors import ConfigError
from landmark_core.training import NoTrainProgress
from landmark_core.training.learning import open_data
from landmark_core.training.plan import plan_models

QUIET = NoTrainProgress()


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    folder = tmp_path_factory.mktemp("plan")
    drawn.draw_folder(folder)
    return open_data(drawn.settings(folder, folder / "models"), QUIET)


@pytest.fixture(scope="module")
def divided(tmp_path_factory):
    """DATA that comes split, with a near-duplicate of a test photo among those to learn from."""
    folder = tmp_path_factory.mktemp("divided")
    drawn.draw_folder(folder)
    (folder / "data").rename(folder / "train")
    drawn.draw_folder(folder, each=4, others=0, first=50)
    (folder / "data").rename(folder / "test")
    (folder / "data").mkdir()
    for name in ("train", "test"):
        (folder / name).rename(folder / "data" / name)
    drawn.write_photo(folder / "data/train/00.Arch/copy.jpg", 0, 50, quality=70)
    return open_data(drawn.settings(folder, folder / "models"), QUIET)


def slots(dataset, numbers):
    return {dataset.slots[number] for number in numbers}


def test_one_split_is_by_slots(dataset):
    (model,) = plan_models(dataset, 0)
    assert model.final
    assert slots(dataset, model.train) <= set(range(6, 20))
    assert slots(dataset, model.validation) <= {3, 4, 5}
    assert slots(dataset, model.judges) <= {0, 1, 2}
    assert model.calibrates.tolist() == model.validation.tolist()
    parts = [*model.train, *model.validation, *model.judges]
    assert sorted(parts) == list(range(len(dataset.photos)))


@pytest.mark.parametrize("folds", [3, 4])
def test_folds_judge_every_photo_once_by_a_model_that_never_saw_its_group(dataset, folds):
    *held_out, final = plan_models(dataset, folds)
    assert [model.fold for model in held_out] == list(range(folds))
    judged = np.concatenate([model.judges for model in held_out])
    assert sorted(judged.tolist()) == list(range(len(dataset.photos)))
    for model in held_out:
        assert not model.final
        learnt = {dataset.groups[number] for number in model.train}
        assert not learnt & {dataset.groups[number] for number in model.judges}
        assert model.calibrates.tolist() == model.judges.tolist()
    assert final.final
    assert final.train.tolist() == list(range(len(dataset.photos)))
    assert not len(final.validation)
    assert not len(final.judges)
    assert len({model.key for model in (*held_out, final)}) == folds + 1


@pytest.mark.parametrize("folds", [0, 3])
def test_given_test_photos_judge_and_neither_they_nor_copies_are_learnt(divided, folds):
    models = plan_models(divided, folds)
    uris = [photo.ref.uri for photo in divided.photos]
    given = {number for number, uri in enumerate(uris) if "/test/" in uri}
    (copy,) = (number for number, uri in enumerate(uris) if uri.endswith("copy.jpg"))
    assert len(given) == 12
    for model in models:
        assert not given & set(model.train.tolist())
        assert copy not in model.train
    assert given <= set(models[-1].judges.tolist())


def test_too_few_photos_for_so_many_folds_are_refused(tmp_path):
    drawn.draw_folder(tmp_path, each=2, others=2)
    few = open_data(drawn.settings(tmp_path, tmp_path / "models"), QUIET)
    with pytest.raises(ConfigError, match="too few"):
        plan_models(few, 20)


class Photos:
    """A dataset as far as planning looks at it: photo n has slot n of 20, and is of its own."""

    def __init__(self, given_test: frozenset[int] = frozenset()) -> None:
        self.slots = self.groups = tuple(range(20))
        self.labels = np.zeros(20, np.int64)
        self.photos = tuple(SimpleNamespace(source="folder") for _ in range(20))
        self.given_test, self.given_validation = given_test, frozenset()


def test_the_one_model_by_hand():
    (model,) = plan_models(Photos(), 0)
    assert (model.name, model.key, model.fold, model.final) == ("", "model", None, True)
    assert model.judges.tolist() == [0, 1, 2]
    assert model.validation.tolist() == model.calibrates.tolist() == [3, 4, 5]
    assert model.train.tolist() == list(range(6, 20))


def test_the_models_of_two_folds_by_hand():
    first, second, final = plan_models(Photos(frozenset({4, 1})), 2)
    assert [(one.name, one.key, one.fold, one.final) for one in (first, second, final)] == [
        ("fold 1", "fold-0", 0, False),
        ("fold 2", "fold-1", 1, False),
        ("all photos", "all", None, True),
    ]
    low, high = [0, 2, 3, 5, 6, 7, 8, 9], list(range(10, 20))
    assert (first.train.tolist(), second.train.tolist()) == (high, low)
    assert first.calibrates.tolist() == first.judges.tolist() == low
    assert second.calibrates.tolist() == second.judges.tolist() == high
    assert (len(first.validation), len(final.validation), len(final.calibrates)) == (0, 0, 0)
    assert final.train.tolist() == [*low, *high]
    assert (final.judges.tolist(), final.judges.dtype) == ([1, 4], np.int64)
