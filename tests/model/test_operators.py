"""The revived operators against Pillow's own filters, and when torchvision is imported."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image

from landmark_core.model.operators import provide_operators, unknown_operator

FILTERS = {
    "_interpolate_linear_aa": Image.Resampling.BILINEAR,
    "_interpolate_bicubic_aa": Image.Resampling.BICUBIC,
}


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize("size", [(40, 30), (97, 201), (17, 160)], ids=str)
def test_revived_operator_is_pillows_antialiased_filter(name, size):
    provide_operators([f"x = ops.torchvision.{name}(img, [1, 2], False)"])
    image = np.random.default_rng(0).random((120, 160), dtype=np.float32)
    height, width = size
    expected = np.asarray(Image.fromarray(image).resize((width, height), FILTERS[name]))
    operator = getattr(torch.ops.torchvision, name)
    result = operator(torch.from_numpy(image)[None, None], [height, width], False)
    assert np.abs(result[0, 0].numpy() - expected).max() < 1e-5


def test_providing_twice_and_providing_nothing_are_harmless():
    for _ in range(2):
        provide_operators(["ops.torchvision._interpolate_linear_aa(x)", "ops.prim.dtype(x)", ""])
    provide_operators([])


def test_torchvision_is_imported_only_for_its_own_operators():
    program = (
        "import sys; from landmark_core.model.operators import provide_operators\n"
        "for code in sys.argv[1:]:\n"
        "    provide_operators([code]); print('torchvision' in sys.modules)"
    )
    codes = [
        "ops.torchvision._interpolate_linear_aa(x, [1], False)",
        "ops.torchvision.nms(b, s, 1)",
    ]
    done = subprocess.run([sys.executable, "-c", program, *codes], capture_output=True, text=True)
    assert done.stdout.split() == ["False", "True"], done.stderr


def test_unknown_operator_is_read_from_torchs_message():
    assert unknown_operator(RuntimeError("something else is wrong")) is None
    error = RuntimeError("\nUnknown builtin op: nobody::knows_this.\nCould not find any similar")
    assert unknown_operator(error) == "nobody::knows_this"
