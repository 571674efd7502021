"""Where models come from: names, files, folders, URLs."""

import hashlib

import fsspec
import pytest

from landmark_core.config import TagConfig
from landmark_core.errors import ConfigError
from landmark_core.model import load_model
from landmark_core.model.source import packaged_models, read_model_file, read_whole


def test_file_and_object_have_the_id_of_their_bytes(tmp_path):
    data = b"anything at all"
    (tmp_path / "m.pt").write_bytes(data)
    fsspec.filesystem("memory").pipe_file("/models/m.pt", data)
    expected = hashlib.sha256(data).hexdigest()[:16]
    local = read_model_file(str(tmp_path / "m.pt"))
    remote = read_model_file("memory://models/m.pt")
    assert (local.model_id, remote.model_id) == (expected, expected)
    assert (local.path, remote.path) == (str(tmp_path / "m.pt"), "memory://models/m.pt")


def test_a_file_with_another_digest_is_refused_before_it_is_opened(tmp_path):
    file = tmp_path / "m.pt"
    file.write_bytes(b"no model at all")  # opening it would say so
    right = hashlib.sha256(b"no model at all").hexdigest()
    with pytest.raises(ConfigError, match="nothing of it was run") as refused:
        load_model(str(file), sha256="0" * 64)
    assert right in str(refused.value)
    with pytest.raises(ConfigError) as opened:
        load_model(str(file), sha256=right.upper())
    assert "SHA-256" not in str(opened.value)


def test_a_digest_that_is_none_is_one_line():
    with pytest.raises(ConfigError, match="expected the 64 hex digits"):
        TagConfig(source="photos", out="tagged", model_sha256="abc")


def test_relative_paths_become_absolute(tmp_path, monkeypatch):
    (tmp_path / "m.pt").write_bytes(b"x")
    monkeypatch.chdir(tmp_path)
    assert read_model_file("m.pt").path == str(tmp_path / "m.pt")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        pytest.param("nowhere.pt", "no model nowhere.pt: there is no such file", id="file"),
        pytest.param("memory://models/nowhere.pt", "no such file", id="object"),
        pytest.param("gopher://models/m.pt", "cannot be read", id="unknown-protocol"),
        pytest.param("a\0b", "cannot be read", id="nul"),
        pytest.param("x" * 5000, "cannot be read", id="name-too-long"),
    ],
)
def test_what_is_not_there_is_one_line(name, message):
    with pytest.raises(ConfigError, match=message) as caught:
        read_model_file(name)
    assert "\n" not in str(caught.value)


def test_folders_are_refused(tmp_path):
    fsspec.filesystem("memory").pipe_file("/models/folder/m.pt", b"x")
    for folder in (str(tmp_path), "memory://models/folder"):
        with pytest.raises(ConfigError, match="is a folder: give the file inside it"):
            read_model_file(folder)


def test_unknown_names_list_the_known_ones():
    known = ", ".join(packaged_models()) or "none"
    with pytest.raises(ConfigError, match=f"known by name: {known}"):
        read_model_file("startr")


@pytest.mark.parametrize("where", ["local", "memory"])
def test_larger_files_than_allowed_are_refused(where, tmp_path):
    location = str(tmp_path / "big") if where == "local" else "memory://models/big"
    with fsspec.open(location, "wb") as file:
        file.write(bytes(2**20 + 1))
    with pytest.raises(ConfigError, match="larger than 1 MiB"):
        read_whole(location, what="model", max_bytes=2**20)


def test_file_without_permission_is_one_line(tmp_path):
    path = tmp_path / "m.pt"
    path.write_bytes(b"x")
    path.chmod(0)
    try:
        path.read_bytes()
    except PermissionError:
        with pytest.raises(ConfigError, match=r"cannot be read: .*Permission denied"):
            read_model_file(str(path))
    else:
        pytest.skip("this user may read every file")
