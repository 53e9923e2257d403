"""The question of the fit time: two scikit-learns are timed in turn, and their ratio and its interval answer.

A time measured alone means little: on a busy machine the same fit takes three times as long a minute later. So an
answer is an environment that is kept, and whether two differ is what ``compare`` measures of the two. The ends of a
search differ where the interval of their ratio lies beyond the threshold of ``compare``. What lies between them is
timed against the older end, and is like the newer one where the whole interval lies on its side of the middle, the
geometric mean of 1 and the ratio of the ends. What is undecided is skipped.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

from tests.tools.bisect.question import FIT_TIME, Answer, Answers, Question, first_line
from tests.tools.compare.measure import MOST_SECONDS_OF_A_FIT, WORKER, CaseResult, Measurement, Plan, Side
from tests.tools.compare.ratio import Ratio, Verdict, in_words, interval
from tests.tools.worker_process import WorkerFailed, WorkerRefused

FITS = "fits"
# A search asks only whether two differ, of several pairs: a third of the blocks
# of `compare` are enough, and the fewest rounds fit into the time on a busy machine.
SECONDS, BLOCKS = 100.0, 25
ITSELF = Ratio(1, 1, 1)
DIFFERENT = (Verdict.FASTER, Verdict.SLOWER)
DECIDED = (*DIFFERENT, Verdict.NO_DIFFERENCE)
OF_THE_MIDDLE = {Verdict.FASTER: "below", Verdict.SLOWER: "above", Verdict.NO_DIFFERENCE: "at"}


@dataclass(frozen=True)
class Timed(Answer):
    """A scikit-learn that fits the case, in an environment that is kept."""

    side: Side = field(kw_only=True)  # What its fits are timed by


@dataclass(frozen=True)
class FitTime(Question):
    """Asks how the fit time of a case changed."""

    keeps_environments: ClassVar[bool] = True

    answers: Answers = field(default_factory=Answers, compare=False)  # Gets each ratio that is measured
    plan: Plan = field(default_factory=Plan, compare=False)  # Threshold, time and capture of each measurement
    worker: str = WORKER  # Module that times fits inside an environment
    _measured: dict[tuple[Path, Path, float], CaseResult] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, case: str, answers: Answers, plan: Plan, worker: str = WORKER) -> FitTime:
        """The question of a case's fit time; a search keeps to `SECONDS` and `BLOCKS`."""
        return cls(case, (), FIT_TIME, FIT_TIME, answers=answers, plan=plan, worker=worker)

    @property
    def seconds_of_a_comparison(self) -> float:
        return self.plan.seconds

    def ask(self, python: Path, name: str) -> Answer:
        """Whether the scikit-learn of an environment fits the case; its time is nothing by itself."""
        side = Side(name, python, worker=self.worker)
        versions: dict[str, str] = {}
        try:
            with side.start() as worker:
                versions = worker.ask("describe", timeout=MOST_SECONDS_OF_A_FIT)
                capture = str(self.plan.capture) if self.plan.capture else None
                asked = {"case": self.case, "estimator": side.estimator, "capture": capture}
                worker.ask("load", timeout=MOST_SECONDS_OF_A_FIT, **asked)
        except (WorkerRefused, WorkerFailed) as reason:
            return Answer(None, first_line(reason), versions=versions)
        return Timed(FITS, versions=versions, side=side)

    def differs(self, one: Answer, other: Answer) -> bool:
        return self._compared(one, other).verdict in DIFFERENT

    def changed(self, before: Answer, answer: Answer, after: Answer) -> bool | None:
        """On which side of the middle of two that differ a third one lies; None where it is undecided."""
        if not answer.known:
            return None
        for end, changed in ((before, False), (after, True)):
            if _side(answer).python == _side(end).python:
                return changed
        whole = self._compared(before, after).ratio
        assert whole is not None
        verdict = self._compared(before, answer, math.sqrt(whole.value)).verdict
        return (verdict is Verdict.SLOWER) is (whole.value > 1) if verdict in DIFFERENT else None

    def undecided(self, one: Answer, other: Answer) -> str:
        result = self._compared(one, other)
        if result.verdict in DECIDED:
            return ""
        return f"{self.words(_as_answer(result))}: give more --seconds, or stop what else is running"

    def reported(self, before: Answer, after: Answer) -> tuple[Answer, Answer]:
        """A ratio of 1, and that of the second relative to the first."""
        ratio = _as_answer(self._compared(before, after))
        return Answer({"ratio": interval(ITSELF)}, versions=before.versions), replace(ratio, versions=after.versions)

    def words(self, answer: Answer) -> str:
        """An answer in a few words: that it can be timed, or a ratio with its interval."""
        if not answer.known:
            return f"cannot be tested: {answer.said}"
        if answer.value == FITS:
            return ", ".join(["fits", *(f"{name} {answer.versions[name]}" for name in ("numpy", "scipy"))])
        return _ratio_in_words(answer.value)

    def _compared(self, one: Answer, other: Answer, middle: float = 1.0) -> CaseResult:
        """What was measured of two, which is done once; the ratio is that of the second relative to the first."""
        old, new = _side(one), _side(other)
        key = (old.python, new.python, middle)
        if key not in self._measured:
            threshold = self.plan.threshold if middle == 1 else 1.0
            measured = [replace(result, middle=middle, threshold=threshold) for result in self._of_both(old, new)]
            decided = next((result for result in measured if result.verdict in DECIDED), None)
            self._measured[key] = decided or self._measure(old, new, CaseResult(self.case, threshold, middle))
        return self._measured[key]

    def _of_both(self, old: Side, new: Side) -> Iterator[CaseResult]:
        """What was measured of two already, for whatever question."""
        for (one, other, _), result in self._measured.items():
            if (one, other) == (old.python, new.python):
                yield result
            elif (one, other) == (new.python, old.python):
                yield replace(result, rounds=[[block[::-1] for block in blocks] for blocks in result.rounds], facts={})

    def _measure(self, old: Side, new: Side, result: CaseResult) -> CaseResult:
        if old.python == new.python:  # the same files
            result.rounds = [[(1.0, 1.0)]] * max(self.plan.looks)
            return result

        def measure() -> Answer:
            try:
                for _ in Measurement(old, new, self.plan).run([result]):
                    pass
            except WorkerFailed as reason:
                result.failure = first_line(reason)
            return _as_answer(result, relative_to=old.name)

        self.answers.keep(new.name, new.name, measure)
        return result


