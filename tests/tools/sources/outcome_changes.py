"""Which checks newly fail with a changed scikit-learn, and which no longer fail, case by case."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

PASSES, FAILS, BREAKS, SKIPPED = "passes", "fails", "ends in an error", "is skipped"
GONE = r"the known defect '.*' \(.*\) no longer occurs"
NAMED_CASES = 6


class NoRecord(ValueError):
    """A run of the suite that left no record of its checks."""


class Check(NamedTuple):
    """A check on a case; the case is empty where the check has none."""

    name: str
    case: str


class Changed(NamedTuple):
    """Cases on which a check went from one outcome to another."""

    check: str
    before: str
    after: str
    cases: tuple[str, ...]


def read(record: Path) -> dict[Check, str]:
    """What became of each check in a run of the suite, whatever the ledger expected of it.

    Parameters
    ----------
    record : Path
        The JUnit file that the run wrote.

    Raises
    ------
    NoRecord
        There is none, or it has no checks.
    """
    try:
        found = list(ElementTree.parse(record).getroot().iter("testcase"))  # noqa: S314  (our own run wrote it)
    except (OSError, ElementTree.ParseError) as error:
        raise NoRecord(f"the run left no record of its checks ({error}); pytest says why above") from None
    if not found:
        raise NoRecord("the run had no check; should have at least one (what pytest was asked for selects none)")
    return {_check(case.get("name", "")): _outcome(case) for case in found}


def changed(before: Mapping[Check, str], after: Mapping[Check, str]) -> list[Changed]:
    """The checks whose outcome differs between two runs, in the order of their names."""
    cases: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for check in sorted(before.keys() & after.keys()):
        if before[check] != after[check]:
            cases[check.name, before[check], after[check]].append(check.case)
    return [Changed(*key, tuple(named)) for key, named in sorted(cases.items())]


def newly_failing(changes: Iterable[Changed]) -> list[Changed]:
    """Those that end worse than they did."""
    return [change for change in changes if change.after in (FAILS, BREAKS) and change.before != BREAKS]


def lines(changes: list[Changed], source: str, nearest: str, n_checks: int) -> list[str]:
    """The summary for who made the change."""
    head = f"{source} relative to scikit-learn {nearest}, {n_checks} checks on cases:"
    if not changes:
        return [head, "  every check ends as it does there"]
    worse = newly_failing(changes)
    better = [change for change in changes if change.after == PASSES and change.before in (FAILS, BREAKS)]
    other = [change for change in changes if change not in worse and change not in better]
    told = [head]
    told += [f"  newly fails: {_on_cases(change)}" for change in worse] or ["  newly fails: nothing"]
    told += [f"  no longer fails: {_on_cases(change)}" for change in better] or ["  no longer fails: nothing"]
    told += [f"  {change.check} {change.after}, {change.before} there: {_on_cases(change)}" for change in other]
    return told


def _on_cases(change: Changed) -> str:
    cases = [case for case in change.cases if case]
    if not cases:
        return change.check
    named = ", ".join(cases[:NAMED_CASES]) + (", ..." if len(cases) > NAMED_CASES else "")
    return f"{change.check} on {len(cases)} case{'' if len(cases) == 1 else 's'} ({named})"


def _check(name: str) -> Check:
    found = re.fullmatch(r"([^\[]+)(?:\[(.*)\])?", name, re.DOTALL)
    return Check(found[1], found[2] or "") if found else Check(name, "")


def _outcome(case: ElementTree.Element) -> str:
    failure, skipped = case.find("failure"), case.find("skipped")
    if case.find("error") is not None:
        return BREAKS
    if failure is not None:
        return PASSES if re.match(GONE, failure.text or "") else FAILS
    if skipped is not None:
        return FAILS if skipped.get("type") == "pytest.xfail" else SKIPPED
    return PASSES
