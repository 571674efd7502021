"""How the command speaks: exit codes, one line for what is wrong, one JSON object for machines.

Exit codes: 0 done, 1 the run failed, 2 the command or its configuration is wrong, 130 interrupted.
"""

import json
import logging
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any

from landmark_core.addresses import clean_text
from landmark_core.errors import ConfigError, LandmarkError

EXIT_DONE, EXIT_FAILED, EXIT_USAGE, EXIT_INTERRUPTED = 0, 1, 2, 130
INTERRUPTED = "interrupted: written parts are kept; the same command goes on behind them"
DEBUG_VARIABLE = "LANDMARKS_DEBUG"  # set to anything: tracebacks and debug logs


def settle_threads() -> None:
    """Let torch's threads sleep while they wait; call it before torch is imported.

    By default they spin: beside the processes that decode, and whatever else the machine does,
    a forward pass then takes twice as long and keeps the others from their work.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def guard(work: Callable[[], int], *, interrupted: str = INTERRUPTED) -> int:
    """Run the work; turn what goes wrong into one line on stderr and an exit code.

    Args:
        work: returns an exit code.
        interrupted: what to say after Ctrl-C.
    """
    debug = bool(os.environ.get(DEBUG_VARIABLE))
    _set_up_logging(debug=debug)
    try:
        return work()
    except KeyboardInterrupt:
        complain(interrupted)
        return EXIT_INTERRUPTED
    except BrokenPipeError:  # the reader of our output has gone, as in `landmarks status | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_FAILED
    except ConfigError as error:
        complain(str(error))
        return EXIT_USAGE
    except LandmarkError as error:
        complain(str(error))
        return EXIT_FAILED
    except Exception as error:
        logging.getLogger(__name__).debug("unexpected", exc_info=True)
        complain(
            f"unexpected {type(error).__name__}: {error} (set {DEBUG_VARIABLE}=1 for the details)"
        )
        return EXIT_FAILED


class _CleanFormatter(logging.Formatter):
    """Whatever is logged, by whatever library: no signature or password of a URL is among it."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, and the traceback where there is one."""
        return clean_text(super().format(record))


def _set_up_logging(*, debug: bool) -> None:
    """Log to stderr: warnings, and with debug all that this project says.

    The stores' clients stay at warnings: at DEBUG they log the headers that they sign.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        _CleanFormatter("%(levelname)s %(name)s: %(message)s" if debug else "%(message)s")
    )
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    if debug:
        for name in ("landmark_core", "flows"):
            logging.getLogger(name).setLevel(logging.DEBUG)


def complain(message: str) -> None:
    """Print what is wrong as one line on stderr."""
    print(f"landmarks: {clean_text(' '.join(message.split()))}", file=sys.stderr)


def print_json(value: Mapping[str, Any]) -> None:
    """Print one JSON object on stdout, and nothing else."""
    print(json.dumps(value, ensure_ascii=True, indent=2))
