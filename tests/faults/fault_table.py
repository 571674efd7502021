"""The faults that a run may meet: points x kinds, each with the ending that is promised.

    unharmed   exit 0; the rows of a run without the fault
    row        exit 0; the photos that were hit have a row that says why; the others theirs as ever
    left out   exit 0; what could not be listed is counted, and done by the next run
    stopped    exit 1 and one line; what was finished is whole
    refused    exit 2 and one line; nothing was written
    killed     the process is gone; what was finished is whole

After every ending the same command without the fault brings every photo to its one good row.
"""

from dataclasses import dataclass

from injector import Fault

ALWAYS = 10**9  # times: the fault does not pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A call to the outside, for chosen paths; and what comes of it by kind of fault."""

    name: str
    call: str
    path: str
    endings: dict[str, str]
    nth: int = 1

    def faults(self) -> "list[tuple[Fault, str]]":
        """Return each fault with its promised ending; "EIO always" is one that does not pass."""
        return [
            (
                Fault(
                    call=self.call,
                    kind=kind.removesuffix(" always"),
                    path=self.path,
                    nth=self.nth,
                    times=ALWAYS if kind.endswith(" always") else 1,
                ),
                ending,
            )
            for kind, ending in self.endings.items()
        ]


def _all(ending: str, *kinds: str) -> dict[str, str]:
    return dict.fromkeys(kinds, ending)


QUIET = _all("unharmed", "delay", "clock back")
DEATH = _all("killed", "kill", "kill after")
DISK = ("EIO", "ENOSPC", "EROFS", "EACCES", "EDQUOT")
CHANGE = _all("stopped", *DISK) | QUIET | DEATH  # of the disk
# The kernel may take less of a write than it was given, and is right.
WRITE = _all("stopped", *DISK) | _all("unharmed", "short") | QUIET | DEATH

TAG = (
    Point(
        name="list SOURCE",
        call="list",
        path=r"photos$",
        nth=2,
        endings=_all("refused", "EIO", "EACCES", "ENOENT", "EMFILE") | QUIET | DEATH,
    ),
    Point(
        name="list a folder in SOURCE",
        call="list",
        path=r"photos/deep$",
        endings=_all("left out", "EIO", "EACCES", "ENOENT", "EMFILE") | QUIET | DEATH,
    ),
    Point(
        name="look at a photo",
        call="look",
        path=r"photos/03\.jpg$",
        endings=_all("row", "EIO", "EACCES", "ENOENT") | QUIET | DEATH,
    ),
    Point(
        name="open a photo",
        call="open",
        path=r"photos/03\.jpg$",
        endings=_all("row", "EIO always", "EACCES always", "ENOENT always", "EMFILE always")
        | QUIET
        | DEATH,
    ),
    Point(
        name="read a photo",
        call="read",
        path=r"photos/03\.jpg$",
        endings=_all("row", "EIO always", "cut always", "MemoryError always") | QUIET | DEATH,
    ),
    Point(
        name="decode a photo",
        call="decode",
        path="",
        nth=4,
        endings=_all("row", "MemoryError", "EIO") | QUIET | DEATH,
    ),
    Point(
        name="forward a batch",
        call="forward",
        path="",
        nth=3,
        endings=_all("stopped", "EIO", "MemoryError") | QUIET | DEATH,
    ),
    Point(
        name="explain a batch",
        call="explain",
        path="",
        endings=_all("stopped", "EIO", "MemoryError") | QUIET | DEATH,
    ),
    Point(
        name="draw a heatmap",
        call="draw",
        path="",
        nth=3,
        endings=_all("stopped", "EIO", "MemoryError") | QUIET | DEATH,
    ),
    Point(
        name="write a heatmap",
        call="write",
        path=r"heatmaps/",
        nth=3,
        endings=WRITE,
    ),
    Point(
        name="flush a heatmap",
        call="flush",
        path=r"heatmaps/.*\.tmp$",
        nth=3,
        endings=CHANGE,
    ),
    Point(
        name="rename a heatmap",
        call="rename",
        path=r"heatmaps/",
        nth=3,
        endings=CHANGE,
    ),
    Point(
        name="flush the folder of heatmaps",
        call="flush",
        path=r"heatmaps/run=[^/]*$",
        endings=CHANGE,
    ),
    Point(
        name="make a folder of tags",
        call="make folder",
        path=r"tags",
        endings=CHANGE,
    ),
    Point(
        name="write a part",
        call="write",
        path=r"tags/",
        nth=2,
        endings=WRITE,
    ),
    Point(
        name="flush a part",
        call="flush",
        path=r"tags/.*\.tmp$",
        nth=2,
        endings=CHANGE,
    ),
    Point(
        name="rename a part",
        call="rename",
        path=r"tags/",
        nth=2,
        endings=CHANGE,
    ),
    Point(
        name="flush the folder of parts",
        call="flush",
        path=r"tags/run=[^/]*$",
        nth=2,
        endings=CHANGE,
    ),
    Point(
        name="write the plan",
        call="rename",
        path=r"runs/.*\.plan\.parquet$",
        endings=CHANGE,
    ),
    Point(
        name="read the plan",
        call="open",
        path=r"runs/.*\.plan\.parquet$",
        endings=_all("stopped", "EIO always", "EACCES always", "ENOENT always") | QUIET | DEATH,
    ),
    Point(
        name="write the run file",
        call="write",
        path=r"runs/\.[^/]*\.json\.",
        endings=WRITE,
    ),
    Point(
        name="rename the run file",
        call="rename",
        path=r"runs/[^/]*\.json$",
        endings=CHANGE,
    ),
    Point(
        name="take the lock",
        call="lock",
        path=r"runs/\.lock$",
        endings=_all("stopped", "EIO", "EACCES always")
        | _all("unharmed", "ENOLCK", "ENOTSUP")
        | QUIET
        | DEATH,
    ),
    Point(
        name="probe OUT",
        call="write",
        path=r"runs/\.\.probe",
        endings=_all("refused", *DISK) | _all("unharmed", "short") | QUIET | DEATH,
    ),
    Point(
        name="list OUT's tables",
        call="list",
        path=r"out/tags",
        endings=_all("stopped", "EIO always", "EACCES always", "EMFILE always") | QUIET | DEATH,
    ),
    Point(
        name="list OUT's runs",
        call="list",
        path=r"out/runs",
        endings=_all("stopped", "EIO always", "EACCES always", "EMFILE always") | QUIET | DEATH,
    ),
    Point(
        name="sweep a leftover",
        call="remove",
        path=r"tags/.*\.tmp$",
        endings=_all("stopped", "EIO", "EROFS", "EACCES") | QUIET | DEATH,
    ),
    Point(
        name="make scratch room",
        call="make folder",
        path=r"/scratch/",
        endings=CHANGE,
    ),
)


def to_markdown(points: tuple[Point, ...] = TAG) -> str:
    """Return the table as docs/reliability.md shows it: a line a point, kinds by their ending."""
    order = ("unharmed", "row", "left out", "stopped", "refused", "killed")
    lines = ["| where | " + " | ".join(order) + " |", "|---" * (len(order) + 1) + "|"]
    for point in points:
        cells = [", ".join(k for k, end in point.endings.items() if end == one) for one in order]
        lines.append(f"| {point.name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(to_markdown())
