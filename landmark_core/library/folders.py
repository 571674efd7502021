"""Walk a local folder: its photos, one by one, in the byte order of their relative paths.

Depth first with an explicit stack, so depth is bounded by the file system alone; memory is bounded
by the names of the folders that are open at one time. Reads names and, where a name leaves it open,
a file's first bytes; never opens pipes, sockets or devices. No fsspec, no torch.
"""

import logging
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from landmark_core.library.identity import local_ref
from landmark_core.library.kinds import HEAD_BYTES, Judgement, judge_name, sniff
from landmark_core.library.own_places import is_run_folder
from landmark_core.library.selection import Counts, Selection
from landmark_core.records import PhotoRef

logger = logging.getLogger(__name__)

_Inode = tuple[int, int]  # device and number: one folder, whatever its name


@dataclass(frozen=True, slots=True)
class _Folder:
    """A folder on the way down, and its entries still to visit, last first."""

    path: bytes
    inode: _Inode
    names: list[bytes]  # folders and links to folders end in "/", as they do in a bucket's keys


def walk_folder(root: str, selection: Selection, counts: Counts) -> Iterator[PhotoRef]:
    """Yield the photos below a folder, lazily.

    Args:
        root: absolute path of the folder; may itself be a symbolic link.
        selection: what to take; patterns apply to paths relative to root.
        counts: grows by everything that is met.
    """
    walk = _Walk(os.fsencode(root), selection, counts)
    stack = walk.enter(walk.root, ())
    while stack:
        folder = stack[-1]
        if not folder.names:
            stack.pop()
            continue
        name = folder.names.pop()
        path = folder.path.rstrip(b"/") + b"/" + name.rstrip(b"/")
        if name.endswith(b"/"):
            stack += walk.enter(path, stack)
        elif (
            ref := take_file(os.fsdecode(path), walk.relative(path), selection, counts)
        ) is not None:
            yield ref


def take_file(
    path: str, relative: str, selection: Selection, counts: Counts, *, is_named: bool = False
) -> PhotoRef | None:
    """Return the photo at a path that is no folder, or count why it is none.

    Args:
        path: absolute path in `os.fsdecode` form; links are followed.
        relative: what the patterns are matched against.
        is_named: somebody named this file; where nothing can be told of it, it is a photo that
            failed rather than no photo.
    """
    try:
        status = os.stat(path)  # noqa: PTH116 (making a Path takes longer than the call)
    except (OSError, ValueError):  # gone, too long a path or an impossible one
        status = None
    judgement = _judge(path, status)
    if judgement != "not_photo" and selection.is_older(changed_us(status)):
        counts.older += 1  # told before a file is opened: most of a library is old
        return None
    if judgement == "look_inside":
        found = is_named if status is None else _holds_image(path)
        judgement = "photo" if found else "not_photo"
    if judgement == "not_photo":
        counts.not_photos += 1
        return None
    if not selection.patterns.keeps(relative):
        counts.excluded += 1
        return None
    counts.photos += 1
    return local_ref(path, status)


def changed_us(status: os.stat_result | None) -> int | None:
    """Return when a file came to be as and where it is, in microseconds since 1970.

    A copy that keeps times (cp -p, rsync -a) has the camera's modification time; only the inode's
    own time tells that it is new here.
    """
    return None if status is None else max(status.st_mtime_ns, status.st_ctime_ns) // 1000


class _Walk:
    """One walk's fixed surroundings, and what each folder is asked."""

    def __init__(self, root: bytes, selection: Selection, counts: Counts) -> None:
        self.root = root
        self._real_root = os.path.realpath(root)
        self._selection = selection
        self._counts = counts
        self._skipped = [os.fsencode(path) for path in selection.skip]

    def enter(self, path: bytes, above: "list[_Folder] | tuple[()]") -> list[_Folder]:
        """Return the folder opened, or nothing where it is skipped, pruned or unreadable."""
        is_root = path == self.root
        if not is_root and self._selection.patterns.prunes(self.relative(path)):
            self._counts.excluded += 1
            return []
        try:
            status = Path(os.fsdecode(path)).stat()
            inode = (status.st_dev, status.st_ino)
            if any(folder.inode == inode for folder in above):
                self._counts.links_not_followed += 1  # a loop: this folder contains itself
                return []
            if not is_root and (is_run_folder(self.relative(path)) or self._is_skipped(inode)):
                return []
            return [_Folder(path, inode, self._names(path))]
        except OSError as error:
            self._counts.unreadable_folders += 1
            logger.warning("folder not listed: %r: %s", os.fsdecode(path), error.strerror)
            return []

    def _names(self, path: bytes) -> list[bytes]:
        """List a folder for popping from the end; links that are not followed are counted."""
        names = []
        with os.scandir(path) as entries:
            for entry in entries:
                if entry.is_symlink() and not self._follows(entry):
                    self._counts.links_not_followed += 1
                else:
                    names.append(entry.name + b"/" if _is_folder(entry) else entry.name)
        # With the slash at the folders' ends this is the byte order of the whole paths.
        names.sort(reverse=True)
        return names

    def _follows(self, link: os.DirEntry[bytes]) -> bool:
        try:
            if self._selection.follow_links:
                return link.stat() is not None
            inside = self._real_root.rstrip(b"/") + b"/"
            return not link.is_dir() and os.path.realpath(link.path, strict=True).startswith(inside)
        except OSError:  # leads nowhere, or in a circle
            return False

    def _is_skipped(self, inode: _Inode) -> bool:
        """Recognise OUT under any name; asked each time, for OUT may appear meanwhile."""
        for path in self._skipped:
            try:
                status = os.stat(path)  # noqa: PTH116 (bytes)
            except OSError:
                continue
            if (status.st_dev, status.st_ino) == inode:
                return True
        return False

    def relative(self, path: bytes) -> str:
        """Return a path below the root as the patterns see it."""
        return os.fsdecode(path[len(self.root.rstrip(b"/")) + 1 :])


def _is_folder(entry: os.DirEntry[bytes]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _judge(path: str, status: os.stat_result | None) -> Judgement:
    if status is not None and not stat.S_ISREG(status.st_mode):
        return "not_photo"  # a pipe, socket or device: opening one can hang
    return judge_name(path.rpartition("/")[2])


def _holds_image(path: str) -> bool:
    try:
        with Path(path).open("rb") as file:
            return sniff(file.read(HEAD_BYTES)) is not None
    except OSError as error:
        logger.warning("not taken for a photo: %r: %s", path, error.strerror)
        return False
