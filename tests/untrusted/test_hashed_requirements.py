"""The file with hashes pins what constraints.txt pins, all of it by hash, and names no index."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PIN = re.compile(r"^([a-z0-9._-]+)(?:\[[a-z0-9,_-]+\])?==(\S+)", re.IGNORECASE | re.MULTILINE)


def pins(name: str) -> dict[str, str]:
    found = PIN.findall((ROOT / name).read_text(encoding="utf-8"))
    return {re.sub(r"[-_.]+", "-", package).lower(): version for package, version in found}


def test_versions_are_those_of_the_constraints():
    hashed, pinned = pins("requirements.hashed.txt"), pins("constraints.txt")
    assert {"torch", "torchvision", "pyarrow", "s3fs", "prefect"} <= hashed.keys()
    both = hashed.keys() & pinned.keys()
    assert len(both) > 100
    assert {name: hashed[name] for name in both} == {name: pinned[name] for name in both}


def test_every_package_has_a_hash_and_none_its_address():
    text = (ROOT / "requirements.hashed.txt").read_text(encoding="utf-8")
    blocks = re.split(r"\n(?=\S)", text.split("\n", 2)[2].rstrip())
    assert len(blocks) == len(pins("requirements.hashed.txt"))
    assert [block for block in blocks if "--hash=sha256:" not in block] == []
    assert "://" not in text
    assert "--index" not in text
