"""What exiftool and exiv2, which read for most photo programs, find in the sidecars."""

import json
import shutil
import subprocess
from dataclasses import replace

import pytest
from samples import EXPECTED, SAMPLES, TAJ, read

from landmark_core.sidecars import write_tag

# exiv2 takes a file for XMP by its first bytes, which have to be x:xmpmeta.
FOR_EXIV2 = {name: data for name, data in SAMPLES.items() if name != "other-prefixes"}


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


def test_exiftool_reads_every_field(tmp_path, exiftool):
    made = write_all(tmp_path, SAMPLES)
    command = [exiftool, "-j", "-G1", "-struct", "-sep", "\x1f", "-a", "-warning", "-error"]
    command += ["-XMP:all", str(tmp_path), "-ext", "xmp"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = {one["SourceFile"].rpartition("/")[2]: one for one in json.loads(done.stdout)}
    assert len(found) == len(made)
    for name, data in made.items():
        one, keywords = found[f"{name}.jpg.xmp"], read(data).keywords
        assert not [key for key in one if "Warning" in key or "Error" in key], one
        assert one["XMP-dc:Subject"].split("\x1f") == keywords["subject"]
        assert one["XMP-lr:HierarchicalSubject"].split("\x1f") == keywords["hierarchy"]
        assert one["XMP-digiKam:TagsList"].split("\x1f") == keywords["tags"]
        assert one["XMP-landmarks:Tag"] == "Taj Mahal"
        assert str(one["XMP-landmarks:Confidence"]) == "0.9731"
        assert one["XMP-landmarks:By"] == "machine"
        assert one["XMP-landmarks:Model"] == "starter"


def test_exiv2_reads_every_field(tmp_path, exiv2):
    made = write_all(tmp_path, FOR_EXIV2)
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
        command = [
            exiv2,
            "-M",
            "set Xmp.dc.creator XmpSeq Ann",
            "-M",
            "add Xmp.dc.subject XmpBag Sunset",
        ]
        subprocess.run([*command, str(path)], check=True, capture_output=True)
        anew = path.read_bytes()
        assert "Sunset" in read(anew).keywords["subject"]
        later = write_tag(anew, replace(TAJ, tag="Petra", path=("Landmarks", "Petra")))
        found, before = read(later).keywords, read(SAMPLES[name]).keywords
        assert found["subject"] == [*before["subject"], "Sunset", "Petra"]
        assert EXPECTED["hierarchy"] not in found["hierarchy"]
        left = read(write_tag(later, None))
        assert left.keywords["subject"] == [*before["subject"], "Sunset"]
        assert left.keywords["hierarchy"] == before["hierarchy"]
        assert left.keywords["tags"] == before["tags"]
        assert left.own == {}


def test_what_exiftool_has_written_anew_is_still_understood(tmp_path, exiftool):
    """Immich and many scripts save through exiftool: it puts each namespace into its own place."""
    for name in ("digikam", "darktable", "lightroom", "no-keywords"):
        path = tmp_path / f"{name}.jpg.xmp"
        path.write_bytes(write_tag(SAMPLES[name], TAJ))
        subprocess.run([exiftool, "-q", "-XMP-dc:Subject+=Sunset", str(path)], check=True)
        anew = path.read_bytes()
        assert write_tag(anew, TAJ) is not None
        before = read(SAMPLES[name]).keywords
        left = read(write_tag(anew, None))
        assert left.keywords["subject"] == [*before["subject"], "Sunset"]
        assert left.keywords["hierarchy"] == before["hierarchy"]
        assert left.keywords["tags"] == before["tags"]
        assert left.own == {}
