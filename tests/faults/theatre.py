"""Play scenes in children of one warm process: each is a whole command, with a fault or a kill.

Starting Python and importing torch take seconds, which hundreds of scenes would pay again. This
process imports everything, starts no thread, and forks a child for each line that it is sent:
{"scene": NAME, "arguments": [...], "fault": {...} or null, "kill_at": N or null}. It answers with
{"code", "stdout", "stderr", "moments"}; a code below 0 is a signal's number.
"""

import json
import os
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "tables")]
sys.path[:0] = [str(Path(__file__).parents[1] / "review"), str(Path(__file__).parents[2])]

LIMIT_S = 120  # of one scene; beyond it, it hangs


def play_command(arguments: Sequence[str]) -> int:
    """Run `landmarks`."""
    from landmark_core.cli import main

    return main(list(arguments))


def play_decisions(arguments: Sequence[str]) -> int:
    """Decide and undo as the review page does; each answered action is told on stdout.

    Args:
        arguments: OUT, the number of actions, and the seed of their ids.
    """
    import random
    from datetime import UTC, datetime

    import made_decisions as made

    from landmark_core.review.decisions import DecisionLog
    from landmark_core.tables import Store

    out, count, seed = arguments
    rng = random.Random(0)
    log = DecisionLog(Store(out), clock=lambda: datetime.now(UTC), rng=rng)
    log.load()
    for number, action in enumerate(made.ids(int(count), int(seed))):
        if number % 4 == 3:
            log.undo(action, "ann", None, uri_of=lambda photo: f"/photos/{photo}.jpg")
        else:
            log.decide(action, "ann", [made.choice_of(number), made.choice_of(100 + number)])
        print(action, flush=True)
    return 0


SCENES: dict[str, Callable[[Sequence[str]], int]] = {
    "command": play_command,
    "decisions": play_decisions,
}


def warm_up() -> None:
    """Import what the scenes need, and nothing that starts a thread."""
    import torch

    import landmark_core.cli.command
    import landmark_core.export
    import landmark_core.judging
    import landmark_core.review.decisions
    import landmark_core.tables
    import landmark_core.tagging.run
    import landmark_core.training  # noqa: F401

    torch.set_num_threads(1)


def play(order: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Fork a child for one scene, wait for it, and return how it ended."""
    (folder / "moments").write_text("0")
    child = os.fork()
    if child == 0:
        _be_child(order, folder)
    _, status = os.waitpid(child, 0)
    return {
        "code": os.waitstatus_to_exitcode(status),
        "stdout": (folder / "stdout").read_text(errors="replace"),
        "stderr": (folder / "stderr").read_text(errors="replace"),
        "moments": int((folder / "moments").read_text() or 0),
    }


def _be_child(order: dict[str, Any], folder: Path) -> None:
    code = 99
    try:
        signal.alarm(LIMIT_S)
        for number, name in ((1, "stdout"), (2, "stderr")):
            os.dup2(os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
        import injector

        if order.get("fault"):
            injector.inject(injector.Fault(**order["fault"]))
        if order.get("kill_at") is not None:
            moments = os.open(folder / "moments", os.O_WRONLY)
            injector.kill_at(order["kill_at"], lambda seen: _note(moments, seen))
        code = SCENES[order["scene"]](order["arguments"])
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 1
    except BaseException:  # noqa: BLE001 - whatever it is, the other side has to read it
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _note(handle: int, seen: int) -> None:
    os.pwrite(handle, str(seen).encode(), 0)


def main() -> None:
    """Play what comes on stdin, until it ends."""
    warm_up()
    with tempfile.TemporaryDirectory() as folder:
        print("ready", flush=True)
        for line in sys.stdin:
            print(json.dumps(play(json.loads(line), Path(folder))), flush=True)


if __name__ == "__main__":
    main()
