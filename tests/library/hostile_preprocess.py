"""Preprocessing that goes wrong in a worker; in a file of its own so that workers can import it."""

import os
import signal
from dataclasses import dataclass

import numpy as np
from PIL import Image


@dataclass(frozen=True)
class Hostile:
    """Fails on red photos in the way it is told, and passes on the others' pixels."""

    way: str
    min_side: int = 8
    shape: tuple[int, int] = (8, 8)

    def apply(self, image: Image.Image) -> np.ndarray:
        red, green, _ = image.getpixel((4, 4))
        if red > 200 and green < 50:
            if self.way == "kill":  # what a crashing decoder does
                os.kill(os.getpid(), signal.SIGKILL)
            if self.way == "hang":  # in C, where no Python signal handler gets its turn
                sum(range(10**15))
            if self.way == "stop":  # what a disk that never answers does
                os.kill(os.getpid(), signal.SIGSTOP)
            if self.way == "eat":
                return np.ones((2**28, 8, 8), np.uint8)
            raise ZeroDivisionError("in two\nlines")
        return np.asarray(image)


class Deadly(Hostile):
    """Kills every process that receives it."""

    def __setstate__(self, state: object) -> None:
        os._exit(3)

    def __getstate__(self) -> object:
        return {"way": "any"}
