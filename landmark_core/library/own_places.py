"""Know what runs of ours left in SOURCE: the heatmaps of any OUT are no photos. Pure.

A run leaves out the places of its own OUT by name; those of another OUT, of an earlier run or of
somebody else, are known by the run ids in their names alone, so that nothing is opened for it.
"""

import re

# As tables.new_run_id makes them; compaction writes under an id of its own kind.
_RUN_FOLDER = r"(?:^|/)(?:heatmaps|tags)/run=(?:compact-)?\d{8}T\d{6}Z-[0-9a-f]{6}"
_IS_RUN_FOLDER = re.compile(_RUN_FOLDER + r"\Z")
_LIES_IN_ONE = re.compile(_RUN_FOLDER + "/")


def is_run_folder(path: str) -> bool:
    """Whether a folder is one that a run of ours wrote: heatmaps/run=… or tags/run=….

    Args:
        path: relative to SOURCE, which is looked into even where it is such a folder itself.
    """
    return "/run=" in path and _IS_RUN_FOLDER.search(path) is not None


def is_in_run_folder(path: str) -> bool:
    """Whether a file or key lies in such a folder.

    Args:
        path: relative to SOURCE.
    """
    return "/run=" in path and _LIES_IN_ONE.search(path) is not None
