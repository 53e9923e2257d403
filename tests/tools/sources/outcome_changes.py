"""Which checks newly fail with a changed scikit-learn, and which no longer fail, case by case."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from fixtures.fault import Fault
from tests.support import check as known_checks
from tests.tools.report import records

PASSES, FAILS, BREAKS, SKIPPED = "passes", "fails", "ends in an error", "is skipped"
NOT_JUDGED = "is not judged"
# Whatever the ledger expected.
OUTCOMES = {
    records.PASSED: PASSES, records.GONE: PASSES, records.KNOWN: FAILS, records.FAILED: FAILS, records.ERROR: BREAKS,
    records.NOT_JUDGED: NOT_JUDGED, records.UNLISTED: NOT_JUDGED, records.SKIPPED: SKIPPED,
}  # fmt: skip
NAMED_CASES = 3


class Check(NamedTuple):
    """A check on a case; the case is empty where the check has none."""

    name: str
    case: str
    promise: bool = True


class Changed(NamedTuple):
    """Cases on which a check went from one outcome to another."""

    check: str
    before: str
    after: str
    cases: tuple[str, ...]
    promise: bool = True


def read(record: Path) -> dict[Check, str]:
    """What became of each check in a run of the suite (a JUnit file), whatever the ledger expected of it."""
    try:
        found = records.results_of(record)
    except records.BadRecord as error:
        raise Fault(f"the run left no record of its checks ({error}); pytest prints why above") from None
    if not found:
        raise Fault("the run had no check; should have at least one (what pytest was asked for selects none)")
    recording = {name for name, known in known_checks.every().items() if known.is_baseline}
    return {Check(one.check, one.case or "", one.check not in recording): OUTCOMES[one.state] for one in found}


def changed(before: Mapping[Check, str], after: Mapping[Check, str]) -> list[Changed]:
    """The checks whose outcome differs between two runs, in the order of their names."""
    cases: dict[tuple[str, str, str, bool], list[str]] = defaultdict(list)
    for check in sorted(before.keys() & after.keys()):
        if before[check] != after[check]:
            cases[check.name, before[check], after[check], check.promise].append(check.case)
    return [
        Changed(name, was, became, tuple(named), promise)
        for (name, was, became, promise), named in sorted(cases.items())
    ]


def newly_failing(changes: Iterable[Changed]) -> list[Changed]:
    """The promises that are kept no longer, or can no longer be judged; a check that only records promises nothing."""
    return [
        change
        for change in changes
        if change.promise
        and change.before != BREAKS
        and (change.after in (FAILS, BREAKS) or (change.before, change.after) == (PASSES, NOT_JUDGED))
    ]


def lines(changes: list[Changed], source: str, nearest: str, n_checks: int) -> list[str]:
    """The summary for the author of the change."""
    head = f"{source} relative to scikit-learn {nearest}, {n_checks} checks on cases:"
    if not changes:
        return [head, "  every check ends as it does there"]
    worse = newly_failing(changes)
    kept = [change for change in changes if change.promise]
    better = [change for change in kept if change.after == PASSES and change.before in (FAILS, BREAKS)]
    other = [change for change in kept if change not in worse and change not in better]
    recorded = {case for change in changes if not change.promise for case in change.cases}
    summary = [head]
    words = {NOT_JUDGED: "no longer judged"}
    summary += [f"  {words.get(change.after, 'newly fails')}: {_on_cases(change)}" for change in worse] or [
        "  newly fails: nothing"
    ]
    summary += [f"  no longer fails: {_on_cases(change)}" for change in better] or ["  no longer fails: nothing"]
    summary += [f"  {_on_cases(change)} {change.after}, and {change.before} there" for change in other]
    if recorded:
        summary.append(f"  no longer what is recorded of releases: the fits of {_named(sorted(recorded))}")
    return summary


def _on_cases(change: Changed) -> str:
    cases = [case for case in change.cases if case]
    if not cases:
        return change.check
    return f"{change.check} on {_named(cases)}"


def _named(cases: Sequence[str]) -> str:
    named = ", ".join(cases[:NAMED_CASES]) + (", ..." if len(cases) > NAMED_CASES else "")
    return f"{len(cases)} case{'' if len(cases) == 1 else 's'} ({named})"
