"""`python -m landmark_core.cli`: the same as `landmarks`."""

import sys

from landmark_core.cli import main

if __name__ == "__main__":
    sys.exit(main())
