"""Run the suite on every remedy with one release, and make the table of tests/README.md of what each one passes.

The checks and the fits run in the environment of the newest release.

Examples
--------
  nox -s remedies
  nox -s remedies -- --write --json FILE
"""

from __future__ import annotations

import json
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
from tests.tools import release_environment
from tests.tools.compare.measure import Plan, Side, measure_all
from tests.tools.compare.ratio import Ratio
from tests.tools.reduce.reduction import matrix
from tests.tools.worker_process import WorkerProcess

README = documentation.REFERENCE
REMEDIES = {
    "GaussianMixture": DEFAULT_ESTIMATOR,
    **{
        name: f"tests.support.remedies:{name}"
        for name in ("LogDomainMixture", "KeepLastParameters", "ReseedAtWorstExplained")
    },
}
COST_CASE = "object-leaves-20000-samples"
TABLE = "remedies"
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


@command_line.command()
def main(arguments: list[str] | None = None) -> int:
    parser = command_line.parser("remedies", __doc__)
    parser.add_argument("--capture", metavar="DIR", help="folder that holds the public capture (default: GMM_CAPTURE)")
    parser.add_argument("--write", action="store_true", help="put the table into tests/README.md")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the table for `nox -s report`")
    options = parser.parse_args(arguments)
    if options.json and not options.json.parent.is_dir():
        raise Fault(f"--json names {options.json}, whose folder does not exist; make it first")
    capture = corpus.find_capture(options.capture)
    release = matrix("series")[-1]
    python = release_environment.make(release_environment.find(release))
    print(f"timing fits of {COST_CASE} with scikit-learn {release} ...", flush=True)
    cost = cost_of([Side(name, python, path) for name, path in REMEDIES.items()], Plan())
    counts = counts_of(python, capture)
    made = table(counts, cost)
    print(made)
    if options.json:
        whole_file.write_text(options.json, json.dumps(as_data(release, counts, cost), indent=1) + "\n")
    if options.write:
        documentation.put_table(README, TABLE, made)
    counted = counts["LogDomainMixture"].values()
    failed, not_judged = sum(count.broken for count in counted), sum(count.not_judged for count in counted)
    verdict = f"fails {failed} checks; should fail none" if failed else "fails no check"
    print(f"LogDomainMixture {verdict}; {not_judged} are not judged")
    return command_line.FAILED if failed else command_line.FINE


if __name__ == "__main__":
    sys.exit(main())
