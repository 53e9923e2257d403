"""Time the fits of two sides in turn, round by round, until the intervals say enough or the time is up."""

from __future__ import annotations

import contextlib
import itertools
import math
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.tools import release_environment, release_table
from tests.tools.compare.ratio import FEWEST_ROUNDS, LOOKS, Block, Ratio, Verdict, interval, ratio_of, verdict_of
from tests.tools.compare.steps import CASES, RUNS_ON
from tests.tools.release_environment import EnvironmentFailed
from tests.tools.release_table import Release
from tests.tools.sources.prepared import prepare
from tests.tools.worker_process import WorkerProcess, WorkerRefused

WORKER = "tests.workers.fit_timer"

# Requests are made in blocks of old, new, new, old: a side that is asked right after itself finds its caches warm
# (fits of 2 ms take an eighth less), and in a block both sides meet both alike. Measured for a release with itself,
# in 20 rounds on two cores, one of them busy, by the standard deviation of the rounds: 0.9 % for the median of the
# blocks' ratios, 0.9 to 1.1 % for the ratio of the sides' lowest deciles or quintiles, 1.1 % for that of their
# medians, and 2.9 % for the median of the ratios of pairs, which are of two kinds. Wall time, which counts other
# processes too, is worse than CPU time: on 2 cores with 2 to 3 busy ones, 0.9 to 1.6 % in place of 0.7 to 1.2 %.
#
# CPU seconds of one request. What slows a busy machine comes and goes within tens of milliseconds, so the fits of a
# block should be no further apart: with as much CPU time and 10 busy processes, rounds of requests of 4 ms differed
# by 0.5 to 0.9 %, rounds of requests of 30 ms by 0.8 to 1.8 %.
SECONDS_OF_A_REQUEST = 0.004
# A round ends by the number of its blocks; on a machine that is busy, by time.
MOST_BLOCKS = 75
MOST_SECONDS_OF_A_FIT = 300.0
KEPT = ("case", "verdict", "failure", "ratio", "ratio_of_an_iteration", "sides")  # of a step, which stays small


@dataclass(frozen=True)
class Side:
    """One of the two that are compared."""

    name: str  # in messages, like "scikit-learn 1.9.1"
    python: Path
    estimator: str = "sklearn.mixture:GaussianMixture"
    worker: str = WORKER  # the module that times its fits
    variables: Mapping[str, str] = field(default_factory=dict)  # of its worker's environment

    def start(self) -> WorkerProcess:
        """A new process of this side, held open."""
        return WorkerProcess(self.python, self.worker, self.name, self.variables)


@contextlib.contextmanager
def open_side(text: str, *, overlay: bool = False) -> Iterator[Side]:
    """The side that a text names, as `sources.prepare` takes it; with an overlay over the nearest release."""
    with prepare(text, "overlay" if overlay else None) as prepared:
        yield Side(f"scikit-learn {prepared.name}", prepared.python, variables=prepared.variables)


@contextlib.contextmanager
def open_with_dependencies_of(other: Side, release: Release) -> Iterator[Side]:
    """A release with the Python, numpy and scipy of another side; `EnvironmentFailed` where it cannot run on them."""
    found = _runs_on(other)
    python = ".".join(found.pop("python").split(".")[:2])
    steps = release_environment.steps_of(release, [f"{name}=={version}" for name, version in found.items()])
    with release_environment.private_folder() as scratch:
        made = release_environment.make_of(python, steps, scratch / "environment")
        yield Side(f"scikit-learn {release.version} with the Python, numpy and scipy of {other.name}", made)


def _runs_on(side: Side) -> dict[str, str]:
    """Versions of what a fit runs on besides scikit-learn."""
    with side.start() as worker:
        versions = worker.ask("describe")
    return {name: versions[name] for name in RUNS_ON}


@dataclass(frozen=True)
class Plan:
    """What a comparison aims at."""

    threshold: float = 1.02  # the smallest ratio that matters
    seconds: float = 50.0  # wall time that one case may take
    capture: Path | None = None  # folder that holds the public capture
    looks: Sequence[int] = LOOKS  # numbers of rounds after which the interval is looked at
    blocks: int = MOST_BLOCKS  # most in a round; there are fewer where its share of the time is up, but always one


