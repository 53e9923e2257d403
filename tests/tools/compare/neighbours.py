"""Between which releases the fit time changed: every series compared with the one before."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any

from tests.tools import release_environment, release_table
from tests.tools.compare import results
from tests.tools.compare.measure import CaseResult, Plan, measure_all
from tests.tools.compare.sides import Side, open_side, open_with_dependencies_of
from tests.tools.compare.steps import CASES, RUNS_ON
from tests.tools.release_environment import EnvironmentFailed
from tests.tools.release_table import Release

# Of a case of a step the file keeps no blocks: it stays small.
KEPT = ("case", "verdict", "failure", "ratio", "ratio_of_an_iteration", "sides")


def pairs_of_series() -> list[tuple[str, str]]:
    """The newest release of each series and that of the next one, in order."""
    newest = [release.version for release in release_table.newest_of_series(release_table.read())]
    return list(itertools.pairwise(newest))


def measure(
    plan: Plan,
    known: Sequence[dict[str, Any]],
    open_one: Callable[[str], AbstractContextManager[Side]] = open_side,
    open_alone: Callable[[Side, Release], AbstractContextManager[Side]] = open_with_dependencies_of,
) -> Iterator[list[dict[str, Any]]]:
    """Compare every series with the one before: each as it is, then the newer one with what the older one runs on.

    Parameters
    ----------
    plan : Plan
    known : sequence of dict
        Steps that are measured already, and not again.
    open_one, open_alone : callable
        Make a side of a version, and of a release with the Python, numpy and scipy of another side.

    Yields
    ------
    list of dict
        After each step that is measured all of them, in the order of releases.
    """
    steps = {(step["old"], step["new"]): step for step in known}
    order = pairs_of_series()
    for pair in order:
        if pair in steps:
            continue
        with open_one(pair[0]) as old, open_one(pair[1]) as new:
            runs_on = [_runs_on(side) for side in (old, new)]
            cases = _compared(old, new, plan)
            step: dict[str, Any] = {"old": pair[0], "new": pair[1], "runs_on": runs_on, "cases": cases}
            try:
                with open_alone(old, release_environment.find(pair[1])) as alone:
                    step["scikit_learn_alone"] = _compared(old, alone, plan)
            except EnvironmentFailed:  # there is no such wheel, or it asks for a newer numpy
                step["scikit_learn_alone"] = None
        steps[pair] = step
        yield [steps[one] for one in order if one in steps]


def _runs_on(side: Side) -> dict[str, str]:
    """Versions of what a fit runs on besides scikit-learn."""
    with side.start() as worker:
        versions = worker.ask("describe")
    return {name: versions[name] for name in RUNS_ON}


def _compared(old: Side, new: Side, plan: Plan) -> list[dict[str, Any]]:
    return [_summary(result) for result in measure_all(old, new, plan, CASES)]


def _summary(result: CaseResult) -> dict[str, Any]:
    whole = results.as_json(result)
    return {**{name: whole[name] for name in KEPT}, "rounds": len(result.rounds)}
