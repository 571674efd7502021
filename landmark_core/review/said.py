"""All that people said of the photos of a library, with what was taken back left out. Pure.

An undo takes back a decision wherever it stands and whenever it is read; undoing an undo, or what
is not there, changes nothing. A decision that is read twice counts once.
"""

from collections.abc import Iterator

from landmark_core.review.standing import Opinion, PhotoReviews, Version, weigh

_NOTHING = PhotoReviews()


class Said:
    """Decisions by photo and version."""

    def __init__(self) -> None:
        self._said: dict[str, list[tuple[Version, Opinion]]] = {}  # by photo, as they were read
        self._photo_of: dict[str, str] = {}  # of every decision
        self._undone: set[str] = set()

    def add(self, photo_id: str, version: Version, opinion: Opinion) -> None:
        """Take in a decision; one that is known already is passed over."""
        if opinion.decision_id in self._photo_of:
            return
        self._photo_of[opinion.decision_id] = photo_id
        self._said.setdefault(photo_id, []).append((version, opinion))

    def undo(self, decision_id: str) -> str | None:
        """Take a decision back; return its photo, null where it is not known yet."""
        self._undone.add(decision_id)
        return self._photo_of.get(decision_id)

    def is_undone(self, decision_id: str) -> bool:
        """Whether a decision was taken back."""
        return decision_id in self._undone

    def photo_ids(self) -> tuple[str, ...]:
        """Return all photos on which anything was ever said."""
        return tuple(self._said)

    def photo(self, photo_id: str, version: Version) -> PhotoReviews:
        """Return what stands of one version of a photo."""
        said = [
            opinion
            for other, opinion in self._said.get(photo_id, ())
            if other == version and opinion.decision_id not in self._undone
        ]
        # Stable: of equally new ones, the one that was read later is newer.
        return weigh(sorted(said, key=lambda one: one.decided_at)) if said else _NOTHING

    def settled(self) -> Iterator[tuple[str, Opinion]]:
        """Yield the settling decision of each photo and version, with the photo."""
        for photo_id, said in self._said.items():
            for version in dict.fromkeys(version for version, _ in said):
                settled = self.photo(photo_id, version).settled
                if settled:
                    yield photo_id, settled
