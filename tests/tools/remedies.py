"""Run this suite and scikit-learn's own tests on every remedy, and make the table of what each one passes.

The checks, the fits, the tests of `sklearn.mixture` that the wheel has, and
`check_estimator` run with the newest release. A second table says which components
follow which objects through long videos. With --patch, nothing is run: the
change of scikit-learn that a remedy stands for is written as a patch of SOURCE (a
release, a checkout or REPO@REV), with a regression test, and the text of a pull
request beside it.

Examples
--------
  nox -s remedies
  nox -s remedies -- --write --json FILE
  nox -s remedies -- --tracking --write
  nox -s remedies -- --python PYTHON_THAT_HAS_TORCH
  nox -s remedies -- --patch WarmStartMixture 1.9.1
  nox -s remedies -- --patch WarmStartMixture ~/scikit-learn@main
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import re
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.progress import track

from fixtures import command_line, corpus, documentation, whole_file
from fixtures.fault import Fault
from tests.support.estimator import DEFAULT_ESTIMATOR
from tests.support.judgement import BROKEN, KEPT, NOT_JUDGED
from tests.tools import own_tests, release_environment, remedy_patch, tracking
from tests.tools.compare.measure import Plan, Side, measure_all
from tests.tools.compare.ratio import Ratio
from tests.tools.own_tests import Ends
from tests.tools.reduce.reduction import matrix
from tests.tools.release_table import Release
from tests.tools.worker_process import WorkerProcess

README = documentation.REFERENCE
REMEDIES = {
    "GaussianMixture": DEFAULT_ESTIMATOR,
    **{
        name: f"tests.support.remedies:{name}"
        for name in ("LogDomainMixture", "WarmStartMixture", "KeepLastParameters")
    },
}
COST_CASE = "object-leaves-20000-samples"
# scikit-learn's class, by the module of the others: what a process has imported moves a fit's time by up to 4 %.
TIMED = {**REMEDIES, "GaussianMixture": "tests.support.remedies:GaussianMixture"}
TABLE = "remedies"
RESULTS = corpus.PROJECT / "results"
# Precisions near to singular cannot be rounded to float32 and stay definite: there it keeps float64. It computes in
# float64 always: there is nothing to advise.
WORSE_THAN_STOCK = {
    ("LogDomainMixture", "test_dtype_is_kept"),
    ("LogDomainMixture", "test_float64_is_advised_for_float32"),
}
FIX, STOCK = remedy_patch.REMEDY, "GaussianMixture"
SECONDS_FOR_A_CASE = 600.0


class Count(NamedTuple):
    """How often a check ended in each way on an estimator."""

    kept: int = 0
    broken: int = 0
    not_judged: int = 0

    def words(self) -> str:
        """A cell of the table."""
        parts = [f"{self.broken}"] if self.broken else ["passes"] if self.kept else []
        return ", ".join([*parts, *([f"{self.not_judged} not judged"] if self.not_judged else [])])


Counts = dict[str, Count]


def counts_of(python: Path, capture: Path | None) -> dict[str, Counts]:
    """How every check ended on each estimator, in the environment of a release."""
    variables = {"GMM_CAPTURE": str(capture)} if capture else {}
    published = set() if capture else set(corpus.names_with("published"))
    cases = [name for name in corpus.case_names() if name not in published]
    counts = {}
    for name, path in REMEDIES.items():
        print(f"asking every check about {name} ...", flush=True)
        with WorkerProcess(python, "tests.workers.probe", name, variables, [path]) as worker:
            counts[name] = checks_of(worker, cases)
    return counts


def checks_of(worker: WorkerProcess, cases: Sequence[str]) -> Counts:
    """Ask a worker about cases: how often each check that promises something ended in each way, by check."""
    ends: dict[str, Counter[str]] = {}
    # The first answer of a worker waits for the import of scikit-learn.
    for case in track(cases, worker.name, transient=True, console=Console(stderr=True)):
        for check, end in worker.ask("ends", timeout=SECONDS_FOR_A_CASE, case=case).items():
            ends.setdefault(check, Counter())[end] += 1
    return {name: Count(found[KEPT], found[BROKEN], found[NOT_JUDGED]) for name, found in ends.items()}


def own_ends(release: Release, python: Path | None) -> dict[str, Ends]:
    """How scikit-learn's own tests ended on each estimator, with a release or with the interpreter that is named."""
    with contextlib.nullcontext(python) if python else own_tests.environment(release) as interpreter:
        ends = {}
        for name, path in REMEDIES.items():
            print(f"running scikit-learn's own tests on {name} ...", flush=True)
            ends[name] = own_tests.ends_of(path, interpreter, f"scikit-learn's own tests on {name}")
    return ends


def as_counts(ends: Ends) -> Counts:
    """The same as rows of the table."""
    counted = {suite: Counter(found.values()) for suite, found in ends.items()}
    return {suite: Count(found["passed"], found["failed"], found["skipped"]) for suite, found in counted.items()}


def worse(counts: dict[str, Counts], name: str) -> list[str]:
    """Checks that a remedy fails more often than scikit-learn's class, its explained ones aside."""
    own, stock = counts[name], counts[STOCK]
    return [
        check for check, count in own.items()
        if count.broken > stock.get(check, Count()).broken and (name, check) not in WORSE_THAN_STOCK
    ]  # fmt: skip


def cost_of(sides: Sequence[Side], plan: Plan) -> list[Ratio]:
    """Seconds of a fit of each estimator relative to the first, as `compare` measures them, with their intervals.

    Raises
    ------
    Fault
        A fit raised, or the time was up after one round.
    """
    ratios = [Ratio(1, 1, 1)]
    for side in sides[1:]:
        (result,) = measure_all(sides[0], side, plan, [COST_CASE])
        if result.ratio is None or len(result.rounds) < 2:
            raise Fault(
                f"{side.name} on {COST_CASE} has no interval: {result.failure or 'one round took all the time'}; should"
                " fit, on a machine that has time for it"
            )
        ratios.append(result.ratio)
    return ratios


