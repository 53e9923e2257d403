"""Does a comparison find what is there, and nothing else? Many comparisons of a release with itself and a slowed one.

Another process keeps a core busy meanwhile. Beside them the same two are
compared as one would by hand: by two runs of pytest-benchmark, one after the other.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median

from fixtures import command_line, documentation, scratch, whole_file
from fixtures.corpus import PROJECT
from fixtures.fault import Fault
from tests.tools.compare.measure import Plan, Side, measure_all
from tests.tools.compare.ratio import Ratio, Verdict

CASE = "control-still-scene-diag"
SLOWED = "tests.workers.slowed:SlowedMixture"
KINDS = ("A/A", "A/B")
SHARE_FOUND = 0.95
FILE = PROJECT / "tests" / "measured" / "compare_self_test.json"
README = documentation.REFERENCE
README_TABLE = "self-test"
FORMAT_VERSION = 1


@dataclass(frozen=True)
class Trial:
    """One comparison, and the same by two runs of pytest-benchmark."""

    kind: str  # A/A or A/B
    verdict: str
    ratio: Ratio
    rounds: int
    seconds: float  # wall time of the comparison
    load: float  # load average at its end
    by_benchmarks: float  # ratio of the medians of two runs of pytest-benchmark


def run(side: Side, plan: Plan, comparisons: int) -> Iterator[Trial]:
    """Compare a release with itself and with itself slowed, in turn, so many times each."""
    others = {"A/A": side, "A/B": replace(side, name=f"{side.name} slowed by 4 %", estimator=SLOWED)}
    with _busy_core():
        for _ in range(comparisons):
            for kind in KINDS:
                yield _trial(kind, side, others[kind], plan)


def reached(trials: list[Trial]) -> bool:
    """Whether no A/A trial saw a difference, and nearly all A/B trials did."""
    of_itself, of_slowed = ([trial.verdict for trial in trials if trial.kind == kind] for kind in KINDS)
    wrong = {Verdict.SLOWER.value, Verdict.FASTER.value}.intersection(of_itself)
    right = of_slowed.count(Verdict.SLOWER.value)
    return bool(of_slowed) and not wrong and right >= SHARE_FOUND * len(of_slowed)


def table(trials: list[Trial], threshold: float) -> str:
    """What came of the trials, a column for each kind."""
    by_kind = [[trial for trial in trials if trial.kind == kind] for kind in KINDS]

    def counted(name: str, holds: Callable[[Trial], bool]) -> list[str]:
        return [name, *(f"{sum(map(holds, trials))} of {len(trials)}" for trials in by_kind)]

    def ranged(name: str, value: Callable[[Trial], float], form: str = ".3f") -> list[str]:
        values = [[value(trial) for trial in trials] for trials in by_kind]
        ranges = (f"{median(one):{form}} ({min(one):{form}} to {max(one):{form}})" if one else "-" for one in values)
        return [name, *ranges]

    ended = [[trial.verdict for trial in trials] for trials in by_kind]
    verdicts = [[one.value, *(f"{kind.count(one.value)} of {len(kind)}" for kind in ended)] for one in Verdict]
    return command_line.aligned(
        [
            ["", "release with itself", "with itself slowed by 4 %"],
            *verdicts,
            ranged("ratio", lambda trial: trial.ratio.value),
            ranged("seconds of one", lambda trial: trial.seconds, ".0f"),
            ranged("load average", lambda trial: trial.load, ".1f"),
            ["two pytest-benchmark runs:", "", ""],
            ranged("  ratio", lambda trial: trial.by_benchmarks),
            counted(f"  above {threshold:g}", lambda trial: trial.by_benchmarks > threshold),
            counted(f"  below {1 / threshold:.3g}", lambda trial: trial.by_benchmarks < 1 / threshold),
        ]
    )


def write_json(path: Path, trials: list[Trial]) -> None:
    """Write the trials, a line for each, whole or not at all."""
    lines = ",\n".join(json.dumps(asdict(trial)) for trial in trials)
    whole_file.write_text(path, f'{{"format": {FORMAT_VERSION}, "trials": [\n{lines}\n]}}\n')


def read(path: Path = FILE) -> list[Trial]:
    """The trials of a run that was written."""
    trials = json.loads(path.read_text(encoding="utf-8"))["trials"]
    return [Trial(**{**trial, "ratio": Ratio(**trial["ratio"])}) for trial in trials]


def in_readme(trials: list[Trial]) -> str:
    """The table of a run for the README."""
    return f"```\n{table(trials, Plan.threshold)}\n```"


def write(trials: list[Trial]) -> None:
    """Keep a whole run, and put its table into the README."""
    write_json(FILE, trials)
    documentation.put_table(README, README_TABLE, in_readme(trials))


def _trial(kind: str, old: Side, new: Side, plan: Plan) -> Trial:
    started = time.monotonic()
    (result,) = measure_all(old, new, plan, [CASE])
    seconds = time.monotonic() - started
    assert result.ratio is not None
    assert result.verdict is not None
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    by_benchmarks = _benchmark(new) / _benchmark(old)
    return Trial(kind, result.verdict.value, result.ratio, len(result.rounds), seconds, load, by_benchmarks)


def _benchmark(side: Side) -> float:
    """Median seconds of a fit, by a run of pytest-benchmark as it comes."""
    with scratch.temporary() as folder:
        timings = folder / "benchmark.json"
        command = [
            str(side.python), "-m", "pytest", f"tests/test_fit_time.py::test_fit_time[{CASE}-explicit]", "-q",
            "-p", "no:cacheprovider", f"--benchmark-json={timings}", f"--estimator={side.estimator}",
        ]  # fmt: skip
        done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
        if done.returncode or not timings.exists():
            raise Fault(f"pytest-benchmark on {side.name} ended with {done.returncode}: {done.stdout[-200:]!r}")
        return float(json.loads(timings.read_text(encoding="utf-8"))["benchmarks"][0]["stats"]["median"])


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
