"""Include and exclude: the written rule by hand, and simple globs against pathlib."""

from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landmark_core.errors import ConfigError
from landmark_core.library.patterns import compile_patterns


@pytest.mark.parametrize(
    ("glob", "path", "matches"),
    [
        ("*.jpg", "a.jpg", True),
        ("*.jpg", "2024/05/a.jpg", True),
        ("*.jpg", "IMG_1.JPG", True),
        ("*.jpg", "a.jpeg", False),
        ("2024/**", "2024/a.jpg", True),
        ("2024/**", "2024/05/a.jpg", True),
        ("2024/**", "old/2024/a.jpg", False),
        ("**/2024/**", "old/2024/a.jpg", True),
        ("**/2024/**", "2024/a.jpg", True),
        ("2024", "2024/05/a.jpg", True),
        ("2024/", "2024/05/a.jpg", True),
        ("2024/05", "2024/05/01/a.jpg", True),
        ("05/01", "2024/05/01/a.jpg", False),
        ("./2024/*", "2024/a.jpg", True),
        ("2024/*.jpg", "2024/a.jpg", True),
        ("2024/*.jpg", "2024/05/a.jpg", False),
        ("@eaDir", "x/@eaDir/a.jpg", True),
        ("?.jpg", "ab.jpg", False),
        ("?.jpg", "x/a.jpg", True),
        ("[ab].jpg", "b.jpg", True),
        ("[!ab].jpg", "b.jpg", False),
        ("[!ab].jpg", "c.jpg", True),
        ("[a-c]?.jpg", "b1.jpg", True),
        ("a[.jpg", "a[.jpg", True),
        ("a+(1).jpg", "a+(1).jpg", True),
        ("a.jpg", "axjpg", False),
        ("*", "line\nbreak.jpg", True),
        ("", "a.jpg", False),
    ],
)
def test_a_pattern_matches_path_name_or_folder(glob, path, matches):
    assert compile_patterns([glob], []).keeps(path) is matches
    assert compile_patterns([], [glob]).keeps(path) is not matches


def test_without_patterns_everything_stays():
    patterns = compile_patterns([], [])
    assert patterns.keeps("private/a.jpg") is True
    assert patterns.prunes("private") is False


def test_exclude_wins_over_include():
    patterns = compile_patterns(["*.jpg"], ["private"])
    assert patterns.keeps("private/a.jpg") is False
    kept = [path for path in ("a.jpg", "private/a.jpg", "a.png") if patterns.keeps(path)]
    assert kept == ["a.jpg"]


def test_only_folders_without_any_kept_photo_are_pruned():
    patterns = compile_patterns(["2024/**"], ["raw", "*.tif"])
    assert [f for f in ("2024", "2024/raw", "2023", "a.tif") if patterns.prunes(f)] == [
        "2024/raw",
        "a.tif",
    ]


def test_a_backward_range_is_refused_with_the_glob():
    with pytest.raises(ConfigError, match=r"\[z-a\]"):
        compile_patterns(["[z-a].jpg"], [])


NAMES = st.text(alphabet="ab.J*?", min_size=1, max_size=6).filter(lambda n: n not in {".", ".."})


@given(st.text(alphabet="ab.?*", min_size=1, max_size=5), NAMES)
def test_globs_of_a_bare_name_agree_with_pathlib(glob, name):
    if "**" in glob or not PurePosixPath(glob).parts:
        return
    expected = PurePosixPath(name.lower()).match(glob.lower())
    assert compile_patterns([glob], []).keeps(name) == expected


@given(st.lists(NAMES, min_size=2, max_size=4), st.text(alphabet="ab*?./", max_size=6))
def test_what_is_below_a_pruned_folder_is_never_kept(parts, glob):
    patterns = compile_patterns([], [glob])
    if patterns.prunes("/".join(parts[:-1])):
        assert not patterns.keeps("/".join(parts))
