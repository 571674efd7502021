"""The stream of a JSON array equals json.loads of it, and broken files are named in one line."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from landmark_core.errors import ConfigError
from landmark_core.export import json_array, read_objects

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
objects = st.lists(st.dictionaries(st.text(max_size=4), values, max_size=4), max_size=8)


@settings(max_examples=60, deadline=None)
@given(objects, st.sampled_from([None, 1, "\t"]), st.booleans(), st.integers(1, 40))
def test_a_stream_equals_the_whole(tmp_path_factory, found, indent, escaped, chunk):
    path = tmp_path_factory.mktemp("json") / "tasks.json"
    text = json.dumps(found, indent=indent, ensure_ascii=escaped)
    path.write_text(f" \n{text}\n ", encoding="utf-8", errors="surrogatepass")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_array, "CHUNK", chunk)
        assert list(read_objects(path)) == json.loads(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param('{"a": 1}', r"expected JSON that begins with \[", id="one-object"),
        pytest.param("", "begins with", id="empty"),
        pytest.param("[1]", "task 1 of the list: expected an object", id="number"),
        pytest.param('[{"a": 1},]', "task 2 of the list: expected an object", id="comma"),
        pytest.param('[{"a": 1} {}]', "task 1 of the list: expected , or ]", id="no-comma"),
        pytest.param('[{"a": 1}', "expected , or ]", id="cut-between"),
        pytest.param('[{"a": 1', "task 1 of the list: Expecting", id="cut-within"),
        pytest.param("[{}] {}", "expected nothing after the list", id="more"),
        pytest.param("[" + '{"a":' * 200_000, "nested too deeply", id="deep"),
        pytest.param('[{"a": "' + "x" * 34_000_000, "has no end within", id="endless"),
        pytest.param('[{"a": ' + "9" * 9999 + "}]", "Exceeds the limit", id="long-number"),
    ],
)
def test_a_broken_file_is_one_line(tmp_path, text, message):
    path = tmp_path / "tasks.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=message):
        list(read_objects(path))


def test_a_mark_in_front_is_passed_over_and_other_encodings_are_named(tmp_path):
    path = tmp_path / "tasks.json"
    path.write_text('[{"a": "é"}]', encoding="utf-8-sig")
    assert list(read_objects(path)) == [{"a": "é"}]
    path.write_text('[{"a": "é"}]', encoding="latin-1")
    with pytest.raises(ConfigError, match="is not UTF-8 text"):
        list(read_objects(path))
    with pytest.raises(ConfigError, match="cannot be read"):
        list(read_objects(tmp_path / "none.json"))
