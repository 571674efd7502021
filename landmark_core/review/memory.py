"""Let what was freed go back to the system: the server lives for hours beside other work.

By itself Arrow's allocator keeps 240 MB after reading 100,000 rows, and the C library one pool for
each of the server's threads, in which the blocks of decoded photos lie scattered. See mallopt(3),
https://man7.org/linux/man-pages/man3/mallopt.3.html. Elsewhere than in glibc only Arrow changes.
"""

import ctypes
import sys

import pyarrow as pa

_MMAP_THRESHOLD, _ARENA_MAX = -3, -8  # from malloc.h
_LARGE = 2**20  # bytes; larger blocks go back as soon as they are freed
_POOLS = 2


def give_freed_memory_back() -> None:
    """Tell the allocators of this process; before anything large is read."""
    pa.set_memory_pool(pa.system_memory_pool())
    library = ctypes.CDLL(None) if sys.platform.startswith("linux") else None
    if library is not None and hasattr(library, "gnu_get_libc_version"):
        library.mallopt(_MMAP_THRESHOLD, _LARGE)
        library.mallopt(_ARENA_MAX, _POOLS)
