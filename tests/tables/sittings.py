"""One server of the review page, without the page: what it laid out, and what it was told since."""

import random
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

from made_rows import number_of, photo_id_of, uri_of
from plain_library import Photo, Standing

from landmark_core.records import ReviewItem
from landmark_core.review import Choice, DecisionLog, version_of
from landmark_core.review.catalogue import open_catalogue
from landmark_core.tables import Store


@dataclass(frozen=True)
class Sent:
    """A keystroke as the page sends it, perhaps again."""

    action: str
    reviewer: str
    choices: list[Choice]


class Sitting:
    """Owns the decisions of one server; photos are those that were there when it started."""

    def __init__(self, out: str, clock: Callable[[], datetime], rng: random.Random) -> None:
        store = Store(out)
        self._log = DecisionLog(store, clock=clock, rng=rng)
        self._log.load()
        with open_catalogue(store, self._log.photo_ids()) as catalogue:
            items = [catalogue.item(number) for number in range(len(catalogue))]
        self.items = {number_of(item.ref.uri): item for item in items}
        assert len(self.items) == len(items)

    def choices(self, numbers: Collection[int], answer: str, tag: str) -> list[Choice]:
        """Say the same of some photos, those that are laid out here."""
        return [
            Choice(
                item=self.items[number],
                answer=answer,
                tag=tag if answer == "tag" else None,
                seconds=1.0,
                shown_by="margin",
            )
            for number in sorted(numbers)
            if number in self.items
        ]

    def decide(self, sent: Sent) -> None:
        """Take a decision that the page sent."""
        self._log.refresh()
        decided = self._log.decide(sent.action, sent.reviewer, sent.choices)
        assert sorted(decided) == sorted(choice.item.ref.photo_id for choice in sent.choices)

    def undo(self, action: str, reviewer: str, undoes: str | None) -> str | None:
        """Take an action back, and be asked for it twice; return which one it was."""
        self._log.refresh()
        found = [
            self._log.undo(action, reviewer, undoes, uri_of=lambda _: uri_of(0)) for _ in range(2)
        ]
        assert found[0] == found[1]
        return found[0] and found[0].action_id

    def standing(self, photo: Photo) -> tuple[tuple[str, str | None] | None, bool, bool]:
        """Return who settled a version as what, whether it was left to others, and is disputed."""
        self._log.refresh()
        version = version_of(photo.etag, photo.size, photo.modified)
        found = self._log.photo(photo_id_of(photo.number), version)
        settled = found.settled and (found.settled.reviewer, found.settled.tag)
        return settled, found.skipped is not None, found.disagree


def photo_of(item: ReviewItem) -> Photo:
    """Return the version of the photo that the person had in front of them."""
    ref = item.ref
    return Photo(number_of(ref.uri), ref.size_bytes, ref.modified_us, ref.etag)


def expected_standing(plain: Standing) -> tuple[tuple[str, str | None] | None, bool, bool]:
    """Return what `Sitting.standing` should say."""
    word = plain.settled
    return word and (word.reviewer, word.tag), plain.is_skipped, plain.is_disputed
