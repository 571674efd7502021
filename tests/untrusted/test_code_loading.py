"""Nothing in the project loads code that came as data; the source itself is read for it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("landmark_core", "flows", "scripts", "deployments")
FILES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
# Modules whose readers run what they read.
UNSAFE_MODULES = {"marshal", "shelve", "dill", "cloudpickle", "joblib", "imp", "code"}
# TorchScript and exported programs are programs; these files hold what may be done with one.
PROGRAM_LOADERS = {
    "torch.jit.load": {"landmark_core/model/torchscript.py", "landmark_core/tagging/chain.py"},
    "torch.export.load": {"landmark_core/model/program.py"},
}
NEVER_CALLED = {
    *(
        "eval",
        "exec",
        "compile",
        "__import__",
        "os.system",
        "os.popen",
        "yaml.load",
        "tempfile.mktemp",
    ),
    *("pandas.read_pickle", "pd.read_pickle", "torch.hub.load", "torch.package.PackageImporter"),
    *("pickle.load", "pickle.loads", "pickle.Unpickler", "yaml.unsafe_load", "yaml.full_load"),
    *("runpy.run_path", "subprocess.getoutput"),
}


def dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    return f"{dotted(node.value)}.{node.attr}" if isinstance(node, ast.Attribute) else ""


def calls(path: Path) -> Iterator[tuple[str, dict[str, object]]]:
    """Yield each call by its dotted name, with those of its keywords that are constants."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            words = {
                word.arg: word.value.value if isinstance(word.value, ast.Constant) else None
                for word in node.keywords
                if word.arg
            }
            yield dotted(node.func), words


def faults(path: Path) -> list[str]:
    name = path.relative_to(ROOT).as_posix()
    found = []
    for called, words in calls(path):
        if called == "compile" and name.startswith("scripts/mutating/"):
            continue  # our own source with one change; nothing that came as data
        if called in NEVER_CALLED:
            found.append(f"{called} is called")
        if called == "torch.load" and words.get("weights_only") is not True:
            found.append("torch.load without weights_only=True")
        if words.get("shell") or words.get("allow_pickle"):
            found.append(f"{called} with shell or allow_pickle")
        if called in PROGRAM_LOADERS and name not in PROGRAM_LOADERS[called]:
            found.append(f"{called} here")
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        modules += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        found += [f"imports {one}" for one in modules if one.partition(".")[0] in UNSAFE_MODULES]
        if isinstance(node, ast.Attribute) and dotted(node).startswith("pickle."):
            found += [] if node.attr == "UnpicklingError" else [f"uses {dotted(node)}"]
    return found


@pytest.mark.parametrize("room", ROOMS)
def test_no_file_loads_code(room):
    paths = [path for path in FILES if path.is_relative_to(ROOT / room)]
    assert paths
    assert {str(path): found for path in paths if (found := faults(path))} == {}


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("torch.load(path)", "torch.load without weights_only=True"),
        ("torch.load(path, weights_only=False)", "torch.load without weights_only=True"),
        ("pickle.loads(data)", "pickle.loads is called"),
        ("import marshal", "imports marshal"),
        ("subprocess.run(line, shell=True)", "subprocess.run with shell or allow_pickle"),
        ("np.load(path, allow_pickle=True)", "np.load with shell or allow_pickle"),
        ("torch.jit.load(path)", "torch.jit.load here"),
        ("eval(text)", "eval is called"),
    ],
)
def test_the_rule_sees(line, fault, tmp_path, monkeypatch):
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    file = tmp_path / "module.py"
    file.write_text(line)
    assert fault in faults(file)


def test_a_pickle_with_code_in_it_does_not_run(tmp_path):
    import pickle

    from landmark_core.errors import ConfigError
    from landmark_core.model import load_model
    from landmark_core.model.weights import read_state
    from landmark_core.training.checkpoint import load_checkpoint

    class Payload:
        def __reduce__(self):
            return Path.touch, (tmp_path / "ran",)

    for name in ("weights.pt", "checkpoint.pt"):
        (tmp_path / name).write_bytes(pickle.dumps({"a": Payload()}, protocol=2))
    for read in (
        lambda: read_state(str(tmp_path / "weights.pt")),
        lambda: load_model(str(tmp_path / "weights.pt")),
        lambda: load_checkpoint(tmp_path, {}),
    ):
        with pytest.raises(ConfigError):
            read()
    assert not (tmp_path / "ran").exists()
