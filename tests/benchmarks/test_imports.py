"""Every benchmark can begin: what it needs of the project is still where it takes it from."""

import runpy
from pathlib import Path

import pytest

HERE = Path(__file__).parents[2] / "benchmarks"
FILES = sorted(file.name for file in HERE.glob("*.py") if file.name != "__init__.py")


def test_there_are_benchmarks():
    assert {"bench.py", "guard.py", "gpu.py", "scaling.py"} <= set(FILES)


@pytest.mark.parametrize("name", FILES)
def test_a_benchmark_finds_all_that_it_imports(name, monkeypatch):
    monkeypatch.syspath_prepend(str(HERE))  # as for a script
    try:
        found = runpy.run_path(str(HERE / name), run_name="imported")
    except ModuleNotFoundError as error:
        if error.name == "openvino":  # an experiment's, nobody's requirement
            pytest.skip("openvino is not installed")
        raise
    assert callable(found["main"])
    assert found["__doc__"]
