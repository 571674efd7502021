"""`landmarks find`: the paths of a landmark's photos, for people, xargs and scripts."""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from landmark_core.cli.console import EXIT_DONE
from landmark_core.config import TagConfig

if TYPE_CHECKING:
    from landmark_core.finding import FoundPhoto, Match, Presence, Search

HELP = "print the paths of a landmark's photos"
INTERRUPTED = "interrupted: not all photos were printed"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_EPILOG = """\
TAG may be written without case, accents and signs, cut short to words that begin right, or with a
slip: taj_mahal, TAJ, 'taj mahl'. What was taken is said on stderr where more than that was changed.

What people decided counts before what the model says, and is sure enough for any --min-confidence.
A photo that waits for a person, or shows no landmark, is found by the model's best guess.

--since and --until look at when the photo's file was last changed, as the last run saw it: not at
when it was taken, nor when it was tagged. A photo without such a time is then left out.

Local photos whose file is gone since it was tagged are left out and counted on stderr; --gone
prints them, too. Photos in buckets are not asked for.

Paths are printed as they are on disk, one a line; on a terminal, with control characters escaped.
For other programs, -0 is safe whatever the names are:

    landmarks find OUT 'taj mahal' -0 | xargs -0 cp -t chosen --
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add OUT, TAG, which photos and the form of the answer."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _EPILOG
    add = parser.add_argument
    add("out", metavar="OUT", help="the folder or URL that `landmarks tag` wrote")
    add("tag", metavar="TAG", help="name of a landmark")
    add(
        "--decision",
        choices=("tagged", "review", "no_landmark", "any"),
        default="tagged",
        help="what stands of the photo (default: tagged)",
    )
    add(
        "--min-confidence",
        type=float,
        default=0.0,
        metavar="X",
        help="the model is as sure as that, 0 to 1, or a person has decided",
    )
    add(
        "--since",
        metavar="WHEN",
        help="only files last changed since then: an age (36h, 7d, 2w), a day (2026-11-20) or a "
        "moment with its zone",
    )
    add("--until", metavar="WHEN", help="only files last changed before then, or on that day")
    add(
        "--time-zone",
        default=TagConfig(source="-", out="-").time_zone,
        metavar="ZONE",
        help="whose days these are (default: %(default)s)",
    )
    add("--limit", type=int, metavar="N", help="at most so many photos")
    add("--gone", action="store_true", help="photos whose file is gone, too")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("-0", "--null", action="store_true", help="end each path with a NUL byte")
    form.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Print what is found, as it is found."""
    from landmark_core.finding import FindSettings, Presence, find_photos
    from landmark_core.since import read_span
    from landmark_core.tables import Store

    settings = FindSettings(
        tag=arguments.tag,
        decision=arguments.decision,
        min_confidence=arguments.min_confidence,
        span=read_span(arguments.since, arguments.until, arguments.time_zone, datetime.now(UTC)),
        limit=arguments.limit,
    )
    presence = Presence()
    store = Store(arguments.out)
    if arguments.gone:
        search = find_photos(store, settings)
    else:
        search = find_photos(store, settings, presence.keep_present)
    _say_what_was_taken(search.match)
    if arguments.json:
        found = _print_json(search, presence)
    elif sys.stdout.isatty() and not arguments.null:
        found = _print_names(search.photos)
    else:
        found = _print_paths(search.photos, b"\0" if arguments.null else b"\n")
    dated = arguments.since or arguments.until
    _say_what_is_missing(found, presence.gone, _ABOUT_DATES if dated else "")
    return EXIT_DONE


# A copied file often has the day of the copy.
_ABOUT_DATES = "; --since and --until ask when the file was last changed, not when it was taken"


def _say_what_is_missing(found: int, gone: int, hint: str) -> None:
    if gone:
        photos, were, them = (
            ("photo is", "it was", "it") if gone == 1 else ("photos are", "they were", "them")
        )
        print(
            f"landmarks: {gone:,} {photos} gone since {were} tagged: left out; "
            f"--gone prints {them}",
            file=sys.stderr,
        )
    elif not found:
        print(f"landmarks: no photo fits{hint}", file=sys.stderr)


def _say_what_was_taken(match: Match) -> None:
    from landmark_core.report_text import printable

    if not match.is_spelled_so:
        taken = ", ".join(printable(tag) for tag in match.tags)
        print(f"landmarks: looking for {taken}", file=sys.stderr)


def _print_names(photos: Iterable[FoundPhoto]) -> int:
    """Print for eyes: no name can move the cursor."""
    from landmark_core.report_text import printable

    found = 0
    for photo in photos:
        print(printable(photo.uri))
        found += 1
    return found


def _print_paths(photos: Iterable[FoundPhoto], ending: bytes) -> int:
    """Print for programs: the bytes that open the photo."""
    found, out = 0, sys.stdout.buffer
    for photo in photos:
        out.write(os.fsencode(photo.location) + ending)
        found += 1
    out.flush()
    return found


def _print_json(search: Search, presence: Presence) -> int:
    """Print one object, written while the photos come."""
    found, match = 0, search.match
    head = json.dumps({"typed": match.typed, "tags": match.tags, "exact": match.is_exact})
    print(head.removesuffix("}") + ', "photos": [', end="")
    for found, values in enumerate(_values(search.photos), 1):
        # ASCII: a name that is not UTF-8 comes back by os.fsencode.
        print("," if found > 1 else "", json.dumps(values), sep="\n", end="")
    print(f'\n], "found": {found}, "gone": {presence.gone}}}')
    return found


def _values(photos: Iterable[FoundPhoto]) -> Iterator[dict[str, Any]]:
    for photo in photos:
        values = dataclasses.asdict(photo)
        values["path"] = values.pop("location")
        values["confidence"] = photo.confidence and round(photo.confidence, 6)  # float32
        values["modified_at"] = _moment(values.pop("modified_us"))
        yield values


def _moment(microseconds: int | None) -> str | None:
    """Return a moment as ISO 8601 in UTC; null where there is none, or none that Python knows."""
    try:
        if microseconds is not None:
            return (_EPOCH + timedelta(microseconds=microseconds)).isoformat()
    except OverflowError:  # past the year 9999, as a file's clock can be
        pass
    return None
