"""Freed memory comes back without the kernel clearing it again, and goes back at the end."""

import subprocess
import sys

import pytest

from landmark_core.training.allocator import _glibc

# A process of its own: the allocator's state belongs to the whole process.
_PROGRAM = """
import resource, torch
from landmark_core.training.allocator import freed_memory_kept

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(5):
        torch.ones(40 * 2**20 // 4)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

def resident():
    return int(open("/proc/self/statm").read().split()[1])

torch.set_num_threads(1)
faults()
usual = faults()
before = resident()
with freed_memory_kept():
    faults()
    kept = min(faults() for _ in range(3))
print(usual, kept, resident() - before)
"""


@pytest.mark.skipif(_glibc() is None, reason="the C library is not glibc")
def test_freed_memory_is_used_again_and_given_back():
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True
    )
    usual, kept, grown = map(int, done.stdout.split())
    assert usual > 5 * kept  # five blocks of 40 MiB, page by page
    assert grown < 2048  # pages
