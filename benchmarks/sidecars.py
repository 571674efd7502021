"""How long sidecars take: made, left as they are, changed and taken back, for 10,000 photos.

    python benchmarks/sidecars.py
    python benchmarks/sidecars.py --photos 100000 --threads 1 8 --folder /mnt/disk

Makes empty files that pass for photos, 100 a folder, every second one with a sidecar as digiKam
writes it (2 KB), and an OUT that says what they show. Then exports, in a process of its own each
time, and prints a line of a Markdown table: seconds of the whole process, its processor time and
its peak memory. Each sidecar is flushed to the disk, so the disk counts; `--folder` says which.
The last step compares every sidecar with what it was.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from landmark_core.library import photo_id_of
from landmark_core.records import DecodedPhoto, PhotoRef, PhotoRow, Prediction, TagScore
from landmark_core.tables import Store, rows_to_table

NOW = datetime(2026, 11, 23, tzinfo=UTC)
IN_FOLDER = 100
STEPS = ("made and merged", "again", "another tag", "undo")
SIDECAR = """\
<?xml version="1.0" encoding="UTF-8"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="XMP Core 4.4.0-Exiv2">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:dc="http://purl.org/dc/elements/1.1/"
    xmlns:lr="http://ns.adobe.com/lightroom/1.0/"
    xmlns:digiKam="http://www.digikam.org/ns/1.0/"
    xmlns:xmp="http://ns.adobe.com/xap/1.0/"
   xmp:Rating="{number}">
{fields}
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
"""
FIELD = "   <{0}>\n    <rdf:Bag>\n{1}\n    </rdf:Bag>\n   </{0}>"
FIELDS = ("dc:subject", "lr:hierarchicalSubject", "digiKam:TagsList", "digiKam:CaptionsAuthorNames")


def sidecar(number: int) -> str:
    """Return a sidecar with four lists of four keywords."""
    items = "\n".join(f"     <rdf:li>keyword {number} {n}</rdf:li>" for n in range(4))
    fields = "\n".join(FIELD.format(name, items) for name in FIELDS)
    return SIDECAR.format(number=number % 5, fields=fields)


def make_photos(folder: Path, photos: int) -> list[Path]:
    """Make the files and every second one's sidecar."""
    paths = []
    for number in range(photos):
        path = folder / f"{number // IN_FOLDER:04d}" / f"IMG_{number:06d}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        if number % 2:
            Path(f"{path}.xmp").write_text(sidecar(number), encoding="utf-8")
        paths.append(path)
    return paths


def make_run(store: Store, run: str, paths: list[Path], tag: str, moment: datetime) -> None:
    """Write a run in which every photo shows one landmark."""
    rows = [_row(path, tag, moment) for path in paths]
    for shard, first in enumerate(range(0, len(rows), 2048)):
        store.write_part(run, shard, rows_to_table(rows[first : first + 2048]))


def _row(path: Path, tag: str, moment: datetime) -> PhotoRow:
    status = path.stat()
    ref = PhotoRef(
        photo_id=photo_id_of(str(path)),
        uri=str(path),
        location=str(path),
        size_bytes=status.st_size,
        modified_us=status.st_mtime_ns // 1000,
        etag=None,
    )
    return PhotoRow(
        photo=DecodedPhoto(
            ref=ref, status="ok", error=None, content_sha256=None, width=None, height=None
        ),
        prediction=Prediction(
            decision="tagged",
            tags=(TagScore(tag=tag, confidence=0.9375),),
            margin=0.9,
            entropy=0.1,
            energy=None,
        ),
        heatmap=None,
        model_id="0123456789abcdef",
        preprocess_id="p",
        run_id="r",
        tagged_at=moment,
    )


def measure(out: Path, threads: int, *, undo: bool) -> None:
    """Export in this process; print what it took as JSON."""
    from landmark_core.sidecars import SidecarSettings, export_sidecars

    settings = SidecarSettings(threads=threads, undo=undo)
    report = export_sidecars(Store(str(out)), settings, datetime.now(UTC))
    fates = ("made", "changed", "removed", "unchanged", "left_alone")
    done = ", ".join(f"{getattr(report, name):,} {name}" for name in fates if getattr(report, name))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    print(json.dumps({"done": done, "cpu_s": time.process_time(), "peak_mb": peak}))


def run_step(out: Path, threads: int, step: str, photos: int) -> None:
    """Export in a process of its own; print a line of the table."""
    command = [sys.executable, __file__, "--measure", str(out), "--threads", str(threads)]
    start = time.perf_counter()
    done = subprocess.run(
        [*command, *(["--undo"] if step == "undo" else [])],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    seconds = time.perf_counter() - start
    said = json.loads(done.stdout)
    print(
        f"| {photos:,} | {threads} | {step} | {seconds:.1f} | {said['cpu_s']:.1f} "
        f"| {said['peak_mb']:.0f} | {said['done']} |",
        flush=True,
    )


def main() -> None:
    """Make a library for each number of threads, and take the steps."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=10_000)
    parser.add_argument("--threads", type=int, nargs="+", default=[8])
    parser.add_argument("--folder", type=Path, help="where to write; default: for temporary files")
    parser.add_argument("--measure", metavar="OUT", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--undo", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure(options.measure, options.threads[0], undo=options.undo)
        return
    print(
        "| photos | threads | step | s | CPU s | peak MB | sidecars |\n"
        "|--:|--:|---" + 3 * "|--:" + "|---|"
    )
    for threads in options.threads:
        with tempfile.TemporaryDirectory(dir=options.folder) as temporary:
            folder, store = Path(temporary), Store(str(Path(temporary, "out")))
            paths = make_photos(folder / "photos", options.photos)
            make_run(store, "run0", paths, "Taj Mahal", NOW)
            for step in STEPS:
                if step == "another tag":
                    make_run(store, "run1", paths, "Petra", NOW.replace(day=24))
                run_step(folder / "out", threads, step, options.photos)
            for number in range(options.photos):
                there = Path(f"{paths[number]}.xmp")
                assert there.exists() == bool(number % 2), there
                assert not number % 2 or there.read_text(encoding="utf-8") == sidecar(number)


if __name__ == "__main__":
    main()
