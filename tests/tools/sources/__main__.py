"""Run the suite on any scikit-learn, and say which checks end otherwise than with the nearest release.

SOURCE is a release like 1.9.1 or its series 1.9, a wheel file, a folder with a
checkout, REPO@REV, RELEASE+PATCHFILE or nightly. Where it differs from the
nearest release in sklearn/mixture alone, that is laid over the release's wheel,
in seconds; anything else is built. Neither the checkout nor a shared
environment is written to. Options that are not listed here go to pytest.

Examples
--------
  nox -s tests-source -- 1.9.1+fix.patch
  nox -s tests-source -- ~/scikit-learn --overlay
  nox -s tests-source -- ~/scikit-learn@my-branch --dry-run
  nox -s tests-source -- scikit_learn-1.9.1-cp313-cp313-manylinux_2_27_x86_64.whl -k collapse
  nox -s tests-source -- nightly --no-ledger
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from rich.console import Console

from fixtures import command_line, scratch, whole_file
from fixtures.corpus import PROJECT
from fixtures.fault import Fault
from tests.support import check as known_checks
from tests.tools import release_environment
from tests.tools.nox_session import PYTEST_OPTIONS
from tests.tools.report import records
from tests.tools.sources.prepared import Prepared, carry_out, plan_for

RESULTS = PROJECT / "results"
PYTEST_RAN = (0, 1)
EXIT_CODES = "0 no check is worse than with the nearest release, 1 one is, 2 wrong use or bad input"
PASSES, FAILS, BREAKS = "passes", "fails", "ends in an error"
SKIPPED, NOT_JUDGED = "is skipped", "is not judged"
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


@command_line.command("records of runs that ended are in results/")
def main(arguments: list[str] | None = None) -> int:
    options, for_pytest = _parser().parse_known_args(arguments)
    plan = plan_for(os.path.expanduser(options.source), options.route, options.python)
    if options.dry_run:
        laid_over = f"laid over {plan.nearest.version}: " if plan.how == "overlay" else ""
        print(f"{plan.name}: {laid_over}{plan.why}")
        return command_line.FINE
    with carry_out(plan) as prepared:
        return _test(prepared, for_pytest, compare=not options.no_comparison)


def _test(prepared: Prepared, for_pytest: list[str], *, compare: bool) -> int:
    """Run the suite on it, then quietly on the nearest release; say what differs."""
    record = RESULTS / f"source-{re.sub('[^A-Za-z0-9._-]+', '-', prepared.name)}.xml"
    marked = {"GMM_SOURCE": f"{prepared.name}, {prepared.why}"} if prepared.how != "release" else {}
    code = _run_suite(prepared.python, record, for_pytest, {**prepared.variables, **marked})
    if code not in PYTEST_RAN:
        return command_line.WRONG_USE
    print(f"record of the run: {record.relative_to(PROJECT)}")
    after = read(record)
    if prepared.how == "release" or not compare:
        return code
    nearest = prepared.nearest.version
    waiting = Console(stderr=True).status(f"the same checks with scikit-learn {nearest}")
    with scratch.temporary() as folder, waiting:
        python = release_environment.make(prepared.nearest)
        _run_suite(python, folder / "nearest.xml", [*for_pytest, "--no-ledger"], {}, quiet=True)
        before = read(folder / "nearest.xml")
    changes = changed(before, after)
    print("\n".join(lines(changes, prepared.name, nearest, len(before.keys() & after.keys()))))
    return command_line.FAILED if newly_failing(changes) else command_line.FINE


def _run_suite(
    python: Path, record: Path, for_pytest: list[str], variables: dict[str, str], *, quiet: bool = False
) -> int:
    """Run pytest in an environment; the record appears under its name when the run has ended."""
    with whole_file.written_by_program(record) as written:
        done = subprocess.run(
            [str(python), "-m", "pytest", *PYTEST_OPTIONS, f"--junitxml={written}", *for_pytest], cwd=PROJECT,
            env=release_environment.variables(variables), check=False, stdout=subprocess.DEVNULL if quiet else None,
            stderr=subprocess.DEVNULL if quiet else None,
        )  # fmt: skip
        if done.returncode in PYTEST_RAN and not written.exists():
            raise Fault(f"{python} -m pytest left no record of its checks; has that environment pytest?")
    return done.returncode


def _parser() -> argparse.ArgumentParser:
    parser = command_line.parser("tests-source", __doc__, EXIT_CODES, abbreviate=False)
    parser.add_argument("source", metavar="SOURCE", help="which scikit-learn")
    route = parser.add_mutually_exclusive_group()
    helps = {
        "overlay": "lay sklearn/mixture over the nearest release, whatever else differs",
        "build": "build it, whatever differs",
    }
    for name, text in helps.items():
        route.add_argument(f"--{name}", dest="route", action="store_const", const=name, help=text)
    parser.add_argument(
        "--python", type=Path, metavar="PYTHON", help="interpreter that a checkout was built in place for"
    )
    parser.add_argument("--no-comparison", action="store_true", help="do not run the nearest release too")
    parser.add_argument("--dry-run", action="store_true", help="say what would be done; run nothing")
    return parser


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
    return [Changed(*key[:3], tuple(named), key[3]) for key, named in sorted(cases.items())]


def newly_failing(changes: Iterable[Changed]) -> list[Changed]:
    """The promises that are kept no longer, or can no longer be judged; a check that only records promises nothing."""

    def worse(before: str, after: str) -> bool:
        return before != BREAKS and (after in (FAILS, BREAKS) or (before, after) == (PASSES, NOT_JUDGED))

    return [change for change in changes if change.promise and worse(change.before, change.after)]


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
    newly = [f"  {words.get(change.after, 'newly fails')}: {_on_cases(change)}" for change in worse]
    summary += newly or ["  newly fails: nothing"]
    summary += [f"  no longer fails: {_on_cases(change)}" for change in better] or ["  no longer fails: nothing"]
    summary += [f"  {_on_cases(change)} {change.after}, and {change.before} there" for change in other]
    if recorded:
        summary.append(f"  no longer what is recorded of releases: the fits of {_named(sorted(recorded))}")
    return summary


def _on_cases(change: Changed) -> str:
    cases = [case for case in change.cases if case]
    return f"{change.check} on {_named(cases)}" if cases else change.check


def _named(cases: Sequence[str]) -> str:
    named = ", ".join(cases[:NAMED_CASES]) + (", ..." if len(cases) > NAMED_CASES else "")
    return f"{len(cases)} case{'' if len(cases) == 1 else 's'} ({named})"


if __name__ == "__main__":
    sys.exit(main())
