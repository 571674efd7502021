"""Keep tracebacks off a person's terminal; LANDMARKS_DEBUG=1 brings them back."""

import contextlib
import logging
import os
from collections.abc import Iterator

from landmark_core.cli import DEBUG_VARIABLE

RUN_LOGGERS = ("prefect", "prefect.flow_runs", "prefect.task_runs")


@contextlib.contextmanager
def one_line_errors() -> Iterator[None]:
    """Have Prefect log a failure's message without its stack while the block runs."""
    if os.environ.get(DEBUG_VARIABLE):
        yield
        return
    handlers = {handler for name in RUN_LOGGERS for handler in logging.getLogger(name).handlers}
    for handler in handlers:
        handler.addFilter(_drop_stack)
    try:
        yield
    finally:
        for handler in handlers:
            handler.removeFilter(_drop_stack)


def _drop_stack(record: logging.LogRecord) -> bool:
    record.exc_info = None
    record.exc_text = None
    return True
