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
import tempfile
from pathlib import Path

from rich.console import Console

from fixtures import command_line, whole_file
from fixtures.corpus import PROJECT
from fixtures.fault import Fault
from tests.tools import environments, release_environment
from tests.tools.nox_session import PYTEST_OPTIONS
from tests.tools.sources import outcome_changes
from tests.tools.sources.plan import plan_for
from tests.tools.sources.prepared import Prepared, carry_out

RESULTS = PROJECT / "results"
WORSE = command_line.FAILED
PYTEST_RAN = (0, 1)
EXIT_CODES = "0 no check is worse than with the nearest release, 1 one is, 2 wrong use or bad input"


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
    changed = {"GMM_SOURCE": f"{prepared.name}, {prepared.why}"} if prepared.how != "release" else {}
    code = _run_suite(prepared.python, record, for_pytest, {**prepared.variables, **changed})
    if code not in PYTEST_RAN:
        return command_line.WRONG_USE
    print(f"record of the run: {record.relative_to(PROJECT)}")
    after = outcome_changes.read(record)
    if prepared.how == "release" or not compare:
        return code
    nearest = prepared.nearest.version
    waiting = Console(stderr=True).status(f"the same checks with scikit-learn {nearest}")
    with tempfile.TemporaryDirectory() as folder, waiting:
        python = release_environment.make(prepared.nearest)
        _run_suite(python, Path(folder, "nearest.xml"), [*for_pytest, "--no-ledger"], {}, quiet=True)
        before = outcome_changes.read(Path(folder, "nearest.xml"))
    changes = outcome_changes.changed(before, after)
    print("\n".join(outcome_changes.lines(changes, prepared.name, nearest, len(before.keys() & after.keys()))))
    return WORSE if outcome_changes.newly_failing(changes) else command_line.FINE


def _run_suite(
    python: Path, record: Path, for_pytest: list[str], variables: dict[str, str], *, quiet: bool = False
) -> int:
    """Run pytest in an environment; the record appears under its name when the run has ended."""
    with whole_file.written_by_program(record) as scratch:
        done = subprocess.run(
            [str(python), "-m", "pytest", *PYTEST_OPTIONS, f"--junitxml={scratch}", *for_pytest], cwd=PROJECT,
            env=environments.variables(variables), check=False, stdout=subprocess.DEVNULL if quiet else None,
            stderr=subprocess.DEVNULL if quiet else None,
        )  # fmt: skip
        if done.returncode in PYTEST_RAN and not scratch.exists():
            raise Fault(f"{python} -m pytest left no record of its checks; has that environment pytest?")
    return done.returncode


def _parser() -> argparse.ArgumentParser:
    parser = command_line.parser("tests-source", __doc__, EXIT_CODES, abbreviate=False)
    parser.add_argument("source", metavar="SOURCE", help="which scikit-learn")
    route = parser.add_mutually_exclusive_group()
    route.add_argument(
        "--overlay", dest="route", action="store_const", const="overlay",
        help="lay sklearn/mixture over the nearest release, whatever else differs",
    )  # fmt: skip
    route.add_argument("--build", dest="route", action="store_const", const="build", help="build it, whatever differs")
    parser.add_argument(
        "--python", metavar="PYTHON", type=Path, help="interpreter that a checkout was built in place for"
    )
    parser.add_argument("--no-comparison", action="store_true", help="do not run the nearest release too")
    parser.add_argument("--dry-run", action="store_true", help="say what would be done; run nothing")
    return parser


if __name__ == "__main__":
    sys.exit(main())
