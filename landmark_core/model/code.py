"""Which code made a model: one digest over the source files of this package."""

import hashlib
from importlib import resources
from pathlib import Path


def code_digest() -> str:
    """Return 16 hex digits of SHA-256 over the names and contents of the package's *.py files.

    Names are relative to the package and sorted, so that the digest is the same wherever it is
    installed; compiled files and models do not count.
    """
    root = Path(str(resources.files("landmark_core")))
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py"), key=lambda path: path.relative_to(root).as_posix()):
        data = path.read_bytes()
        name = path.relative_to(root).as_posix()
        digest.update(f"{name}\0{len(data)}\0".encode())
        digest.update(data)
    return digest.hexdigest()[:16]
