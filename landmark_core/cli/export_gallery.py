"""`landmarks export --format gallery`: a folder of pages, with a bar while pictures are made."""

import argparse
import sys
from datetime import UTC, datetime

from landmark_core.cli.console import EXIT_DONE
from landmark_core.errors import ConfigError


def export_gallery(arguments: argparse.Namespace) -> int:
    """Write the album and say what became of it."""
    from tqdm import tqdm

    from landmark_core.album import write_album
    from landmark_core.number_text import count_text
    from landmark_core.tables import Store

    if not arguments.to:
        raise ConfigError("--format gallery needs --to FOLDER, a new or empty folder")
    if arguments.config_to or arguments.image_prefix:
        raise ConfigError("--config-to and --image-prefix go with --format label-studio")
    with tqdm(unit="photo", desc="pictures", delay=1, disable=not sys.stderr.isatty()) as bar:
        album = write_album(
            Store(arguments.out),
            arguments.to.absolute(),
            state=arguments.state,
            now=datetime.now(UTC),
            progress=bar.update,
        )
    pictures = album.pictures
    print(
        f"{count_text(album.photos, 'photo')} of {count_text(album.landmarks, 'landmark')}: "
        f"{arguments.to / 'index.html'}\n"
        + (f"{album.unreadable:,} more could not be read\n" if album.unreadable else "")
        + f"pictures: {pictures.made:,} made, {pictures.kept:,} kept, {album.removed:,} removed, "
        f"{pictures.missing:,} of photos that are gone, changed or too large"
    )
    return EXIT_DONE