@dataclass
class CaseResult:
    """What has been measured of one case."""

    case: str
    threshold: float  # with one of 1 the verdict only says on which side of the middle the interval lies
    middle: float = 1.0  # what the ratio is judged against
    rounds: list[list[Block]] = field(default_factory=list)  # CPU seconds per fit, old and new, by block, by round
    facts: dict[str, dict[str, int]] = field(default_factory=dict)  # of each fit on a side: "n_iter" and "peak_memory"
    failure: str | None = None  # why there is no ratio: what a fit raised, and on which side
    finished: bool = False  # whether more rounds would say no more

    @property
    def ratio(self) -> Ratio | None:
        """Seconds per fit, new relative to old; None before there is a round."""
        return ratio_of(self.rounds) if self.rounds else None

    @property
    def ratio_of_an_iteration(self) -> Ratio | None:
        """Seconds per EM iteration, new relative to old."""
        ratio = self.ratio
        return None if ratio is None else ratio.times(self.facts["old"]["n_iter"] / self.facts["new"]["n_iter"])

    @property
    def verdict(self) -> Verdict | None:
        """What the ratio of a fit shows; None where a fit failed."""
        if self.failure:
            return None
        if len(self.rounds) < FEWEST_ROUNDS:
            return Verdict.UNDECIDED
        return verdict_of(ratio_of(self.rounds).times(1 / self.middle), self.threshold)

    def as_json(self) -> dict[str, Any]:
        """Ratios with their intervals, verdict, what each side is, and the blocks of each round."""
        verdict = self.verdict.value if self.verdict else None
        return {
            "case": self.case, "threshold": self.threshold, "verdict": verdict, "failure": self.failure,
            "ratio": interval(self.ratio), "ratio_of_an_iteration": interval(self.ratio_of_an_iteration),
            "sides": self.facts, "cpu_seconds_per_fit": self.rounds,
        }  # fmt: skip

    def look(self) -> None:
        """Finish where the interval is decided or narrow enough."""
        if self.rounds:
            narrow = ratio_of(self.rounds).narrow_enough(self.threshold)
            self.finished = narrow or self.verdict is not Verdict.UNDECIDED


class Measurement:
    """Rounds of fits of two sides, asked in turn."""

    def __init__(self, old: Side, new: Side, plan: Plan) -> None:
        self.sides = {"old": old, "new": new}
        self.plan = plan

    def run(self, results: Sequence[CaseResult]) -> Iterator[int]:
        """Measure until every case is decided or the time is up: the number of each round that is added to the results.

        Where a worker dies, `WorkerFailed` is raised.
        """
        started = time.monotonic()
        for number in range(1, max(self.plan.looks) + 1):
            still_open = [result for result in results if not result.finished]
            if not still_open:
                return
            self._round(still_open, number)
            for result in still_open:
                if number in self.plan.looks:
                    result.look()
            yield number
            # Another round of the same length should still end in time.
            taken = time.monotonic() - started
            if taken + taken / number > self.plan.seconds * len(results):
                return

    def _round(self, results: Sequence[CaseResult], number: int) -> None:
        """New processes, one for each side, and each case that is not decided yet."""
        with self.sides["old"].start() as old_worker, self.sides["new"].start() as new_worker:
            workers = {"old": old_worker, "new": new_worker}
            for result in results:
                seconds = self._load(result, workers)
                if result.failure:
                    result.finished = True
                    continue
                _keep_on_one_core(workers.values(), number)
                n_fits = max(1, round(SECONDS_OF_A_REQUEST / max(seconds, 1e-6)))
                result.rounds.append(self._blocks(workers, result.case, n_fits))

    def _load(self, result: CaseResult, workers: dict[str, WorkerProcess]) -> float:
        """Have both sides load a case: the CPU seconds of the faster one's fit; why one cannot goes into the result."""
        capture = str(self.plan.capture) if self.plan.capture else None
        for side, worker in workers.items():  # both at once: they import scikit-learn first
            worker.send("load", case=result.case, estimator=self.sides[side].estimator, capture=capture)
        seconds, refused = [], []
        for side, worker in workers.items():
            try:
                answer = worker.receive(timeout=MOST_SECONDS_OF_A_FIT)
            except WorkerRefused as reason:
                refused.append(f"{worker.name}: {reason}")
                continue
            seconds.append(answer["seconds"])
            if side not in result.facts:
                peak_memory = worker.ask("peak_memory", case=result.case)
                result.facts[side] = {"n_iter": answer["n_iter"], "peak_memory": peak_memory}
        result.failure = "; ".join(refused) or None
        return min(seconds, default=0.0)

    def _blocks(self, workers: dict[str, WorkerProcess], case: str, n_fits: int) -> list[Block]:
        """Seconds per fit of the two sides, asked in the order old, new, new, old: the geometric mean of each."""

        def seconds_per_fit(side: str) -> float:
            answer = workers[side].ask("time", case=case, n_fits=n_fits, timeout=MOST_SECONDS_OF_A_FIT)
            return answer["cpu"] / n_fits

        until = time.monotonic() + self.plan.seconds / max(self.plan.looks)
        blocks: list[Block] = []
        while not blocks or (len(blocks) < self.plan.blocks and time.monotonic() < until):
            first, *of_new, last = [seconds_per_fit(side) for side in ("old", "new", "new", "old")]
            blocks.append((math.sqrt(first * last), math.sqrt(math.prod(of_new))))
        return blocks


