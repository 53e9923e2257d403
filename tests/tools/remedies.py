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
from tests.tools.compare.measure import CaseResult, Measurement, Plan
from tests.tools.compare.ratio import Ratio
from tests.tools.compare.sides import Side
from tests.tools.reduce.verification import matrix
from tests.tools.worker_process import WorkerProcess

README = documentation.REFERENCE
REMEDIES = {
    "GaussianMixture": DEFAULT_ESTIMATOR,
    "LogDomainMixture": "tests.support.remedies:LogDomainMixture",
    "KeepLastParameters": "tests.support.remedies:KeepLastParameters",
    "ReseedAtWorstExplained": "tests.support.remedies:ReseedAtWorstExplained",
}
COST_CASE = "object-leaves-20000-samples"
TABLE = "remedies"
SECONDS_FOR_A_CASE = 600.0


class Count(NamedTuple):
    """How often a check ended in each way on an estimator."""

    kept: int = 0
    broken: int = 0
    not_judged: int = 0

    @property
    def cases(self) -> int:
        """How many cases it ran on."""
        return sum(self)

    def words(self) -> str:
        """What the table says."""
        parts = [f"{self.broken}"] if self.broken else ["passes"] if self.kept else []
        return ", ".join([*parts, *([f"{self.not_judged} not judged"] if self.not_judged else [])])


Counts = dict[str, Count]


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
        result = CaseResult(COST_CASE, plan.threshold)
        for _ in Measurement(sides[0], side, plan).run([result]):
            pass
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
    rows = []
    for check in _checks(counts):
        cells = "".join(f" {found.get(check, Count()).words()} |" for found in counts.values())
        rows.append(f"| `{check}` | {_cases(counts, check)} |{cells}")
    seconds = " 1 |" + "".join(f" {ratio.value:.2f} ({ratio.low:.2f} to {ratio.high:.2f}) |" for ratio in cost[1:])
    return "\n".join([*head, *rows, f"| seconds of a fit, `{COST_CASE}` | |{seconds}"])


def as_data(release: str, counts: dict[str, Counts], cost: list[Ratio]) -> dict[str, Any]:
    """The same table for ``nox -s report``."""
    rows = [
        {
            "check": check,
            "cases": _cases(counts, check),
            "failed": [found.get(check, Count()).broken for found in counts.values()],
            "not_judged": [found.get(check, Count()).not_judged for found in counts.values()],
        }
        for check in _checks(counts)
    ]
    ratios = [asdict(ratio) for ratio in cost]
    return {"release": release, "names": list(counts), "rows": rows, "cost_case": COST_CASE, "cost": ratios}


def _checks(counts: dict[str, Counts]) -> list[str]:
    return sorted({check for found in counts.values() for check in found})


def _cases(counts: dict[str, Counts], check: str) -> int:
    return max(found.get(check, Count()).cases for found in counts.values())


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
    counts = {}
    release = matrix("series")[-1]
    python = release_environment.make(release_environment.find(release))
    print(f"timing fits of {COST_CASE} with scikit-learn {release} ...", flush=True)
    cost = cost_of([Side(name, python, path) for name, path in REMEDIES.items()], Plan())
    variables = {"GMM_CAPTURE": str(capture)} if capture else {}
    published = set() if capture else set(corpus.names_with("published"))
    cases = [name for name in corpus.case_names() if name not in published]
    for name, path in REMEDIES.items():
        print(f"asking every check about {name} ...", flush=True)
        with WorkerProcess(python, "tests.workers.probe", name, variables, [path]) as worker:
            counts[name] = checks_of(worker, cases)
    made = table(counts, cost)
    print(made)
    if options.json:
        data = as_data(release, counts, cost)
        whole_file.write_text(options.json, json.dumps(data, indent=1) + "\n")
    if options.write:
        documentation.put_table(README, TABLE, made)
    failed = sum(count.broken for count in counts["LogDomainMixture"].values())
    print(
        f"LogDomainMixture fails {failed} checks; should fail none" if failed else "LogDomainMixture passes every check"
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
