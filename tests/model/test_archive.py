"""TorchScript archives that torch itself would take, and should not."""

import io
import zipfile

import pytest

from landmark_core.errors import ConfigError
from landmark_core.model.archive import open_script_archive
from landmark_core.model.torchscript import load_script, save_script


@pytest.fixture
def saved(cnn, to_script) -> bytes:
    return save_script(to_script(cnn), {"landmarks.json": '{"name": "Ä"}'})


def rewritten(data: bytes, extra: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    """The same archive with members added or replaced."""
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as old,
        zipfile.ZipFile(buffer, "w", compression) as new,
    ):
        top = old.namelist()[0].partition("/")[0]
        renamed = {f"{top}/{name}": content for name, content in extra.items()}
        for name in old.namelist():
            if name not in renamed:
                new.writestr(name, old.read(name))
        for name, content in renamed.items():
            new.writestr(name, content)
    return buffer.getvalue()


def test_code_and_card_are_read(saved):
    archive = open_script_archive(saved, "m")
    assert archive.card_text == '{"name": "Ä"}'
    assert any("class Conv2d" in text for text in archive.code)


def test_files_without_a_card_have_none(cnn, to_script):
    assert open_script_archive(save_script(to_script(cnn), {}), "m").card_text is None


def test_a_flipped_bit_in_the_weights_is_refused_though_torch_takes_it(saved):
    with zipfile.ZipFile(io.BytesIO(saved)) as archive:
        weights = next(m for m in archive.infolist() if m.filename.endswith("/data/0"))
    damaged = bytearray(saved)
    damaged[weights.header_offset + 400] ^= 0x40
    load_script(bytes(damaged))
    with pytest.raises(ConfigError, match=r"damaged \(.*data/0' fails its checksum\)"):
        open_script_archive(bytes(damaged), "m")


def test_zip_bombs_are_refused(saved):
    bomb = rewritten(saved, {"data/99": bytes(200 * 2**20)}, zipfile.ZIP_DEFLATED)
    assert len(bomb) < 2**20
    with pytest.raises(ConfigError, match="zip bomb"):
        open_script_archive(bomb, "m")


def test_card_that_is_no_text_is_refused(saved):
    with pytest.raises(ConfigError, match="not UTF-8"):
        open_script_archive(rewritten(saved, {"extra/landmarks.json": b"\xff\xfe"}), "m")


def test_model_that_somebody_zipped_again_still_loads(saved):
    smaller = rewritten(saved, {}, zipfile.ZIP_DEFLATED)
    assert open_script_archive(smaller, "m").card_text is not None
    load_script(smaller)


def test_other_files_are_named_with_the_model():
    with pytest.raises(ConfigError, match="model pretty-name: the file is empty"):
        open_script_archive(b"", "pretty-name")


def test_a_name_that_stands_twice_is_refused(saved):
    buffer = io.BytesIO(saved)
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr(archive.namelist()[0], b"another")
    with pytest.raises(ConfigError, match="stands twice in its zip archive"):
        open_script_archive(buffer.getvalue(), "m")


def test_members_that_lie_over_each_other_are_refused(saved):
    """As in a bomb whose members share their bytes (https://www.bamsoftware.com/hacks/zipbomb/)."""
    buffer = io.BytesIO(saved)
    with zipfile.ZipFile(buffer, "a") as archive:
        first = archive.infolist()[0]
        twin = zipfile.ZipInfo(first.filename.rpartition("/")[0] + "/twin")
        for name in ("CRC", "compress_size", "file_size", "header_offset", "compress_type"):
            setattr(twin, name, getattr(first, name))
        archive.filelist.append(twin)
        archive.NameToInfo[twin.filename] = twin
        archive._didModify = True
    with pytest.raises(ConfigError, match=r"lies over another one|Overlapped|damaged"):
        open_script_archive(buffer.getvalue(), "m")


def test_very_many_members_are_refused(saved, monkeypatch):
    monkeypatch.setattr("landmark_core.model.archive.MAX_MEMBERS", 20)
    many = rewritten(saved, {f"data/x{number}": b"" for number in range(30)})
    with pytest.raises(ConfigError, match="members, expected at most 20"):
        open_script_archive(many, "m")
