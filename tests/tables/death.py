"""The death of a process as a folder sees it: from one step on, nothing changes there any more."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

_CHANGES = ("replace", "unlink", "rmdir")  # by which files of a folder come and go


class Killed(BaseException):
    """The process is gone; nothing in the product catches this, but for what it cannot do then."""


@contextlib.contextmanager
def dies_before(step: int | None, root: Path) -> Iterator[None]:
    """Let whatever runs in the block die before its change of that number below a folder.

    Who is dead makes no further change: clean-up in `except` and `finally`, and other threads,
    are refused as well. So what a real SIGKILL leaves is left here too.

    Args:
        step: from 0; null lives on. With more steps than changes, the block ends well.
        root: whose changes count.
    """
    left = step
    counting = threading.Lock()

    def deadly(plain: Callable[..., Any]) -> Callable[..., Any]:
        def change(path: Path, *arguments: Any, **options: Any) -> Any:
            nonlocal left
            if left is not None and path.is_relative_to(root):
                with counting:
                    if left == 0:
                        raise Killed
                    left -= 1
            return plain(path, *arguments, **options)

        return change

    with contextlib.ExitStack() as patches, contextlib.suppress(Killed):
        for name in _CHANGES:
            patches.enter_context(mock.patch.object(Path, name, deadly(getattr(Path, name))))
        yield
