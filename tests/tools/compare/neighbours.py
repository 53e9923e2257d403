"""Between which releases the fit time changed: every series compared with the one before."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

from tests.tools import release_table
from tests.tools.compare import report
from tests.tools.compare.measure import CaseResult, Measurement, Plan
from tests.tools.compare.sides import Side, open_side
from tests.tools.compare.steps import CASES


def pairs_of_series() -> list[tuple[str, str]]:
    """The newest release of each series and that of the next one, in order."""
    newest = [release.version for release in release_table.newest_of_series(release_table.read())]
    return list(itertools.pairwise(newest))


def measure(
    plan: Plan,
    known: Sequence[dict[str, Any]],
    found: Callable[[list[dict[str, Any]]], None],
    open_one: Callable[[str], AbstractContextManager[Side]] = open_side,
) -> None:
    """Compare every series with the one before.

    Parameters
    ----------
    plan : Plan
    known : sequence of dict
        Steps that are measured already, and not again.
    found : callable
        Given all steps, in the order of releases, after each one that is measured.
    open_one : callable
        Makes a side of a version.
    """
    steps = {(step["old"], step["new"]): step for step in known}
    order = pairs_of_series()
    for pair in order:
        if pair in steps:
            continue
        results = [CaseResult(case, plan.threshold) for case in CASES]
        with open_one(pair[0]) as old, open_one(pair[1]) as new:
            for _ in Measurement(old, new, plan).run(results):
                pass
        steps[pair] = {"old": pair[0], "new": pair[1], "cases": [_summary(result) for result in results]}
        found([steps[one] for one in order if one in steps])


def _summary(result: CaseResult) -> dict[str, Any]:
    """One case of a step without its blocks: the record stays small."""
    whole = report.as_json(result)
    kept = ("case", "verdict", "failure", "ratio", "ratio_of_an_iteration", "sides")
    return {**{name: whole[name] for name in kept}, "rounds": len(result.rounds)}