def _side(answer: Answer) -> Side:
    assert isinstance(answer, Timed)
    return answer.side


def _as_answer(result: CaseResult, **more: Any) -> Answer:
    """A ratio, its interval and what was made of it, as JSON can say it."""
    if result.ratio is None or result.verdict is None:
        return Answer(None, result.failure or "not one round was measured")
    judged = {"verdict": result.verdict.value, "threshold": result.threshold, "middle": result.middle}
    return Answer({"ratio": interval(result.ratio), "rounds": len(result.rounds), **judged, **more})


def _ratio_in_words(value: Mapping[str, Any]) -> str:
    if "verdict" not in value:
        return "x 1"
    ratio, verdict, middle = value["ratio"], Verdict(value["verdict"]), value["middle"]
    said = in_words(Ratio(ratio["value"], ratio["low"] or 0.0, ratio["high"] or math.inf))
    if "relative_to" in value:
        said += f" relative to {value['relative_to']}"
    place = f"a threshold of {value['threshold']:g}" if middle == 1 else f"the middle, x {middle:.3f}"
    if verdict is Verdict.UNDECIDED:
        return f"{said}, undecided at {place}, after {value['rounds']} rounds"
    return f"{said}, {verdict.value}" if middle == 1 else f"{said}, {OF_THE_MIDDLE[verdict]} {place}"
