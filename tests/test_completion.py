"""`landmarks completion`: each shell takes its script, and offers what there is."""

import shutil
import subprocess
from pathlib import Path

import pytest

from landmark_core.cli import main

SHELLS = ("bash", "zsh", "fish")


@pytest.fixture(scope="module")
def scripts(tmp_path_factory) -> Path:
    """A folder with the script of each shell."""
    return tmp_path_factory.mktemp("completion")


@pytest.fixture
def script(request, scripts, capsys) -> str:
    """The script of a shell that is on this machine."""
    if shutil.which(request.param) is None:
        pytest.skip(f"no {request.param} on this machine")
    path = scripts / request.param
    if not path.exists():
        assert main(["completion", request.param]) == 0
        path.write_text(capsys.readouterr().out)
    return str(path)


def offered(shell: str, script: str, line: str) -> set[str]:
    """What Tab offers at the end of a line."""
    if shell == "fish":
        code = f"source {script}; complete -C '{line}'"
    else:
        words = line.split(" ")
        code = (
            f"source {script}; COMP_WORDS=({' '.join(repr(word) for word in words)}); "
            f"COMP_CWORD={len(words) - 1}; _shtab_landmarks; printf '%s\\n' \"${{COMPREPLY[@]}}\""
        )
    done = subprocess.run([shell, "-c", code], capture_output=True, text=True, check=True)
    return {text.split("\t")[0].strip() for text in done.stdout.splitlines()}


@pytest.mark.parametrize("script", ["bash", "fish"], indirect=True)
@pytest.mark.parametrize(
    ("line", "there", "absent"),
    [
        pytest.param("landmarks fi", {"find"}, {"tag"}, id="command"),
        pytest.param("landmarks models pro", {"promote"}, {"show"}, id="action"),
        pytest.param(
            "landmarks find OUT petra --", {"--decision", "--since", "--json"}, {"--top-k"},
            id="option",
        ),
        pytest.param(
            "landmarks find OUT petra --decision ", {"tagged", "review", "any"}, set(), id="choice"
        ),
    ],
)  # fmt: skip
def test_what_tab_offers(script, line, there, absent):
    found = offered(Path(script).name, script, line)
    assert there <= found
    assert not absent & found


@pytest.mark.parametrize("script", ["bash", "fish"], indirect=True)
def test_paths_are_completed_where_a_path_goes(script, tmp_path, monkeypatch):
    (tmp_path / "tagged-photos").mkdir()
    (tmp_path / "tagged.txt").touch()
    monkeypatch.chdir(tmp_path)
    found = offered(Path(script).name, script, "landmarks status tag")
    assert {name.rstrip("/") for name in found} == {"tagged-photos"}
    found = offered(Path(script).name, script, "landmarks tag tag")
    assert {name.rstrip("/") for name in found} == {"tagged-photos", "tagged.txt"}


@pytest.mark.parametrize("script", SHELLS, indirect=True)
def test_a_shell_can_read_its_script(script):
    subprocess.run([Path(script).name, "-n", script], check=True)


@pytest.mark.parametrize("script", ["zsh"], indirect=True)
def test_zsh_finds_its_script_by_name(script, tmp_path):
    shutil.copy(script, tmp_path / "_landmarks")
    code = f"fpath+={tmp_path}; autoload -Uz compinit; compinit -u -D; print $_comps[landmarks]"
    done = subprocess.run(["zsh", "-fc", code], capture_output=True, text=True, check=True)
    assert (done.stdout.strip(), done.stderr) == ("_landmarks", "")
