"""Run the suite on every remedy with one release, and make the table of tests/README.md of what each one passes.

Run inside the environment of one release, by ``nox -s remedies``.
"""

from __future__ import annotations

import argparse
import collections
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from fixtures import corpus, documentation, whole_file
from tests.support import environment, replay

README = documentation.REFERENCE
REMEDIES = {
    "GaussianMixture": replay.DEFAULT_ESTIMATOR,
    "LogDomainMixture": "tests.support.remedies:LogDomainMixture",
    "KeepLastParameters": "tests.support.remedies:KeepLastParameters",
    "ReseedAtWorstExplained": "tests.support.remedies:ReseedAtWorstExplained",
}
COST_CASE = "object-leaves-20000-samples"
ROUNDS = 15
TABLE = "remedies"

Counts = dict[str, tuple[int, int]]


class SuiteBroke(RuntimeError):
    """A run of the suite ended otherwise than by passing or failing checks."""


def checks_of(estimator: str, capture: Path | None) -> Counts:
    """Run every check but the baseline's on an estimator: (failed, all) by check.

    Raises
    ------
    SuiteBroke
        The run left no record, or a check ended in an error.
    """
    variables = {**os.environ, **({"GMM_CAPTURE": str(capture)} if capture else {})}
    with tempfile.TemporaryDirectory() as folder:
        record = Path(folder, "record.xml")
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:benchmark", "-p", "no:cacheprovider", "--no-ledger"]
        command += ["--estimator", estimator, f"--junitxml={record}", f"--ignore={Path('tests', 'test_baseline.py')}"]
        done = subprocess.run(command, cwd=corpus.PROJECT, env=variables, capture_output=True, text=True, check=False)
        if not record.exists() or done.returncode not in (0, 1):
            raise SuiteBroke(
                f"{estimator}: pytest ended with {done.returncode}: {done.stdout[-300:]}{done.stderr[-300:]}"
            )
        cases = list(ElementTree.parse(record).getroot().iter("testcase"))  # noqa: S314  (written just now)
    counts: dict[str, list[int]] = collections.defaultdict(lambda: [0, 0])
    for case in cases:
        check = re.sub(r"\[.*", "", case.get("name", ""))
        if case.find("error") is not None:
            raise SuiteBroke(f"{estimator}: {case.get('name')} ended in an error; should pass or fail")
        # The capture's figures are what the defect gives: no remedy should.
        if case.find("skipped") is None and check != "test_fit_gives_the_published_figures":
            counts[check][0] += case.find("failure") is not None
            counts[check][1] += 1
    return {check: (failed, total) for check, (failed, total) in counts.items()}


def cost_of(estimators: list[str]) -> list[float]:
    """Seconds of a fit of each estimator relative to the first, the least of many asked in turn."""
    case = corpus.load_case(COST_CASE)
    classes = [replay.import_estimator(path) for path in estimators]
    best = [float("inf")] * len(classes)
    for _ in range(ROUNDS):
        for number, estimator_class in enumerate(classes):
            best[number] = min(best[number], replay.replay(case, estimator_class)[0].seconds)
    return [seconds / best[0] for seconds in best]


def table(counts: dict[str, Counts], cost: list[float]) -> str:
    """The Markdown table: for each check how many cases each remedy fails, and what it costs."""
    head = ["| check | cases |" + "".join(f" {name} |" for name in counts), "| --- | ---: |" + " ---: |" * len(counts)]
    checks = sorted({check for found in counts.values() for check in found})
    rows = []
    for check in checks:
        total = max(found.get(check, (0, 0))[1] for found in counts.values())
        cells = "".join(f" {found.get(check, (0, 0))[0] or 'passes'} |" for found in counts.values())
        rows.append(f"| `{check}` | {total} |{cells}")
    seconds = "".join(f" {ratio:.2f} |" for ratio in cost)
    return "\n".join([*head, *rows, f"| seconds of a fit, `{COST_CASE}` | |{seconds}"])


def as_data(release: str, counts: dict[str, Counts], cost: list[float]) -> dict[str, Any]:
    """The same table for ``nox -s report``."""
    checks = sorted({check for found in counts.values() for check in found})
    rows = [
        {
            "check": check,
            "cases": max(found.get(check, (0, 0))[1] for found in counts.values()),
            "failed": [found.get(check, (0, 0))[0] for found in counts.values()],
        }
        for check in checks
    ]
    return {"release": release, "names": list(counts), "rows": rows, "cost_case": COST_CASE, "cost": cost}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="nox -s remedies --", description=__doc__.split("\n\n")[0])
    parser.add_argument("--capture", metavar="DIR", help="folder that holds the public capture (default: GMM_CAPTURE)")
    parser.add_argument("--write", action="store_true", help="put the table into tests/README.md")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the table for `nox -s report`")
    options = parser.parse_args(arguments)
    if options.json and not options.json.parent.is_dir():
        print(f"error: --json names {options.json}, whose folder does not exist; make it first", file=sys.stderr)
        return 2
    counts = {}
    try:
        capture = corpus.find_capture(options.capture)
        for name, estimator in REMEDIES.items():
            print(f"running the suite on {name} ...", flush=True)
            counts[name] = checks_of(estimator, capture)
    except (corpus.BadCaptureFolder, SuiteBroke) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    cost = cost_of(list(REMEDIES.values()))
    made = table(counts, cost)
    print(made)
    if options.json:
        data = as_data(environment.describe()["scikit-learn"], counts, cost)
        whole_file.write_text(options.json, json.dumps(data, indent=1) + "\n")
    if options.write:
        documentation.put_table(README, TABLE, made)
    failed = sum(failed for failed, _ in counts["LogDomainMixture"].values())
    print(
        f"LogDomainMixture fails {failed} checks; should fail none" if failed else "LogDomainMixture passes every check"
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