def table(counts: dict[str, Counts], cost: list[Ratio]) -> str:
    """The Markdown table: for each check how many cases each remedy fails, and what it costs."""
    head = ["| check | cases |" + "".join(f" {name} |" for name in counts), "| --- | ---: |" + " ---: |" * len(counts)]
    rows = [
        f"| `{check}` | {_most_cases(row)} |" + "".join(f" {count.words()} |" for count in row)
        for check, row in _rows(counts)
    ]
    seconds = " 1 |" + "".join(f" {ratio.value:.2f} ({ratio.low:.2f} to {ratio.high:.2f}) |" for ratio in cost[1:])
    return "\n".join([*head, *rows, f"| seconds of a fit, `{COST_CASE}` | |{seconds}"])


def as_data(release: str, counts: dict[str, Counts], cost: list[Ratio]) -> dict[str, Any]:
    """The same table for ``nox -s report``."""
    rows = [
        {
            "check": check,
            "cases": _most_cases(row),
            "failed": [count.broken for count in row],
            "not_judged": [count.not_judged for count in row],
        }
        for check, row in _rows(counts)
    ]
    ratios = [asdict(ratio) for ratio in cost]
    return {"release": release, "names": list(counts), "rows": rows, "cost_case": COST_CASE, "cost": ratios}


def _rows(counts: dict[str, Counts]) -> list[tuple[str, list[Count]]]:
    """For each check the counts of each estimator."""
    checks = sorted({check for found in counts.values() for check in found})
    return [(check, [found.get(check, Count()) for found in counts.values()]) for check in checks]


def _most_cases(row: list[Count]) -> int:
    return max(sum(count) for count in row)


def _track(python: Path, *, is_written: bool) -> None:
    print("following the objects of long videos with every estimator ...", flush=True)
    found = tracking.courses(REMEDIES, python, functools.partial(track, transient=True, console=Console(stderr=True)))
    made = tracking.table(found)
    print(made)
    if is_written:
        documentation.put_table(README, tracking.TABLE, made)
        tracking.draw(found)


def _patch(remedy: str, source: str) -> int:
    """Write the change, and the text of a pull request, into results/."""
    change = remedy_patch.change_of(remedy, os.path.expanduser(source))
    RESULTS.mkdir(exist_ok=True)
    stem = f"{remedy}-{re.sub('[^A-Za-z0-9._-]+', '-', change.of)}"
    for name, text in ((f"{stem}.patch", change.patch), (f"{stem}.md", change.pull_request)):
        whole_file.write_text(RESULTS / name, text)
        print(f"written: {os.path.relpath(RESULTS / name, corpus.PROJECT)}")
    return command_line.FINE


@command_line.command()
def main(arguments: list[str] | None = None) -> int:
    parser = command_line.parser("remedies", __doc__)
    parser.add_argument("--capture", metavar="DIR", help="folder that holds the public capture (default: GMM_CAPTURE)")
    parser.add_argument("--write", action="store_true", help="put the tables into tests/README.md, and draw the second")
    parser.add_argument("--tracking", action="store_true", help="make the table of long videos only")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the table for `nox -s report`")
    parser.add_argument(
        "--python",
        type=Path,
        help="interpreter with pytest and the newest release, for scikit-learn's own tests",
    )
    parser.add_argument("--patch", nargs=2, metavar=("NAME", "SOURCE"), help="write a remedy as a patch")
    options = parser.parse_args(arguments)
    if options.patch:
        return _patch(*options.patch)
    if options.json and not options.json.parent.is_dir():
        raise Fault(f"--json names {options.json}, whose folder does not exist; make it first")
    if options.python and not options.python.is_file():
        raise Fault(f"--python names {options.python}, which is no file; should be an interpreter")
    capture = corpus.find_capture(options.capture)
    release = release_environment.find(matrix("series")[-1])
    python = release_environment.make(release)
    _track(python, is_written=options.write)
    if options.tracking:
        return command_line.FINE
    print(f"timing fits of {COST_CASE} with scikit-learn {release.version} ...", flush=True)
    cost = cost_of([Side(name, python, path) for name, path in TIMED.items()], Plan())
    ends = own_ends(release, options.python)
    counts = {name: {**as_counts(ends[name]), **found} for name, found in counts_of(python, capture).items()}
    failing = {name: own_tests.newly_failing(found, ends[STOCK]) for name, found in ends.items()}
    made = f"{table(counts, cost)}\n\n{own_tests.explanations(failing)}"
    print(made)
    if options.json:
        whole_file.write_text(options.json, json.dumps(as_data(release.version, counts, cost), indent=1) + "\n")
    if options.write:
        documentation.put_table(README, TABLE, made)
    return verdict(counts, failing)


def verdict(counts: dict[str, Counts], failing: dict[str, list[str]]) -> int:
    """Say what is not as it should be; 1 where something is not."""
    wrong = [
        f"{name} fails {check} more often than {STOCK}; should not"
        for name in ("LogDomainMixture", FIX)
        for check in worse(counts, name)
        if check not in own_tests.SUITES
    ]
    wrong += [line for name, tests in failing.items() for line in own_tests.unexplained(name, tests)]
    print("\n".join(wrong or [f"every remedy fails what it should; {FIX} fails nothing that {STOCK} passes"]))
    return command_line.FAILED if wrong else command_line.FINE


if __name__ == "__main__":
    sys.exit(main())
