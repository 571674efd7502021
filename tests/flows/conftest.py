"""Puts the drawn photos of the trainings within reach, and Prefect's logging away afterwards."""

import gc
import logging
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "training"))


@pytest.fixture(scope="module", autouse=True)
def _no_handlers_left() -> Iterator[None]:
    """Prefect gives loggers handlers that write to the stderr of its first test, closed since.

    Tests of other folders that run later in this process would find its complaints in their own.
    """
    yield
    with warnings.catch_warnings():  # connections to its server that Prefect's client left open
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
    loggers = [logging.getLogger(), *map(logging.getLogger, logging.root.manager.loggerDict)]
    for logger in loggers:
        for handler in list(logger.handlers):
            if type(handler).__module__.startswith("prefect"):
                logger.removeHandler(handler)
