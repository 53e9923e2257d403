"""A fault is one line that a terminal prints as it is, whatever it quotes."""

from __future__ import annotations

import pytest

from fixtures.fault import MOST_SAID, Fault


@pytest.mark.parametrize(
    ("quoted", "said"),
    [
        ("two\nlines", r"two\nlines"),
        ("\x1b[2J", r"\x1b[2J"),
        ("\u2028\u202e", r"\u2028\u202e"),
        ("\udcff", r"\udcff"),
        ("\u00fcber 'x'", "\u00fcber 'x'"),
    ],
)
def test_what_is_no_letter_is_escaped(quoted: str, said: str) -> None:
    assert str(Fault(f"{quoted} is there; should not")) == f"{said} is there; should not"


def test_of_a_very_long_message_both_ends_are_there() -> None:
    said = str(Fault(f"seen {'x' * 10**6}; should be short"))
    assert len(said) < MOST_SAID + 10
    assert said.startswith("seen xxx")
    assert said.endswith("xxx; should be short")
