"""Make a broken file of a good one: at random, and along the structure of JPEG and PNG.

A blind change seldom gets past a checksum or a segment's length; those that follow the structure
reach the code behind it. Everything is decided by the generator that is given: the same seed makes
the same file.
"""

import random
import struct
import zlib
from collections.abc import Callable, Sequence

Mutation = Callable[[bytes, random.Random], bytes]

_PNG = b"\x89PNG\r\n\x1a\n"
_NUMBERS = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


def mutate(data: bytes, rng: random.Random, others: Sequence[bytes]) -> bytes:
    """Return a file with one to four faults.

    Args:
        data: a good file, not empty.
        rng: decides everything.
        others: good files to take parts of.
    """
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3, 4))):
        ways = [*_BLIND]
        if data.startswith(b"\xff\xd8"):
            ways += [_change_segment] * 4
        elif data.startswith(_PNG):
            ways += [_change_chunk] * 4
        way = rng.choice((*ways, None))
        data = _splice(data, rng, rng.choice(others)) if way is None else way(data, rng)
    return data


def _flip_bits(data: bytes, rng: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.randint(1, 8) if changed else 0):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _set_number(data: bytes, rng: random.Random) -> bytes:
    """Put a number that breaks arithmetic somewhere, near the head more often than not."""
    size = rng.choice((1, 2, 4))
    if len(data) < size:
        return data
    reach = min(len(data), rng.choice((64, 512, len(data)))) - size + 1
    at = rng.randrange(max(reach, 1))
    number = rng.choice(_NUMBERS) & (256**size - 1)
    return data[:at] + number.to_bytes(size, rng.choice(("big", "little"))) + data[at + size :]


def _cut(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def _drop(data: bytes, rng: random.Random) -> bytes:
    start, end = _span(data, rng)
    return data[:start] + data[end:]


def _repeat(data: bytes, rng: random.Random) -> bytes:
    start, end = _span(data, rng)
    return data[:end] + data[start:end] * rng.randint(1, 3) + data[end:]


def _insert(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data) + 1)
    return data[:at] + rng.randbytes(rng.randint(1, 64)) + data[at:]


def _blank(data: bytes, rng: random.Random) -> bytes:
    """What a disk leaves of a block that it lost."""
    start, end = _span(data, rng)
    return data[:start] + bytes(end - start) + data[end:]


def _splice(data: bytes, rng: random.Random, other: bytes) -> bytes:
    return _cut(data, rng) + other[rng.randrange(len(other) + 1) :]


def _span(data: bytes, rng: random.Random) -> tuple[int, int]:
    start = rng.randrange(len(data) + 1)
    return start, min(len(data), start + rng.choice((1, 4, 16, 512, 4096)))


def _change_segment(data: bytes, rng: random.Random) -> bytes:
    """Change, drop, repeat or move a segment of a JPEG's head (ITU-T T.81, B.1.1.4)."""
    segments, rest = split_jpeg(data)
    return data[:2] + b"".join(_changed(segments, rng, _renumbered)) + rest


def _change_chunk(data: bytes, rng: random.Random) -> bytes:
    """Change, drop, repeat or move a chunk of a PNG; its CRC is right afterwards."""
    chunks, rest = split_png(data)
    return _PNG + b"".join(_changed(chunks, rng, _recoded)) + rest


def split_jpeg(data: bytes) -> tuple[list[bytes], bytes]:
    """Return the segments between SOI and the first scan, and all that follows."""
    at, segments = 2, []
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] != 0xDA:
        length = 2 + int.from_bytes(data[at + 2 : at + 4])
        segments.append(data[at : at + length])
        at += length
    return segments, data[at:]


def split_png(data: bytes) -> tuple[list[bytes], bytes]:
    """Return the chunks (length, type, content, CRC), and what is no whole chunk."""
    at, chunks = len(_PNG), []
    while at + 12 <= len(data):
        length = 12 + int.from_bytes(data[at : at + 4])
        if at + length > len(data):
            break
        chunks.append(data[at : at + length])
        at += length
    return chunks, data[at:]


def _changed(parts: list[bytes], rng: random.Random, rewrite: Mutation) -> list[bytes]:
    if not parts:
        return parts
    at, to = rng.randrange(len(parts)), rng.randrange(len(parts))
    match rng.choice(("rewrite", "rewrite", "rewrite", "drop", "repeat", "swap")):
        case "rewrite":
            parts[at] = rewrite(parts[at], rng)
        case "drop":
            del parts[at]
        case "repeat":
            parts.insert(to, parts[at])
        case "swap":
            parts[at], parts[to] = parts[to], parts[at]
    return parts


def _renumbered(segment: bytes, rng: random.Random) -> bytes:
    """Change a segment's content, and now and then leave its length wrong."""
    content = rng.choice(_BLIND)(segment[4:], rng)[:65533]
    length = len(content) + 2 if rng.random() < 0.8 else rng.randrange(65536)
    return segment[:2] + struct.pack(">H", length) + content


def _recoded(chunk: bytes, rng: random.Random) -> bytes:
    kind, content = chunk[4:8], rng.choice(_BLIND)(chunk[8:-4], rng)
    return (
        struct.pack(">I", len(content))
        + kind
        + content
        + struct.pack(">I", zlib.crc32(kind + content))
    )


_BLIND: tuple[Mutation, ...] = (
    _flip_bits,
    _flip_bits,
    _set_number,
    _set_number,
    _cut,
    _drop,
    _repeat,
    _insert,
    _blank,
)