def measure_all(old: Side, new: Side, plan: Plan, cases: Iterable[str]) -> list[CaseResult]:
    """What all rounds of two sides gave of each case."""
    results = [CaseResult(case, plan.threshold) for case in cases]
    for _ in Measurement(old, new, plan).run(results):
        pass
    return results


def pairs_of_series() -> list[tuple[str, str]]:
    """The newest release of each series and that of the next one, in order."""
    newest = [release.version for release in release_table.newest_of_series(release_table.read())]
    return list(itertools.pairwise(newest))


def measure_neighbours(
    plan: Plan,
    known: Sequence[dict[str, Any]],
    open_one: Callable[[str], AbstractContextManager[Side]] = open_side,
    open_alone: Callable[[Side, Release], AbstractContextManager[Side]] = open_with_dependencies_of,
) -> Iterator[list[dict[str, Any]]]:
    """Compare every series with the one before, as it is and with what that runs on: all steps, after each one."""
    steps = {(step["old"], step["new"]): step for step in known}
    order = pairs_of_series()
    for pair in [one for one in order if one not in steps]:
        with open_one(pair[0]) as old, open_one(pair[1]) as new:
            step: dict[str, Any] = {"old": pair[0], "new": pair[1], "runs_on": [_runs_on(old), _runs_on(new)]}
            step["cases"] = _compared(old, new, plan)
            try:
                with open_alone(old, release_environment.find(pair[1])) as alone:
                    step["scikit_learn_alone"] = _compared(old, alone, plan)
            except EnvironmentFailed:  # there is no such wheel, or it asks for a newer numpy
                step["scikit_learn_alone"] = None
        steps[pair] = step
        yield [steps[one] for one in order if one in steps]


def _compared(old: Side, new: Side, plan: Plan) -> list[dict[str, Any]]:
    return [
        {**{name: whole for name, whole in result.as_json().items() if name in KEPT}, "rounds": len(result.rounds)}
        for result in measure_all(old, new, plan, CASES)
    ]


def _keep_on_one_core(workers: Iterable[WorkerProcess], number: int) -> None:
    """Keep the processes of a round on one core, the next one in the next round; they never run at the same time."""
    # Left alone, one gets the core that something else is busy on for a whole round: on a loaded machine of two
    # cores the rounds of a release with itself then differed by 5 to 8 %, against 2 to 4 % on one core.
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        with contextlib.suppress(OSError):
            for worker in workers:
                os.sched_setaffinity(worker.process_id, {cores[number % len(cores)]})
