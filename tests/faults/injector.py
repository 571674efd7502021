"""Make the calls by which a program touches the world fail, wait, kill it, or lie.

Everything outside of the process is reached by a few functions of Python's standard library and of
the project; `inject` replaces one of them in this process, for chosen paths. What is raised is what
the kernel would have answered, so the product cannot tell it from a real fault.
"""

import errno
import fcntl
import importlib
import io
import json
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

# A call that can fail: its owner and its name. `write` and `read` belong to opened files.
CALLS: dict[str, tuple[Any, str]] = {
    "list": (os, "scandir"),
    "look": (os, "stat"),
    "open": (io, "open"),
    "write": (io, "open"),
    "read": (io, "open"),
    "flush": (os, "fsync"),
    "rename": (os, "replace"),
    "link": (os, "link"),
    "remove": (os, "unlink"),
    "make folder": (os, "mkdir"),
    "remove folder": (os, "rmdir"),
    "lock": (fcntl, "flock"),
    "decode": ("landmark_core.library.reading", "decode_photo"),
    "forward": ("landmark_core.tagging.forward.Engine", "forward"),
    "explain": ("landmark_core.tagging.forward.Engine", "explain"),
    "draw": ("landmark_core.tagging.overlays", "render_overlay"),
}
CHANGES = ("write", "flush", "rename", "link", "remove", "make folder", "remove folder")
DELAY_S = 0.3
BACK = timedelta(hours=1)  # that the clock goes back


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault."""

    call: str  # of CALLS
    kind: str  # an errno's name, MemoryError, delay, short, cut, kill, kill after, clock back
    path: str = ""  # regular expression that is searched for in the path
    nth: int = 1  # which of the calls that match is hit first
    times: int = 1  # how many of them are hit


def inject(fault: Fault) -> None:
    """Let this process have the fault from now on."""
    owner, name = _find(fault.call)
    plain = getattr(owner, name)
    hits = _Hits(fault)

    def faulty(*arguments: Any, **options: Any) -> Any:
        if fault.call in ("write", "read"):
            mode = _mode_of(arguments, options)
            if "b" not in mode or _writes(mode) != (fault.call == "write"):
                return plain(*arguments, **options)
        if not hits.take(arguments):
            return plain(*arguments, **options)
        if fault.call in ("write", "read"):
            return _open_faulty(fault, *arguments, **options)
        return _fail(plain, fault, *arguments, **options)

    setattr(owner, name, faulty)


def kill_at(step: int, report: Callable[[int], None]) -> None:
    """Kill this process at one of the moments around its changes of the disk.

    Args:
        step: number of the moment: before and after each change, and in the middle of each write;
            -1 kills nobody.
        report: told the number of moments so far, at each.
    """
    counter = _Moments(step, report)
    for call in CHANGES:
        owner, name = _find(call)
        setattr(owner, name, _counted(getattr(owner, name), call, counter))


class _Moments:
    def __init__(self, step: int, report: Callable[[int], None]) -> None:
        self._left = step
        self._seen = 0
        self._report = report
        self._lock = threading.Lock()

    def pass_one(self) -> None:
        with self._lock:
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            self._left -= 1
            self._seen += 1
            self._report(self._seen)


def _counted(plain: Callable[..., Any], call: str, moments: _Moments) -> Callable[..., Any]:
    def counted(*arguments: Any, **options: Any) -> Any:
        if call == "write":
            mode = _mode_of(arguments, options)
            if "b" not in mode or not _writes(mode):
                return plain(*arguments, **options)
            raw = _Halved(arguments[0], _raw_mode(mode), options.get("opener"), moments)
            return _buffered(raw, mode)
        moments.pass_one()
        result = plain(*arguments, **options)
        moments.pass_one()
        return result

    return counted


class _Halved(io.FileIO):
    """A file whose writes come in two halves, with a moment in between."""

    def __init__(self, path: Any, mode: str, opener: Any, moments: _Moments) -> None:
        super().__init__(path, mode, opener=opener)
        self._moments = moments

    def write(self, data: Any) -> int:
        view = memoryview(data).cast("B")
        half = len(view) // 2
        done = super().write(view[:half])
        self._moments.pass_one()
        return (done or 0) + (super().write(view[half:]) or 0)


class _Hits:
    """Counts the calls that match, and says which of them are hit."""

    def __init__(self, fault: Fault) -> None:
        self._fault = fault
        self._seen = 0
        self._lock = threading.Lock()

    def take(self, arguments: tuple[Any, ...]) -> bool:
        if not re.search(self._fault.path, _path_of(self._fault.call, arguments)):
            return False
        with self._lock:
            self._seen += 1
            return self._fault.nth <= self._seen < self._fault.nth + self._fault.times


def _path_of(call: str, arguments: tuple[Any, ...]) -> str:
    """Return what a call is about, as text; nothing where it is about no file."""
    if call in ("flush", "lock"):
        handle = arguments[0] if isinstance(arguments[0], int) else arguments[0].fileno()
        return str(Path(f"/proc/self/fd/{handle}").readlink())
    if call in ("forward", "explain", "draw", "decode"):
        return ""
    about = arguments[1] if call in ("rename", "link") else arguments[0] if arguments else "."
    return os.fsdecode(about) if isinstance(about, str | bytes | os.PathLike) else ""


def _fail(plain: Callable[..., Any], fault: Fault, *arguments: Any, **options: Any) -> Any:
    if fault.kind == "delay":
        time.sleep(DELAY_S)
    elif fault.kind == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif fault.kind == "clock back":
        turn_clock_back()
    elif fault.kind == "MemoryError":
        raise MemoryError
    elif fault.kind != "kill after":
        raise _os_error(fault.kind)
    result = plain(*arguments, **options)
    if fault.kind == "kill after":
        os.kill(os.getpid(), signal.SIGKILL)
    return result


def _os_error(name: str) -> OSError:
    code = getattr(errno, name)
    return OSError(code, os.strerror(code))


def _open_faulty(fault: Fault, path: Any, mode: str = "r", *_: Any, **options: Any) -> Any:
    if fault.call == "read":
        return io.BufferedReader(_FaultyRead(path, fault))
    return _buffered(_FaultyWrite(path, _raw_mode(mode), options.get("opener"), fault), mode)


def _mode_of(arguments: tuple[Any, ...], options: dict[str, Any]) -> str:
    """Return how io.open is asked to open."""
    return str(arguments[1] if len(arguments) > 1 else options.get("mode", "r"))


def _writes(mode: str) -> bool:
    return "w" in mode or "x" in mode


def _raw_mode(mode: str) -> str:
    return mode.replace("b", "")


def _buffered(raw: io.FileIO, mode: str) -> Any:
    return io.BufferedRandom(raw, 2**20) if "+" in mode else io.BufferedWriter(raw, 2**20)


class _FaultyRead(io.FileIO):
    """A file that gives half of what is in it, and then nothing (cut), or fails."""

    def __init__(self, path: Any, fault: Fault) -> None:
        super().__init__(path, "r")
        self._fault = fault
        self._left = os.fstat(self.fileno()).st_size // 2

    def readinto(self, buffer: Any) -> int:
        if self._fault.kind != "cut":
            _fail(lambda: None, self._fault)
            return super().readinto(buffer) or 0
        view = memoryview(buffer).cast("B")[: self._left]
        got = super().readinto(view) or 0
        self._left -= got
        return got

    def readall(self) -> bytes:
        if self._fault.kind != "cut":
            _fail(lambda: None, self._fault)
            return super().readall()
        return self.read(self._left)


class _FaultyWrite(io.FileIO):
    """A file that takes half of what it is given, then fails, or kills."""

    def __init__(self, path: Any, mode: str, opener: Any, fault: Fault) -> None:
        super().__init__(path, mode, opener=opener)
        self._fault = fault
        self._is_first = True

    def write(self, data: Any) -> int:
        view = memoryview(data).cast("B")
        if self._fault.kind == "short":  # the kernel may take less than it was given, and is right
            return super().write(view[: max(1, len(view) // 2)]) or 0
        if self._is_first:
            self._is_first = False
            half = super().write(view[: len(view) // 2]) or 0
            _fail(lambda: None, self._fault)
            return half + (super().write(view[half:]) or 0)
        return super().write(view) or 0


def turn_clock_back() -> None:
    """Let every module of the project be an hour behind from now on."""

    class Behind(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return datetime.now(tz) - BACK

    for name, module in list(sys.modules.items()):
        if name.startswith("landmark_core") and getattr(module, "datetime", None) is datetime:
            module.datetime = Behind  # type: ignore[attr-defined]


def _find(call: str) -> tuple[Any, str]:
    owner, name = CALLS[call]
    if not isinstance(owner, str):
        return owner, name
    try:
        return importlib.import_module(owner), name
    except ModuleNotFoundError:
        module, _, holder = owner.rpartition(".")
        return getattr(importlib.import_module(module), holder), name


def fault_from(text: str) -> Fault:
    """Read a fault that was sent as JSON."""
    return Fault(**json.loads(text))
