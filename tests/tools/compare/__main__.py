"""Compare the fit times of two scikit-learns, case by case, with an interval and a verdict.

OLD and NEW are releases or series, wheels, folders of checkouts, REPO@REV, or
RELEASE+PATCHFILE. With --neighbours every series is compared with the one
before; with --self-test the comparison itself is tried. `nox -s bisect -- --outcome
fit_time` and `nox -s remedies` measure in the same way.

Where no case is named: one of every covariance type, one of float32, of many
features, of many components, of many samples, and a chain of warm starts.

Examples
--------
  nox -s compare -- 1.6 1.9
  nox -s compare -- 1.9.0 1.9.1 --case control-still-scene --fail-above 1.05
  nox -s compare -- 1.3 1.4 --same-dependencies
  nox -s compare -- 1.9.1 1.9.1+fix.patch --json ratios.json
  nox -s compare -- ~/scikit-learn@COMMIT~1 ~/scikit-learn@COMMIT --overlay
  nox -s compare -- --neighbours --write
  nox -s compare -- --self-test --json trials.json
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from fixtures import command_line, corpus, whole_file
from fixtures.fault import Fault, one_of
from tests.tools import release_environment, release_table
from tests.tools.compare import measure, self_test, steps
from tests.tools.compare.measure import CaseResult, Measurement, Plan, Side, open_side, open_with_dependencies_of
from tests.tools.compare.ratio import FEWEST_ROUNDS, Verdict, in_words
from tests.tools.worker_process import WorkerFailed

# Short fits, of which many are timed: every covariance type, float32, many
# features, many components, many samples, and a chain of warm starts.
DEFAULT_CASES = (
    "control-still-scene", "control-still-scene-diag", "control-still-scene-spherical", "control-still-scene-tied",
    "control-still-scene-float32", "control-16d", "control-64-objects", "object-leaves-20000-samples",
    "chain-object-leaves",
)  # fmt: skip
FORMAT_VERSION = 1
HEAD = ("case", "seconds per fit", "per iteration", "iterations", "peak memory", "verdict")
MORE = "give more --seconds, or stop what else is running"


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = command_line.parser("compare", __doc__)
    flag: dict[str, Any] = {"action": "store_true"}
    ratio: dict[str, Any] = {"type": _between(1, 10, "a ratio above 1, like 1.05"), "metavar": "RATIO"}
    seconds: dict[str, Any] = {"type": _between(0, 1e6, "a number of seconds, like 50"), "metavar": "S"}
    add = made.add_argument
    add("sides", nargs="*", metavar="OLD NEW", help="what is compared: 1.8.0, 1.9, 1.9.1+fix.patch, ...")
    add("--neighbours", **flag, help="compare every series with the one before")
    add("--write", **flag, help="with --neighbours or --self-test: into tests/README.md")
    add("--self-test", **flag, help="compare a release with itself and slowed, many times")
    add("--comparisons", type=int, default=40, metavar="N", help="of --self-test (%(default)s of each)")
    add("--same-dependencies", **flag, help="run NEW, a release, with the Python, numpy and scipy of OLD")
    add("--overlay", **flag, help="of checkouts and revisions take sklearn/mixture alone, and build nothing")
    add("--case", action="append", metavar="CASE", help="a case of the corpus; may be repeated (default: those above)")
    add("--threshold", **ratio, default=Plan.threshold, help="the smallest that matters (%(default)s)")
    add("--fail-above", **ratio, help="use this threshold, and end with 1 where NEW is slower")
    add("--seconds", **seconds, default=Plan.seconds, help="most that one case may take (%(default)g)")
    add("--json", type=Path, metavar="FILE", help="write all that was measured")
    add("--capture", metavar="DIR", help="folder that holds the public capture (default: GMM_CAPTURE)")
    return made


@command_line.command("what was measured whole is above")
def main(arguments: Sequence[str] | None = None) -> int:
    """Compare, and print what was found; 1 where a fit failed or NEW is slower than allowed."""
    options = parser().parse_args(arguments)
    _check(options)
    capture = corpus.find_capture(options.capture)
    plan = Plan(options.fail_above or options.threshold, options.seconds, capture)
    if options.neighbours:
        return _neighbours(plan, write=options.write)
    if options.self_test:
        return _self_test(plan, options)
    with open_side(options.sides[0], overlay=options.overlay) as old, _new_side(options, old) as new:
        return _compare(old, new, plan, options)


def _new_side(options: argparse.Namespace, old: Side) -> AbstractContextManager[Side]:
    if not options.same_dependencies:
        return open_side(options.sides[1], overlay=options.overlay)
    return open_with_dependencies_of(old, release_environment.find(options.sides[1]))


def _compare(old: Side, new: Side, plan: Plan, options: argparse.Namespace) -> int:
    measured = [CaseResult(case, plan.threshold) for case in options.case or DEFAULT_CASES]
    broke_off: BaseException | None = None
    try:
        _measure(old, new, plan, measured)
    except (KeyboardInterrupt, WorkerFailed) as reason:
        broke_off = reason
    load = f"{os.getloadavg()[0]:.2f}" if hasattr(os, "getloadavg") else "unknown"
    print(f"{new.name} relative to {old.name}: CPU seconds, with 95 % intervals; load {load}")
    print("\n".join([command_line.aligned([HEAD, *map(_row, measured)]), *_notes(measured)]))
    if options.json:
        content = {
            "format": FORMAT_VERSION, "old": old.name, "new": new.name, "load_average": load,
            "interrupted": broke_off is not None, "cases": [result.as_json() for result in measured],
        }  # fmt: skip
        whole_file.write_text(options.json, json.dumps(content, indent=1) + "\n")
    if isinstance(broke_off, KeyboardInterrupt):
        raise command_line.Interrupted("the rounds that were whole are above")
    if broke_off:
        raise broke_off
    failed = any(result.failure for result in measured)
    slower = options.fail_above and any(result.verdict is Verdict.SLOWER for result in measured)
    return command_line.FAILED if failed or slower else command_line.FINE


def _measure(old: Side, new: Side, plan: Plan, measured: list[CaseResult]) -> None:
    """Measure to the end, with a bar of the time that it may take on a terminal."""
    console = Console(stderr=True)
    bar = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*bar, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("first round", total=len(measured) * plan.seconds)
        started = time.monotonic()
        for number in Measurement(old, new, plan).run(measured):
            decided = f"{sum(result.finished for result in measured)} of {len(measured)} cases decided"
            seconds = time.monotonic() - started
            progress.update(task, description=f"round {number}: {decided}", completed=seconds)


def _row(result: CaseResult) -> Sequence[str]:
    ratio, of_an_iteration, verdict = result.ratio, result.ratio_of_an_iteration, result.verdict
    if verdict is None or ratio is None or of_an_iteration is None:
        return (result.case, "-", "-", "-", "-", "a fit failed" if result.failure else "not measured")
    facts = [result.facts["old"], result.facts["new"]]
    # Each side's where they differ.
    iterations = " -> ".join(dict.fromkeys(str(side["n_iter"]) for side in facts))
    memory = " -> ".join(dict.fromkeys(f"{side['peak_memory'] / 1e6:.2f} MB" for side in facts))
    return (result.case, in_words(ratio), in_words(of_an_iteration), iterations, memory, verdict.value)


def _notes(results: Sequence[CaseResult]) -> list[str]:
    """What the table leaves out: why a fit failed, iterations that differ, what to do about an undecided case."""
    lines = []
    for result in results:
        if result.failure:
            lines.append(f"{result.case} has no ratio: {result.failure}")
        elif result.facts and (old := result.facts["old"]["n_iter"]) != (new := result.facts["new"]["n_iter"]):
            lines.append(f"{result.case}: {old} iterations became {new}; compare the seconds per iteration")
    undecided = [result for result in results if result.verdict is Verdict.UNDECIDED]
    too_few = [f"{one.case} ({len(one.rounds)})" for one in undecided if len(one.rounds) < FEWEST_ROUNDS]
    if too_few:
        lines.append(f"undecided after too few rounds: {', '.join(too_few)}; should be {FEWEST_ROUNDS} or more: {MORE}")
    near = [one.case for one in undecided if len(one.rounds) >= FEWEST_ROUNDS]
    if near:
        threshold = undecided[0].threshold
        lines.append(
            f"undecided at a threshold of {threshold:g}: {', '.join(near)}; the interval should lie wholly above"
            f" {threshold:g}, below {1 / threshold:.3g}, or between: the ratio is near the threshold, or the machine"
            f" too noisy: {MORE}"
        )
    return lines


def _neighbours(plan: Plan, *, write: bool) -> int:
    """Compare the series that are not compared yet; with ``write``, keep each as it is measured."""
    done = known = steps.read() if write else []
    try:
        for done in measure.measure_neighbours(plan, known):
            print(f"{len(done)} of {len(measure.pairs_of_series())} steps measured", file=sys.stderr, flush=True)
            if write:
                steps.write(done)
    finally:
        print(steps.table(done))
    if write:
        steps.write_readme(done)
    return command_line.FINE


def _self_test(plan: Plan, options: argparse.Namespace) -> int:
    """Try the comparison; keeps and shows the trials that were whole when it is interrupted."""
    release = options.sides[0] if options.sides else release_table.read()[-1].version
    trials: list[self_test.Trial] = []
    try:
        with open_side(release) as side:
            for last in self_test.run(side, plan, options.comparisons):
                trials.append(last)
                ratio = in_words(last.ratio)
                print(f"{len(trials)}: {last.kind} {last.verdict}, {ratio}", file=sys.stderr, flush=True)
                if options.json:
                    self_test.write_json(options.json, trials)
    finally:
        print(self_test.table(trials, plan.threshold))
    if options.write:
        self_test.write(trials)
    return command_line.FINE if self_test.reached(trials) else command_line.FAILED


def _check(options: argparse.Namespace) -> None:
    alone = options.neighbours or options.self_test
    if len(options.sides) != 2 and not alone:
        raise Fault(f"{len(options.sides)} sides are named; should be two, OLD and NEW (--help has examples)")
    if options.write and not alone:
        raise Fault("--write is for --neighbours and --self-test; should go with one of them")
    if options.write and options.self_test and options.threshold != Plan.threshold:
        raise Fault(f"--write keeps what --self-test shows at {Plan.threshold}; --threshold should not be named")
    if options.neighbours and options.sides:
        raise Fault(f"--neighbours compares every series; {options.sides[0]!r} should not be named")
    if options.same_dependencies and alone:
        raise Fault("--same-dependencies is for OLD and NEW; --neighbours does it by itself")
    if options.comparisons < 1:
        raise Fault(f"--comparisons is {options.comparisons}; should be 1 or more")
    names = corpus.case_names()
    for case in [one for one in options.case or () if one not in names]:
        raise Fault(f"there is no case {case!r}; should be {one_of(names, case)}")
    if options.json and not options.json.parent.is_dir():
        raise Fault(f"--json names {options.json}, whose folder does not exist; make it first")


def _between(low: float, high: float, what: str) -> Callable[[str], float]:
    def number(text: str) -> float:
        with contextlib.suppress(ValueError):
            if low < float(text) < high:
                return float(text)
        raise argparse.ArgumentTypeError(f"{text!r}; should be {what}")

    return number


if __name__ == "__main__":
    sys.exit(main())
