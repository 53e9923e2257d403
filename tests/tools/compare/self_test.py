"""Does a comparison find what is there, and nothing else? Many comparisons of a release with itself and a slowed one.

Another process keeps a core busy meanwhile. Beside them the same two are
compared as one would by hand: by two runs of pytest-benchmark, one after the other.
"""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

from fixtures import documentation, whole_file
from fixtures.fault import Fault
from tests.tools.compare.measure import CaseResult, Measurement, Plan
from tests.tools.compare.ratio import Ratio, Verdict
from tests.tools.compare.sides import Side
from tests.tools.release_table import TABLE

CASE = "control-still-scene-diag"
SLOWED = "tests.workers.slowed:SlowedMixture"
KINDS = ("A/A", "A/B")
SHARE_FOUND = 0.95
PROJECT = TABLE.parent.parent
RECORD = PROJECT / "tests" / "measured" / "compare_self_test.json"
README = documentation.REFERENCE
README_TABLE = "self-test"
FORMAT_VERSION = 1


@dataclass(frozen=True)
class Trial:
    """One comparison, and the same by two runs of pytest-benchmark.

    Attributes
    ----------
    kind : {'A/A', 'A/B'}
    verdict : str
    ratio : Ratio
    rounds : int
    seconds : float
        Wall time of the comparison.
    load : float
        Load average at its end.
    by_benchmarks : float
        Ratio of the medians of two runs of pytest-benchmark.
    """

    kind: str
    verdict: str
    ratio: Ratio
    rounds: int
    seconds: float
    load: float
    by_benchmarks: float


def run(side: Side, plan: Plan, comparisons: int, found: Callable[[list[Trial]], None]) -> None:
    """Compare a release with itself and with itself slowed, in turn, as often as is asked.

    Parameters
    ----------
    side : Side
    plan : Plan
    comparisons : int
        Of each kind.
    found : callable
        Given all trials after each one.
    """
    trials: list[Trial] = []
    others = {"A/A": side, "A/B": replace(side, name=f"{side.name} slowed by 4 %", estimator=SLOWED)}
    with _busy_core():
        for _ in range(comparisons):
            for kind in KINDS:
                trials.append(_trial(kind, side, others[kind], plan))
                found(trials)


def reached(trials: list[Trial]) -> bool:
    """Whether no A/A trial saw a difference, and nearly all A/B trials did."""
    wrong = [trial for trial in trials if trial.kind == "A/A" and _decided(trial)]
    of_slowed = [trial for trial in trials if trial.kind == "A/B"]
    right = [trial for trial in of_slowed if trial.verdict == Verdict.SLOWER.value]
    return bool(of_slowed) and not wrong and len(right) >= SHARE_FOUND * len(of_slowed)


def table(trials: list[Trial], threshold: float) -> str:
    """What came of the trials, a column for each kind."""
    columns = [[trial for trial in trials if trial.kind == kind] for kind in KINDS]

    def row(name: str, cell: Callable[[list[Trial]], str]) -> list[str]:
        return [name, *(cell(column) for column in columns)]

    def by_benchmarks(column: list[Trial]) -> list[float]:
        return [trial.by_benchmarks for trial in column]

    rows = [["", "release with itself", "with itself slowed by 4 %"]]
    for verdict in Verdict:
        rows.append(row(verdict.value, partial(_count_verdict, verdict)))
    rows += [
        row("ratio", lambda column: _range([trial.ratio.value for trial in column])),
        row("seconds of one", lambda column: _range([trial.seconds for trial in column], ".0f")),
        row("load average", lambda column: _range([trial.load for trial in column], ".1f")),
        ["two pytest-benchmark runs:", "", ""],
        row("  ratio", lambda column: _range(by_benchmarks(column))),
        row(f"  above {threshold:g}", lambda column: _count([value > threshold for value in by_benchmarks(column)])),
        row(f"  below {1 / threshold:.3g}", lambda column: _count([v < 1 / threshold for v in by_benchmarks(column)])),
    ]
    widths = [max(len(cells[number]) for cells in rows) for number in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)) for cells in rows]
    return "\n".join(line.rstrip() for line in lines)


def write_json(path: Path, trials: list[Trial]) -> None:
    """Write the trials, a line for each, whole or not at all."""
    lines = ",\n".join(json.dumps(asdict(trial)) for trial in trials)
    whole_file.write_text(path, f'{{"format": {FORMAT_VERSION}, "trials": [\n{lines}\n]}}\n')


def read(path: Path = RECORD) -> list[Trial]:
    """The trials of a run that was written."""
    trials = json.loads(path.read_text(encoding="utf-8"))["trials"]
    return [Trial(**{**trial, "ratio": Ratio(**trial["ratio"])}) for trial in trials]


def in_readme(trials: list[Trial]) -> str:
    """The table of a run for the README."""
    return f"```\n{table(trials, Plan.threshold)}\n```"


def write(trials: list[Trial], path: Path = RECORD, readme: Path = README) -> None:
    """Keep a whole run, and put its table into the README."""
    write_json(path, trials)
    documentation.put_table(readme, README_TABLE, in_readme(trials))


def _trial(kind: str, old: Side, new: Side, plan: Plan) -> Trial:
    result = CaseResult(CASE, plan.threshold)
    started = time.monotonic()
    for _ in Measurement(old, new, plan).run([result]):
        pass
    seconds = time.monotonic() - started
    assert result.ratio is not None
    assert result.verdict is not None
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    by_benchmarks = _benchmark(new) / _benchmark(old)
    return Trial(kind, result.verdict.value, result.ratio, len(result.rounds), seconds, load, by_benchmarks)


def _benchmark(side: Side) -> float:
    """Median seconds of a fit, by a run of pytest-benchmark as it comes."""
    with tempfile.TemporaryDirectory() as folder:
        record = Path(folder, "benchmark.json")
        command = [
            str(side.python), "-m", "pytest", f"tests/test_fit_time.py::test_fit_time[{CASE}-explicit]", "-q",
            "-p", "no:cacheprovider", f"--benchmark-json={record}", f"--estimator={side.estimator}",
        ]  # fmt: skip
        done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
        if done.returncode or not record.exists():
            raise Fault(f"pytest-benchmark on {side.name} ended with {done.returncode}: {done.stdout[-200:]!r}")
        return float(json.loads(record.read_text(encoding="utf-8"))["benchmarks"][0]["stats"]["median"])


@contextlib.contextmanager
def _busy_core() -> Iterator[None]:
    """Another process, which does nothing but keep a core busy."""
    # It ends with its parent, however that ends.
    work = "import os, sys\nwhile os.getppid() == int(sys.argv[1]): sum(range(100000))"
    busy = subprocess.Popen([sys.executable, "-c", work, str(os.getpid())])
    try:
        yield
    finally:
        busy.kill()
        busy.wait()


def _decided(trial: Trial) -> bool:
    return trial.verdict in (Verdict.SLOWER.value, Verdict.FASTER.value)


def _count_verdict(verdict: Verdict, trials: list[Trial]) -> str:
    return _count([trial.verdict == verdict.value for trial in trials])


def _count(found: list[bool]) -> str:
    return f"{sum(found)} of {len(found)}"


def _range(values: list[float], form: str = ".3f") -> str:
    if not values:
        return "-"
    return f"{statistics.median(values):{form}} ({min(values):{form}} to {max(values):{form}})"
