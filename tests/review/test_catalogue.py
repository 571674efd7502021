"""What is laid out: all that waits, all that was decided, a fair sample of the rest."""

import io
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from PIL import Image

from landmark_core.errors import ConfigError, PhotoError
from landmark_core.records import DecodedPhoto, PhotoRef, PhotoRow, Prediction, TagScore
from landmark_core.review.catalogue import open_catalogue
from landmark_core.review.people import People
from landmark_core.review.pictures import SIDES, Pictures
from landmark_core.review.queue import ORDERS, audit_draw
from landmark_core.review.views import STATES, ViewQuery, choose
from landmark_core.tables import Store, rows_to_table

START = datetime(2026, 11, 24, tzinfo=UTC)
DECISIONS = ("review", "tagged", "no_landmark")


def photo_id(number):
    return f"{(number + 1) * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128:032x}"


def row_of(number, folder="/photos", status="ok"):
    ref = PhotoRef(
        photo_id=photo_id(number),
        uri=f"{folder}/{number}.jpg",
        location="",
        size_bytes=100 + number,
        # The last one is from a clock that runs in the year 30000.
        modified_us=10**18 - 10**16 if number == 29 else 10**15 + number,
        etag=None,
    )
    confidence = (number % 10) / 10 + 0.05
    tags = (TagScore(tag=f"Tag {number % 3}", confidence=confidence),)
    prediction = Prediction(
        decision=DECISIONS[number % 3], tags=tags, margin=confidence, entropy=1.0, energy=None
    )
    return PhotoRow(
        photo=DecodedPhoto(
            ref=ref, status=status, error=None, content_sha256="ab" * 32, width=64, height=48
        ),
        prediction=prediction if status == "ok" else None,
        heatmap=None,
        model_id="m",
        preprocess_id="p",
        run_id=f"run-{number % 2}",
        tagged_at=START + timedelta(seconds=number),
    )


def store_of(tmp_path, rows):
    store = Store(str(tmp_path / "out"))
    store.write_part("run-0", 0, rows_to_table(rows))
    return store


def test_all_that_waits_and_was_decided_is_there(tmp_path):
    store = store_of(tmp_path, [*map(row_of, range(30)), row_of(30, status="corrupt")])
    decided = [photo_id(1), photo_id(2)]  # one tagged, one without a landmark
    with open_catalogue(store, decided, most_sampled=0) as catalogue:
        expected = {photo_id(n) for n in range(0, 30, 3)} | set(decided)
        assert {catalogue.item(n).ref.photo_id for n in range(len(catalogue))} == expected
        assert catalogue.machine_settled == 30 - len(expected)
        assert catalogue.waiting_left_out == 0
        for number in range(len(catalogue)):
            item = catalogue.item(number)
            assert catalogue.number_of(item.ref.photo_id) == number
            assert item.ref == row_of(int(item.ref.uri[8:-4])).photo.ref.__class__(
                photo_id=item.ref.photo_id,
                uri=item.ref.uri,
                location=item.ref.uri,
                size_bytes=item.ref.size_bytes,
                modified_us=item.ref.modified_us,
                etag=None,
            )
        assert catalogue.number_of("f" * 32) is None
        assert catalogue.number_of("../../etc/passwd") is None
        assert catalogue.number_of(photo_id(0).upper()) is None


def test_more_than_fits_is_counted(tmp_path):
    store = store_of(tmp_path, [row_of(n) for n in range(30)])
    with open_catalogue(store, (), most_waiting=4, most_sampled=0) as catalogue:
        assert len(catalogue) == 4
        assert catalogue.waiting_left_out == 6


def test_the_sample_is_the_lowest_draws_however_the_rows_come(tmp_path):
    settled = [n for n in range(3000) if n % 3]
    draws = audit_draw(np.array([int(photo_id(n)[:16], 16) for n in settled], np.uint64))
    lowest = {photo_id(settled[place]) for place in np.argsort(draws)[:50]}
    for seed in range(2):
        numbers = list(range(3000))
        random.Random(seed).shuffle(numbers)
        store = store_of(tmp_path / str(seed), [row_of(n) for n in numbers])
        with open_catalogue(store, (), most_waiting=1, most_sampled=50) as catalogue:
            machine = np.flatnonzero(catalogue.decision != 0)
            assert {catalogue.item(int(n)).ref.photo_id for n in machine} == lowest


