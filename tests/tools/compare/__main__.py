"""Compare the fit times of two releases, case by case, with an interval and a verdict.

Examples
--------
  nox -s compare -- 1.6 1.9
  nox -s compare -- 1.9.0 1.9.1 --case control-still-scene --fail-above 1.05
  nox -s compare -- 1.3 1.4 --json ratios.json
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from fixtures import corpus
from tests.tools.compare import report
from tests.tools.compare.measure import CaseResult, Measurement, Plan
from tests.tools.compare.progress import Progress
from tests.tools.compare.ratio import Verdict
from tests.tools.compare.sides import Side, open_side
from tests.tools.release_environment import EnvironmentFailed, UnknownRelease
from tests.tools.release_table import BadTable
from tests.tools.worker_process import WorkerFailed

# Short fits, of which many are timed: every covariance type, float32, many
# components, many features, and one chain of warm starts.
DEFAULT_CASES = (
    "control-still-scene",
    "control-still-scene-diag",
    "control-still-scene-tied",
    "control-still-scene-float32",
    "control-16d",
    "object-leaves-20000-samples",
)
FINE, FAILED, WRONG_USE, INTERRUPTED = 0, 1, 2, 130


class BadRequest(ValueError):
    """What the user asked for cannot be done."""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    description, _, examples = (__doc__ or "").partition("\n\n")
    made = argparse.ArgumentParser(
        prog="nox -s compare --",
        description=description,
        epilog=examples,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("old", metavar="OLD", help="a release or series: 1.8.0, 1.8")
    made.add_argument("new", metavar="NEW", help="what is compared with it")
    made.add_argument("--case", action="append", metavar="CASE", help="a case of the corpus; may be repeated")
    made.add_argument(
        "--threshold",
        type=_ratio,
        default=Plan.threshold,
        metavar="RATIO",
        help="the smallest that matters (%(default)s)",
    )
    made.add_argument(
        "--fail-above", type=_ratio, metavar="RATIO", help="use this threshold, and end with 1 where NEW is slower"
    )
    made.add_argument(
        "--seconds", type=_seconds, default=Plan.seconds, metavar="S", help="most that one case may take (%(default)g)"
    )
    made.add_argument("--json", type=Path, metavar="FILE", help="write all that was measured")
    made.add_argument("--capture", metavar="DIR", help="folder that holds the public capture (default: GMM_CAPTURE)")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare, print, and say by the exit code what came of it."""
    options = parser().parse_args(arguments)
    try:
        _check(options)
        plan = Plan(
            threshold=options.fail_above or options.threshold,
            seconds=options.seconds,
            capture=corpus.find_capture(options.capture),
        )
        old, new = open_side(options.old), open_side(options.new)
        results = [CaseResult(case, plan.threshold) for case in options.case or DEFAULT_CASES]
        return _compare(old, new, results, plan, options)
    except (BadRequest, BadTable, UnknownRelease, EnvironmentFailed, WorkerFailed, corpus.BadCaptureFolder) as error:
        print(f"error: {str(error).splitlines()[0]}", file=sys.stderr)
        return WRONG_USE


def _compare(old: Side, new: Side, results: list[CaseResult], plan: Plan, options: argparse.Namespace) -> int:
    broke_off: BaseException | None = None
    try:
        with Progress(len(results) * plan.seconds) as progress:
            for number in Measurement(old, new, plan).run(results):
                progress.show(number, results)
    except (KeyboardInterrupt, WorkerFailed) as reason:
        broke_off = reason
    print(f"{new.name} relative to {old.name}: CPU seconds, with 95 % intervals; load {_load()}")
    print(report.table(results))
    for line in report.notes(results):
        print(line)
    if options.json:
        report.write_json(options.json, old, new, results, load_average=_load(), interrupted=broke_off is not None)
    if isinstance(broke_off, KeyboardInterrupt):
        print("interrupted: the rounds that were whole are above", file=sys.stderr)
        return INTERRUPTED
    if broke_off:
        raise broke_off
    failed = any(result.failure for result in results)
    slower = options.fail_above and any(result.verdict is Verdict.SLOWER for result in results)
    return FAILED if failed or slower else FINE


def _check(options: argparse.Namespace) -> None:
    names = corpus.case_names()
    for case in options.case or ():
        if case not in names:
            raise BadRequest(f"there is no case {case!r}; should be one of {', '.join(names)}")
    if options.json and not options.json.parent.is_dir():
        raise BadRequest(f"--json names {options.json}, whose folder does not exist; make it first")


def _load() -> str:
    return f"{os.getloadavg()[0]:.2f}" if hasattr(os, "getloadavg") else "unknown"


def _ratio(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 1 < value < 10:
        raise argparse.ArgumentTypeError(f"{text!r}; should be a ratio above 1, like 1.05")
    return value


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1e6:
        raise argparse.ArgumentTypeError(f"{text!r}; should be a number of seconds, like 50")
    return value


if __name__ == "__main__":
    sys.exit(main())
