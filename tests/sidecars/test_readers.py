"""What exiftool and exiv2, which read for most photo programs, find in the sidecars."""

import json
import shutil
import subprocess
from dataclasses import replace

import pytest
from samples import EXPECTED, SAMPLES, TAJ, read

from landmark_core.sidecars import write_tag

# Both take a file for XMP by its first bytes, and know the prefixes that everybody uses.
USUAL = {
    name: data
    for name, data in SAMPLES.items()
    if name not in ("other-prefixes", "default-namespace")
}


@pytest.fixture
def exiftool():
    found = shutil.which("exiftool")
    if found is None:
        pytest.skip("no exiftool here: Debian has it in libimage-exiftool-perl")
    return found


@pytest.fixture
def exiv2():
    found = shutil.which("exiv2")
    if found is None:
        pytest.skip("no exiv2 here: Debian has it in exiv2")
    return found


def write_all(folder, samples):
    """Write what becomes of the samples, and a new sidecar."""
    made = {name: write_tag(data, TAJ) for name, data in {**samples, "new": None}.items()}
    for name, data in made.items():
        (folder / f"{name}.jpg.xmp").write_bytes(data)
    return made


def of_exiftool(program, folder):
    command = [program, "-j", "-G1", "-struct", "-sep", "\x1f", "-a", "-warning", "-error"]
    command += ["-XMP:all", str(folder), "-ext", "xmp"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return {one["SourceFile"].rpartition("/")[2]: one for one in json.loads(done.stdout)}


def complaints(values):
    return {key: value for key, value in values.items() if key.startswith("ExifTool:")}


def test_exiftool_reads_every_field(tmp_path, exiftool):
    for name, data in USUAL.items():
        (tmp_path / f"{name}.xmp").write_bytes(data)
    made = write_all(tmp_path, USUAL)
    found = of_exiftool(exiftool, tmp_path)
    for name, data in made.items():
        one, keywords = found[f"{name}.jpg.xmp"], read(data).keywords
        assert complaints(one) == complaints(found.get(f"{name}.xmp", {}))  # those of the sample
        assert one["XMP-dc:Subject"].split("\x1f") == keywords["subject"]
        assert one["XMP-lr:HierarchicalSubject"].split("\x1f") == keywords["hierarchy"]
        assert one["XMP-digiKam:TagsList"].split("\x1f") == keywords["tags"]
        assert one["XMP-landmarks:Tag"] == "Taj Mahal"
        assert str(one["XMP-landmarks:Confidence"]) == "0.9731"
        assert one["XMP-landmarks:By"] == "machine"
        assert one["XMP-landmarks:Model"] == "starter"


def test_exiv2_reads_every_field(tmp_path, exiv2):
    made = write_all(tmp_path, USUAL)
    for name, data in made.items():
        found = of_exiv2(exiv2, tmp_path / f"{name}.jpg.xmp")
        keywords = read(data).keywords
        assert found["Xmp.dc.subject"] == ", ".join(keywords["subject"])
        assert found["Xmp.lr.hierarchicalSubject"] == ", ".join(keywords["hierarchy"])
        assert found["Xmp.digiKam.TagsList"] == ", ".join(keywords["tags"])
        assert found["Xmp.landmarks.tag"] == "Taj Mahal"
        assert found["Xmp.landmarks.date"] == "2026-11-23T00:00:00Z"


def of_exiv2(program, path):
    done = subprocess.run([program, "-PXkv", str(path)], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return {
        key: rest.strip()
        for key, _, rest in (line.partition(" ") for line in done.stdout.splitlines())
    }


def test_what_exiv2_has_written_anew_is_still_understood(tmp_path, exiv2):
    """digiKam, darktable and gThumb save through exiv2: it lays everything out anew."""
    for name in ("digikam", "darktable", "lightroom", "no-keywords"):
        path = tmp_path / f"{name}.jpg.xmp"
        path.write_bytes(write_tag(SAMPLES[name], TAJ))
        command = [exiv2, "-M", "set Xmp.dc.creator XmpSeq Ann", str(path)]
        subprocess.run(command, check=True, capture_output=True)
        anew, before = path.read_bytes(), read(SAMPLES[name]).keywords
        assert b"Ann" in anew
        assert write_tag(anew, TAJ) == anew  # it says it already
        later = read(write_tag(anew, replace(TAJ, tag="Petra", path=("Landmarks", "Petra"))))
        assert later.keywords["subject"] == [*before["subject"], "Petra"]
        assert EXPECTED["hierarchy"] not in later.keywords["hierarchy"]
        left = read(write_tag(anew, None))
        assert left.keywords == before
        assert left.own == {}


def test_what_exiftool_has_written_anew_is_still_understood(tmp_path, exiftool):
    """Immich and many scripts save through exiftool: it puts each namespace into its own place."""
    for name in ("digikam", "darktable", "lightroom", "no-keywords"):
        path = tmp_path / f"{name}.jpg.xmp"
        path.write_bytes(write_tag(SAMPLES[name], TAJ))
        subprocess.run([exiftool, "-q", "-XMP-dc:Subject+=Sunset", str(path)], check=True)
        anew = path.read_bytes()
        before = read(SAMPLES[name]).keywords
        again = write_tag(anew, TAJ)
        assert again == anew or not before["subject"]  # else Sunset has to be copied
        assert write_tag(again, TAJ) == again
        left = read(write_tag(again, None))
        assert left.keywords["subject"] == [*before["subject"], "Sunset"]
        assert left.keywords["hierarchy"] == before["hierarchy"]
        assert left.keywords["tags"] == before["tags"]
        assert left.own == {}
