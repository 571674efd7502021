"""Kept views: what the frozen stages give, from disk, whoever asks, whenever it was killed."""

import drawn_photos as drawn
import numpy as np
import pytest
import torch

from landmark_core.errors import RunError
from landmark_core.training import kept as kept_module
from landmark_core.training.augment import build_augmentation, draw_view
from landmark_core.training.averaging import average_weights
from landmark_core.training.examples import QuietWatch, in_batches
from landmark_core.training.kept import keep_views, kept_bytes
from landmark_core.training.recipe import Recipe

NUMBERS = np.array([3, 30, 11, 7, 25, 26, 1, 2, 39, 5, 6, 12, 13, 14, 15, 16, 17, 18, 19])
VIEWS = 3


def keep(folder, *, frozen=2, network=None, watch=None, numbers=NUMBERS, seed=1, **recipe):
    settings = drawn.SMALL | {"views": VIEWS, "frozen_stages": frozen} | recipe
    return keep_views(
        network or drawn.small_network(),
        drawn.DrawnPhotos(),
        numbers,
        Recipe(**settings),
        preprocess=drawn.PREPROCESS,
        digest="drawn",
        seed=seed,
        device=torch.device("cpu"),
        folder=folder,
        watch=watch,
    )


class Counting(QuietWatch):
    def __init__(self) -> None:
        self.made: list[int] = []

    def views_made(self, photos: int) -> None:
        self.made.append(photos)


def test_kept_views_are_the_drawn_ones_through_the_frozen_stages(tmp_path):
    kept = keep(tmp_path)
    network, photos = drawn.small_network().eval(), drawn.DrawnPhotos()
    augmentation = build_augmentation("light", drawn.SIDE)
    for number in (30, 3, 19):
        for view in range(VIEWS):
            pixels = draw_view(
                augmentation, photos.photo(number), seed=1, epoch=view, number=number
            )
            with torch.no_grad():
                values = drawn.PREPROCESS.normalise(pixels[None])
                expected = network.stages[1](network.stages[0](values))
            got = kept.views(np.array([number]), np.array([view]))
            torch.testing.assert_close(got.float(), expected, rtol=0.05, atol=0.05)


def test_rows_follow_the_question_and_crops_are_the_taggers(tmp_path):
    kept = keep(tmp_path, frozen=0)  # pixels themselves, so they must be equal
    asked = np.array([39, 3, 3, 14])
    expected = torch.from_numpy(drawn.DrawnPhotos().crops(asked)).permute(0, 3, 1, 2)
    assert torch.equal(kept.crops(asked), expected)
    chosen = np.array([2, 0, 1, 2])
    one_by_one = [kept.views(asked[n : n + 1], chosen[n : n + 1]) for n in range(4)]
    assert torch.equal(kept.views(asked, chosen), torch.cat(one_by_one))
    size = (tmp_path / kept.views_file.name).stat().st_size + kept.crops_file.stat().st_size
    assert size == kept_bytes(kept) == len(NUMBERS) * (VIEWS + 1) * 3 * drawn.SIDE**2


def test_a_photo_without_views_is_refused(tmp_path):
    with pytest.raises(ValueError, match="none were kept of"):
        keep(tmp_path).crops(np.array([3, 4]))


def test_a_second_training_takes_them_up(tmp_path):
    first = keep(tmp_path)
    before = first.views_file.read_bytes()
    watch = Counting()
    assert keep(tmp_path, watch=watch).views_file == first.views_file
    assert watch.made == [len(NUMBERS)]
    assert first.views_file.read_bytes() == before


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"seed": 2}, id="seed"),
        pytest.param({"writing": 0.5}, id="recipe"),
        pytest.param({"frozen": 1}, id="stages"),
        pytest.param({"numbers": NUMBERS[:-1]}, id="photos"),
        pytest.param({"network": drawn.small_network(seed=7)}, id="weights"),
    ],
)
def test_other_views_lie_in_other_files(tmp_path, change):
    assert keep(tmp_path).views_file != keep(tmp_path, **change).views_file


def test_a_killed_making_goes_on_where_it_was(tmp_path, monkeypatch):
    class Killed(Exception):  # noqa: N818
        pass

    class Killing(QuietWatch):
        def views_made(self, photos: int) -> None:
            if photos:
                raise Killed

    monkeypatch.setattr(kept_module, "CHUNK", 8)
    whole = keep(tmp_path / "whole")
    with pytest.raises(Killed):
        keep(tmp_path / "killed", watch=Killing())
    watch = Counting()
    resumed = keep(tmp_path / "killed", watch=watch)
    assert watch.made == [8, 8, 3]
    assert resumed.views_file.read_bytes() == whole.views_file.read_bytes()
    assert resumed.crops_file.read_bytes() == whole.crops_file.read_bytes()


def test_tokens_instead_of_maps_are_refused(tmp_path):
    network = drawn.small_network()
    network.stages.insert(1, torch.nn.Flatten(2))
    with pytest.raises(RunError, match=r"expected \(N, C, H, W\).*set views = 0"):
        keep(tmp_path, network=network)


def test_batches_are_even():
    sizes = [len(batch) for batch in in_batches(np.arange(129), 64)]
    assert sizes == [43, 43, 43]
    assert in_batches(np.arange(0), 64) == []


def test_the_mean_of_weights_by_hand():
    states = [
        {"w": torch.tensor([1.0, 4.0]), "n": torch.tensor(3)},
        {"w": torch.tensor([3.0, 8.0]), "n": torch.tensor(5)},
    ]
    mean = average_weights(states)
    assert mean["w"].tolist() == [2.0, 6.0]
    assert mean["n"].item() == 5
    with pytest.raises(ValueError, match="one architecture"):
        average_weights([states[0], {"w": torch.zeros(3), "n": torch.tensor(1)}])
