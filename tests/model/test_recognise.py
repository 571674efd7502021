"""Every kind of file that people give as a model is said to be what it is, in one line."""

import gzip
import io
import json
import pickle
import re
import tarfile
import zipfile

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from landmark_core.model.recognise import describe_foreign_file
from landmark_core.model.torchscript import save_script


def torch_saved(value: object, *, legacy: bool = False) -> bytes:
    buffer = io.BytesIO()
    torch.save(value, buffer, _use_new_zipfile_serialization=not legacy)
    return buffer.getvalue()


def zipped(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/"), content)
    return buffer.getvalue()


def safetensors() -> bytes:
    """One tensor by the format's own description (huggingface/safetensors, README)."""
    header = json.dumps({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    return len(header).to_bytes(8, "little") + header + bytes(4)


def onnx() -> bytes:
    """A ModelProto: ir_version = 8, producer_name = "pytorch", an empty graph (onnx.proto)."""
    return b"\x08\x08\x12\x07pytorch\x1a\x052.4.0:\x00B\x02\x10\x11"


def image(kind: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, kind)
    return buffer.getvalue()


def tar() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("model.pt"))
    return buffer.getvalue()


def numpy_array() -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.zeros(3))
    return buffer.getvalue()


LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:1a10b8\nsize 44886669\n"
WEIGHTS = torch.nn.Linear(3, 2)

KINDS = [
    pytest.param(b"", "the file is empty", id="empty"),
    pytest.param(LFS, r"Git-LFS pointer to 44886669 bytes.*git lfs pull", id="lfs"),
    pytest.param(b"\n<!DOCTYPE html><html>", r"web page \(HTML\)", id="html"),
    pytest.param(b"\xef\xbb\xbf<html lang=en>", r"web page \(HTML\)", id="html-with-bom"),
    pytest.param(b'{"weights": 3}', "a text file", id="text"),
    pytest.param(b"404: Not Found", "a text file that starts '404: Not Found'", id="not-found"),
    pytest.param(b"\x00\x01\x02\x03\x04\x05\x06\x07\x08", "starts 00 01 02", id="noise"),
    pytest.param(b"\x00", "starts 00", id="one-byte"),
    pytest.param(b"\x80", "starts 80", id="half-a-pickle"),
    pytest.param(b"PK\x03\x04", "cut off or damaged", id="four-bytes-of-zip"),
    pytest.param(safetensors(), "safetensors", id="safetensors"),
    pytest.param(onnx(), "ONNX", id="onnx"),
    pytest.param(b"\x89HDF\r\n\x1a\n" + bytes(100), "HDF5", id="keras-h5"),
    pytest.param(b"\x1c\0\0\0TFL3" + bytes(100), "TensorFlow Lite", id="tflite"),
    pytest.param(gzip.compress(b"x"), "gzip archive, not TorchScript: unpack", id="gzip"),
    pytest.param(tar(), "tar archive", id="tar"),
    pytest.param(numpy_array(), "NumPy", id="npy"),
    pytest.param(image("JPEG"), "JPEG photo.*SOURCE", id="jpeg"),
    pytest.param(image("PNG"), "PNG image", id="png"),
    pytest.param(pickle.dumps([1, 2]), "pickle without a network", id="pickle"),
    pytest.param(zipped(a__readme=b"x"), "a zip archive, not", id="zip"),
    pytest.param(zipped(a__best=b"x", **{"run/best.pt": b"x"}), "holds 'run/best.pt'", id="zipped"),
    pytest.param(
        zipped(**{"config.json": b"{}", "model.weights.h5": b""}), "Keras model", id="keras"
    ),
    pytest.param(zipped(**{"MAR-INF/MANIFEST.json": b"{}"}), "TorchServe", id="torchserve"),
]


@pytest.mark.parametrize(("data", "message"), KINDS)
def test_file_is_said_to_be_what_it_is(data, message):
    described = describe_foreign_file(data)
    assert "\n" not in described
    assert len(described) < 300
    assert re.search(message, described), described


@pytest.mark.parametrize("legacy", [False, True], ids=["zip", "legacy"])
@pytest.mark.parametrize(
    ("value", "message"),
    [
        pytest.param(WEIGHTS.state_dict(), "a state dict, weights such as 'weight'", id="state"),
        pytest.param(
            {"epoch": 3, "model_state_dict": WEIGHTS.state_dict()},
            r"a training checkpoint \(a dictionary with epoch, model_state_dict\)",
            id="checkpoint",
        ),
        pytest.param(
            torch.nn.Sequential(WEIGHTS),
            r"a pickled torch\.nn\.modules\.container\.Sequential, not TorchScript",
            id="module",
        ),
    ],
)
def test_torch_save_files_are_told_apart(value, message, legacy):
    described = describe_foreign_file(torch_saved(value, legacy=legacy))
    assert re.search(message, described), described
    assert "torch.jit.script(model.eval())" in described


class Bomb:
    """Unpickling this would raise, so a test that passes has not unpickled it."""

    def __reduce__(self):
        return (exec, ("raise SystemExit('it was unpickled')",))


@pytest.mark.parametrize("protocol", range(2, 6))
def test_pickles_are_never_opened(protocol):
    described = describe_foreign_file(pickle.dumps({"model": Bomb()}, protocol))
    assert "checkpoint" in described
    described = describe_foreign_file(pickle.dumps(WEIGHTS, protocol))
    assert "torch.nn.modules.linear.Linear" in described


def test_exported_program_is_recognised():
    program = torch.export.export(WEIGHTS, (torch.zeros(1, 3),))
    buffer = io.BytesIO()
    torch.export.save(program, buffer)
    assert "torch.export program" in describe_foreign_file(buffer.getvalue())


def test_torchscript_is_nothing_foreign_until_it_is_cut_off(cnn, to_script):
    data = save_script(to_script(cnn), {})
    assert describe_foreign_file(data) is None
    for size in (len(data) // 2, len(data) - 1, 100):
        assert f"{size} bytes of a zip archive" in describe_foreign_file(data[:size])


def test_real_broken_models(shared_data):
    folder = shared_data / "broken-models"
    pointer = (folder / "model_transfer.lfs-pointer.pt").read_bytes()
    truncated = (folder / "resnet18-f37072fd.truncated-579901.pth").read_bytes()
    assert "Git-LFS pointer to 44886669 bytes" in describe_foreign_file(pointer)
    assert "579901 bytes of a zip archive" in describe_foreign_file(truncated)


def test_real_state_dict(shared_data):
    path = shared_data / "weights" / "mobilenet_v2_imagenet_dequantised.pth"
    described = describe_foreign_file(path.read_bytes())
    assert "a state dict, weights such as 'features.0.0.weight'" in described


@given(
    head=st.sampled_from([b"", b"PK\x03\x04", b"\x80\x02", b"\x80\x04", b"\x08\x08\x12", b"<html"]),
    rest=st.binary(max_size=200),
)
@example(head=b"", rest=b"\t")
@example(head=b"", rest=b" \r\n")
def test_any_bytes_get_one_line(head, rest):
    described = describe_foreign_file(head + rest)
    assert described
    assert "\n" not in described


@given(data=st.binary(min_size=1, max_size=8), where=st.floats(0, 1))
def test_damaged_pickles_get_one_line(data, where):
    whole = bytearray(pickle.dumps({"a\nb": WEIGHTS}, 4))
    start = int(where * (len(whole) - 1))
    whole[start : start + len(data)] = data
    assert "\n" not in describe_foreign_file(bytes(whole))
