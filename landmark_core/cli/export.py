"""`landmarks export`: what stands of each photo, for people and for other programs."""

import argparse
import contextlib
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from landmark_core.cli.console import EXIT_DONE
from landmark_core.cli.export_gallery import export_gallery
from landmark_core.cli.export_xmp import add_xmp_arguments, refuse_xmp_arguments, run_xmp
from landmark_core.cli.outputs import refuse_overwriting
from landmark_core.errors import ConfigError

HELP = "write photos and their tags for a spreadsheet, photo programs, scripts or Label Studio"
FORMATS = ("csv", "gallery", "jsonl", "label-studio", "xmp")
INTERRUPTED = "interrupted: no file is half written; the same command does the rest"

_EPILOG = """\
csv: one row a photo. Edit person_decision (tag, not_a_landmark, skip) and person_tag, then
`landmarks import OUT FILE`. A cell that a spreadsheet would run as a formula has an apostrophe in
front, which import takes away.

jsonl: one JSON object a line and photo, with every column of the tags and what people said.

gallery: a folder of pages with small pictures, by landmark and confidence; open its index.html. A
second time, only the pictures of new photos are made.

label-studio: tasks with the model's answer as prediction and people's as annotations; photos that
could not be read are left out. Make the project with the labelling config of --config-to. So that
Label Studio can show local photos, serve them and say where: for its own file server
--image-prefix '/data/local-files/?d=' --image-root <its LOCAL_FILES_DOCUMENT_ROOT>.

xmp: sidecars beside the photos, for digiKam, Lightroom, darktable, Immich and PhotoPrism. Photos
are not touched; what others wrote in a sidecar stays as it is. Run again, the command changes and
removes what it wrote itself, and nothing else; --undo takes all of that back.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add OUT, the format and where to write."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _EPILOG
    parser.add_argument("out", metavar="OUT", help="the folder or URL that `landmarks tag` wrote")
    parser.add_argument("--format", required=True, choices=FORMATS)
    parser.add_argument(
        "--to",
        metavar="FILE",
        type=Path,
        help="default: standard output; for gallery a folder of its own",
    )
    parser.add_argument(
        "--state",
        choices=("all", "waiting", "settled", "tagged", "no_landmark"),
        default="all",
        help="only photos that wait for a person, were settled by one, or ended so (default: all)",
    )
    label_studio = parser.add_argument_group("label-studio")
    label_studio.add_argument(
        "--config-to", metavar="FILE", type=Path, help="write the labelling config (XML) there"
    )
    label_studio.add_argument(
        "--image-prefix",
        metavar="PREFIX",
        default="",
        help="put before the path of each photo, so that Label Studio finds it",
    )
    label_studio.add_argument(
        "--image-root",
        metavar="FOLDER",
        default="/",
        help="folder or URL that PREFIX stands for: paths are taken from there (default: /)",
    )
    add_xmp_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Write one export."""
    if arguments.format == "xmp":
        return run_xmp(arguments)
    refuse_xmp_arguments(arguments)
    from landmark_core.export import ExportSettings, export_photos
    from landmark_core.number_text import count_text
    from landmark_core.tables import Store

    if arguments.format == "gallery":
        return export_gallery(arguments)
    is_csv = arguments.format == "csv"
    if arguments.format != "label-studio" and (arguments.config_to or arguments.image_prefix):
        raise ConfigError("--config-to and --image-prefix go with --format label-studio")
    settings = ExportSettings(
        format=arguments.format,
        state=arguments.state,
        image_prefix=arguments.image_prefix,
        image_root=_absolute(arguments.image_root),
    )
    if arguments.to:
        refuse_overwriting("--to", arguments.to, arguments.format)
    if arguments.config_to:
        refuse_overwriting("--config-to", arguments.config_to, "labelling config")
    # Excel takes a file for UTF-8 by the mark in front; a program that reads a pipe stumbles on it.
    encoding = "utf-8-sig" if is_csv and arguments.to else "utf-8"
    with _opened(arguments.to, encoding) as file:
        done = export_photos(Store(arguments.out), file, settings, datetime.now(UTC))
    if arguments.config_to and done.config is not None:
        with _opened(arguments.config_to, "utf-8") as file:
            file.write(done.config)
    if arguments.to:
        print(f"{count_text(done.photos, 'photo')} written to {arguments.to}")
    return EXIT_DONE


@contextlib.contextmanager
def _opened(path: Path | None, encoding: str) -> Iterator[TextIO]:
    """Open a file that appears whole or not at all, or standard output."""
    from landmark_core.tables import Folder

    if path is None:
        with open(sys.stdout.fileno(), "w", encoding=encoding, newline="", closefd=False) as file:
            yield file
        return
    with (
        Folder(path.absolute().parent).new_file(path.name) as temporary,
        temporary.open("w", encoding=encoding, newline="") as file,
    ):
        yield file


def _absolute(root: str) -> str:
    # Without resolving links: photos have the paths by which they were found.
    return root if "://" in root else os.path.abspath(root)  # noqa: PTH100
