"""JSON from elsewhere: what is beyond sense is refused by one line, whatever Python makes of it."""

import pytest

from landmark_core.json_text import finite_number, moment_of, parse_json, whole_number


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[" * 100_000, "nested too deeply"),
        ('{"a":' * 100_000 + "1" + "}" * 100_000, "nested too deeply"),
        ("x" * 1001, "at most 1,000 bytes, got 1,001"),
        (b"\xff", "utf-8"),
        ("9" * 900 + "e", "Extra data"),
        ("", "Expecting value"),
    ],
    ids=["arrays", "objects", "long", "bytes", "number", "empty"],
)
def test_refused(text, reason):
    most = 1000 if len(text) < 2000 else 10**7
    with pytest.raises(ValueError, match=reason) as failure:
        parse_json(text, most=most)
    assert "\n" not in str(failure.value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"a": 1, "b": {"c": 1, "c": 2}}', "the key 'c' stands twice"),
        ('{"a": NaN}', "NaN is no number"),
        ("[Infinity]", "Infinity is no number"),
        ("[1e999]", "the number 1e999 is too large"),
    ],
)
def test_refused_where_it_has_to_be_exact(text, reason):
    parse_json(text, most=100)
    with pytest.raises(ValueError, match=reason):
        parse_json(text, most=100, exact=True)
    assert parse_json('{"a": [1, 2.5, {"a": null}]}', most=100, exact=True) == {
        "a": [1, 2.5, {"a": None}]
    }


@pytest.mark.parametrize("value", [True, "1", 1.0, -1, 2**53 + 1, None, [1], float("nan")])
def test_whole_numbers(value):
    assert whole_number(7) == 7
    with pytest.raises(ValueError, match="expected a whole number"):
        whole_number(value)


@pytest.mark.parametrize("value", [True, "1", 10**400, None, float("inf"), float("nan")])
def test_finite_numbers(value):
    assert finite_number(7) == 7.0
    with pytest.raises(ValueError, match=r"expected a (finite )?number"):
        finite_number(value)


@pytest.mark.parametrize("value", ["2026-11-23", "2026-11-23T16:45:00", 7, None, "soon"])
def test_moments(value):
    assert moment_of("2026-11-23T16:45:00+00:00").year == 2026
    with pytest.raises(ValueError, match=r"moment|isoformat"):
        moment_of(value)
