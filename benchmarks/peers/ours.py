"""This project, by its public command.

No photo is put up for review here, so that no heatmap is drawn: the peers draw none.
"""

import json
import subprocess
import sys
import tempfile

import pyarrow.parquet as pq

from benchmarks.peers.interface import TOP_K, Done, Job, main


def tag(job: Job) -> Done:
    """Run `landmarks tag` with its defaults, and put its rows into the one file that is asked."""
    with tempfile.TemporaryDirectory() as out:
        command = [sys.executable, "-m", "landmark_core.cli", "tag", str(job.source), "--out", out]
        command += ["--model", str(job.model), "--classes", str(job.classes)]
        command += ["--top-k", str(TOP_K), "--review-below", "0", "--no-progress", "--json"]
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
        pq.write_table(pq.read_table(f"{out}/tags"), job.out)
    summary = json.loads(done.stdout)
    if summary["counts"]["ok"] != summary["counts"]["photos"]:
        raise SystemExit(f"not all photos could be read: {summary['counts']}")
    return Done(
        photos=summary["counts"]["photos"],
        settings=f"defaults ({summary['model']['precision']} on {summary['model']['device']})",
        packages=("landmark-tagger", "torch"),
    )


if __name__ == "__main__":
    main(tag)
