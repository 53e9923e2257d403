"""Between which releases the fit time changed: every series compared with the one before."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from fixtures import strict_json
from tests.tools import release_table
from tests.tools.compare import report
from tests.tools.compare.measure import CaseResult, Measurement, Plan
from tests.tools.compare.sides import Side, open_side

RECORD = release_table.TABLE.parent / "fit_time.json"
FORMAT_VERSION = 1
# The two covariance types that people use most, and one frame of many features.
CASES = ("control-still-scene", "control-still-scene-diag", "control-16d")


class BadRecord(ValueError):
    """The record of fit times is not what its format says."""


def pairs_of_series() -> list[tuple[str, str]]:
    """The newest release of each series and that of the next one, in order."""
    newest = [release.version for release in release_table.newest_of_series(release_table.read())]
    return list(itertools.pairwise(newest))


def read(path: Path = RECORD) -> list[dict[str, Any]]:
    """The steps that are recorded: ``old``, ``new`` and what each case gave; none where there is no file.

    Raises
    ------
    BadRecord
        The file is of another format.
    """
    if not path.exists():
        return []
    try:
        content = strict_json.parse(path.read_text(encoding="utf-8"))
        if content["format"] != FORMAT_VERSION:
            raise ValueError(f"format version {content['format']!r}, not {FORMAT_VERSION}")
        steps: list[dict[str, Any]] = content["steps"]
        for step in steps:
            _ = step["old"], step["new"], [case["ratio_of_an_iteration"] for case in step["cases"]]
    except (ValueError, KeyError, TypeError) as error:
        raise BadRecord(f"{path}: {error}; `nox -s compare -- --neighbours --write` makes it anew") from None
    return steps


def write(steps: Sequence[dict[str, Any]], path: Path = RECORD) -> None:
    """Write the record, whole or not at all, a line for each case of a step."""
    lines = []
    for step in steps:
        cases = ",\n    ".join(json.dumps(case) for case in step["cases"])
        rest = json.dumps({name: value for name, value in step.items() if name != "cases"})
        lines.append(f'  {rest[:-1]}, "cases": [\n    {cases}\n  ]}}')
    scratch = path.with_name(path.name + ".writing")
    scratch.write_text(f'{{"format": {FORMAT_VERSION}, "steps": [\n' + ",\n".join(lines) + "\n]}\n", encoding="utf-8")
    scratch.replace(path)


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
    """One case of a step without its pairs: the record stays small."""
    whole = report.as_json(result)
    kept = ("case", "verdict", "failure", "ratio", "ratio_of_an_iteration", "sides")
    return {**{name: whole[name] for name in kept}, "rounds": len(result.rounds)}
