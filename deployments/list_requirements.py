"""Print what pyproject.toml requires, one requirement a line: for the image's largest layer.

    python deployments/list_requirements.py pyproject.toml s3,gs

Without the package itself, so that a change to its code does not install torch anew.
"""

import sys
import tomllib
from pathlib import Path


def list_requirements(pyproject: Path, extras: list[str]) -> list[str]:
    """Return the requirements of the package and of some of its extras.

    Raises:
        SystemExit: there is no extra of that name.
    """
    project = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]
    known = project["optional-dependencies"]
    if unknown := sorted(set(extras) - set(known)):
        sys.exit(f"expected extras among {', '.join(known)}; got {', '.join(unknown)}")
    return [*project["dependencies"], *(line for extra in extras for line in known[extra])]


if __name__ == "__main__":
    chosen = [name for name in "".join(sys.argv[2:]).split(",") if name]
    sys.stdout.write("\n".join(list_requirements(Path(sys.argv[1]), chosen)) + "\n")
