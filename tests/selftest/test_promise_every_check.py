"""Every check has a fake that is made to break it: a new check without one fails here."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.selftest.promise_fakes import Fault
from tests.support import check

PROMISES = {name for name, one in check.every().items() if not one.is_baseline}


def every_fault() -> Iterator[Fault]:
    """The faults of every selftest of a promise."""
    for path in sorted(Path(__file__).parent.glob("test_promise_*.py")):
        yield from getattr(importlib.import_module(f"tests.selftest.{path.stem}"), "FAULTS", ())


@pytest.mark.parametrize("name", sorted(PROMISES))
def test_a_check_has_a_fake_that_is_made_to_break_it(name: str) -> None:
    assert [fault.estimator for fault in every_fault() if fault.breaks[0] == name]


def test_a_fake_names_checks_that_exist() -> None:
    assert {name for fault in every_fault() for name in fault.breaks} <= PROMISES


def test_a_fake_says_what_must_be_found() -> None:
    assert [fault.estimator.__name__ for fault in every_fault() if "what" not in fault.first] == []