def test_what_is_usual_comes_from_all_photos(tmp_path):
    store = store_of(tmp_path, [row_of(n) for n in range(300)])
    with open_catalogue(store, (), most_sampled=0) as catalogue:
        for name in ("Tag 0", "Tag 1", "Tag 2"):
            mine = [n % 10 / 10 + 0.05 for n in range(300) if f"Tag {n % 3}" == name]
            found = catalogue.usual[catalogue.tag == catalogue.tags.index(name)]
            if len(found):
                assert found[0] == pytest.approx(np.median(mine), abs=0.06)


def test_every_view_holds_what_its_words_say(tmp_path):
    store = store_of(tmp_path, [row_of(n) for n in range(60)])
    with open_catalogue(store, ()) as catalogue:
        people = People(catalogue)
        people.settled[3] = people.disagree[4] = people.skipped[5] = True
        people.settled[4] = True
        groups = np.arange(len(catalogue))
        plain = {
            "waiting": lambda n: catalogue.decision[n] == 0 and n not in (3, 4, 5),
            "settled": lambda n: n in (3, 4),
            "skipped": lambda n: n == 5,
            "disagree": lambda n: n == 4,
            "tagged": lambda n: catalogue.decision[n] == 1 and n not in (3, 4),
            "no_landmark": lambda n: catalogue.decision[n] == 2 and n not in (3, 4),
            "all": lambda n: True,
        }
        assert set(plain) == set(STATES)
        for state, holds in plain.items():
            for order in ORDERS:
                found = choose(catalogue, people, groups, ViewQuery(order=order, state=state))
                wanted = {n for n in range(60) if catalogue.decision[n] != 0}
                if order != "audit":
                    wanted = {n for n in range(60) if holds(n)}
                assert set(found.tolist()) == wanted
                assert len(found) == len(wanted)


def test_an_out_without_photos_is_refused(tmp_path):
    with (
        pytest.raises(ConfigError, match="nothing was tagged"),
        open_catalogue(Store(str(tmp_path)), ()),
    ):
        pass


@pytest.fixture
def one_photo(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    exif = Image.Exif()
    exif[0x010E] = "a secret"
    pixels = np.random.default_rng(1).integers(0, 255, (48, 64, 3), np.uint8)
    image = Image.fromarray(pixels).resize((3000, 2000), Image.Resampling.NEAREST)
    image.save(folder / "0.jpg", exif=exif)
    store = store_of(tmp_path, [row_of(0, folder=str(folder))])
    with open_catalogue(store, ()) as catalogue:
        yield store, catalogue.item(0), folder / "0.jpg"


def test_pictures_have_their_size_and_no_secrets(one_photo):
    store, item, _ = one_photo
    pictures = Pictures(store)
    for size, side in SIDES.items():
        picture = pictures.photo(item, size)
        with Image.open(io.BytesIO(picture.jpeg)) as image:
            assert max(image.size) == min(side, 3000)
        assert b"secret" not in picture.jpeg
        assert picture.is_changed  # the row says another digest
        assert pictures.photo(item, size) is picture  # kept


def test_a_photo_that_is_gone_is_a_photo_error(one_photo):
    store, item, path = one_photo
    path.unlink()
    with pytest.raises(PhotoError):
        Pictures(store).photo(item, "screen")
    with pytest.raises(PhotoError):
        Pictures(store).heatmap(item)


@pytest.mark.parametrize(
    "location", ["http://169.254.169.254/x", "https://a/b", "ftp://a/b", "simplecache::s3://a/b"]
)
def test_photos_are_not_fetched_from_the_network(one_photo, location):
    store, item, _ = one_photo
    elsewhere = replace(item, ref=replace(item.ref, location=location))
    with pytest.raises(PhotoError):
        Pictures(store).photo(elsewhere, "thumb")
