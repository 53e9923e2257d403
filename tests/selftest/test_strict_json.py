"""JSON is read where it says one thing only, and something that can be written again."""

from __future__ import annotations

import pytest

from fixtures import strict_json

PAIR = '"\\ud83d\\ude00"'  # two halves that are one letter


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("1e999", "1e999 is too large for a number"),
        ('{"a": -1e999}', "-1e999 is too large"),
        ("NaN", "NaN is not a JSON number"),
        ('{"a": 1, "a": 2}', "a key is repeated"),
        ('["\\ud83d"]', "surrogates not allowed"),
        ('{"\\uDE00": 1}', "surrogates not allowed"),
        ("[" * 60 + "]" * 60, "nested too deeply"),
        ('{"a": ' * 60 + "1" + "}" * 60, "nested too deeply"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_what_says_something_else_to_others_is_refused(text: str, seen: str) -> None:
    with pytest.raises(ValueError, match=seen):
        strict_json.parse(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [(PAIR, "\U0001f600"), ('"\\\\ud83d"', "\\ud83d"), ("1e308", 1e308), ("[[[1]]]", [[[1]]])],
)
def test_what_is_right_is_read(text: str, value: object) -> None:
    assert strict_json.parse(text) == value
