"""What is asked of each scikit-learn (whether a check passes on a case, or what its fit left), and the answers."""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

from fixtures import corpus
from fixtures.fault import Fault, one_of
from tests.support import check as check_module
from tests.tools.arrays import OF_NUMPY, Arrays
from tests.tools.worker_process import WorkerFailed, WorkerRefused
from tests.workers import probe

# What no fit leaves by itself: it is compared between two (`fit_time.FitTime`).
FIT_TIME = "fit_time"
OUTCOMES = (*probe.OUTCOMES, FIT_TIME)
ATTRIBUTE = "a fitted attribute like weights_ or lower_bounds_"
WORKER = "tests.workers.probe"
# The slowest fit of the corpus takes seconds: what takes longer has hung.
SECONDS_AT_MOST = 600.0


@dataclass(frozen=True)
class Answer:
    value: Any  # ``passes`` or ``fails`` of a check, or what the fit left; None where it is unknown
    said: str = ""  # The first line of the failure, or why it is unknown
    tolerance: float | None = None  # How far numbers may differ and be called equal
    versions: dict[str, str] = field(default_factory=dict)  # Of Python, scikit-learn, numpy and scipy
    findings: tuple[dict[str, Any], ...] = ()  # What the check that failed found, as `findings.as_item` gives it
    types: Any = None  # Of numbers, where their bits can matter

    @property
    def known(self) -> bool:
        return self.value is not None


@dataclass(frozen=True)
class Step:
    what: str  # A release, or the first digits of a commit
    wheel: str  # What it ran on: the release itself, or the wheel that the commit's ``sklearn/mixture`` was laid over
    answer: Answer
    seconds: float  # Wall time, making the environment included


@dataclass
class Answers:
    """All answers of a search, kept as they come, so that one that is broken off has them."""

    on_step: Callable[[Step], None] = lambda _: None
    steps: list[Step] = field(default_factory=list)
    started: float = field(default_factory=time.perf_counter)

    def keep(self, what: str, wheel: str, ask: Callable[[], Answer]) -> Answer:
        clock = time.perf_counter()
        answer = ask()
        step = Step(what, wheel, answer, time.perf_counter() - clock)
        self.steps.append(step)
        self.on_step(step)
        return answer

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self.started


@dataclass(frozen=True)
class Question:
    """A case, and a check of it or an outcome of its fit."""

    # Whether an answer needs the environment that gave it for as long as the search goes on
    keeps_environments: ClassVar[bool] = False

    case: str
    checks: tuple[str, ...]  # Names of test functions; empty where an outcome is asked for
    outcome: str | None  # A fitted attribute, or one of ``OUTCOMES``
    name: str  # What the user called it: a check, a file of checks, or an outcome
    not_judged: str | None = None  # What a check that is not judged counts as; None for an unknown answer
    arrays: Arrays = OF_NUMPY
    bits: bool = False  # Whether numbers differ in the last bit already, or in their type; else beyond the tolerance

    @property
    def seconds_of_a_comparison(self) -> float:
        """Most seconds that comparing two answers takes."""
        return 0.0

    def differs(self, one: Answer, other: Answer) -> bool:
        """Whether two answers, both known, are not the same."""
        if self.bits:
            return _bits(one) != _bits(other)
        tolerances = [answer.tolerance for answer in (one, other) if answer.tolerance is not None]
        return not _equal(one.value, other.value, max(tolerances, default=0.0))

    def changed(self, before: Answer, answer: Answer, after: Answer) -> bool | None:  # noqa: ARG002  (a value is like the first or not)
        """Whether an answer between two that differ is no longer like the first; None where it is unknown."""
        return self.differs(before, answer) if answer.known else None

    def undecided(self, one: Answer, other: Answer) -> str:  # noqa: ARG002  (that of values never is)
        """Why it is undecided whether two answers differ; empty where it is decided."""
        return ""

    def reported(self, before: Answer, after: Answer) -> tuple[Answer, Answer]:
        """Two answers as they are reported, the second relative to the first where only that has a meaning."""
        return before, replace(after, said=_difference(before, after)) if self.outcome else after

    def words(self, answer: Answer) -> str:
        if not answer.known:
            return f"cannot be tested: {answer.said}"
        if self.checks:
            return str(answer.value)
        ways = {way: _words(value) for way, value in answer.value.items()}
        if len(set(ways.values())) == 1:
            return next(iter(ways.values()))
        return "; ".join(f"{way} {said}" for way, said in ways.items())

    def ask(self, python: Path, name: str) -> Answer:
        """Ask the scikit-learn of an environment, in a process of its own."""
        versions: dict[str, str] = {}
        try:
            with self.arrays.worker(python, WORKER, name) as worker:
                versions = worker.ask("under_test", timeout=SECONDS_AT_MOST)
                if self.outcome:
                    reply = worker.ask("outcome", timeout=SECONDS_AT_MOST, name=self.outcome, case=self.case)
                else:
                    reply = worker.ask("judge", timeout=SECONDS_AT_MOST, checks=list(self.checks), case=self.case)
        except (WorkerRefused, WorkerFailed) as reason:
            return Answer(None, first_line(reason), versions=versions)
        if reply["value"] == probe.NOT_JUDGED:
            return Answer(self.not_judged, reply["said"], versions=versions)
        findings = tuple(reply.get("findings", ()))
        said, tolerance, types = (reply.get(key) for key in ("said", "tolerance", "types"))
        return Answer(reply["value"], said or "", tolerance, versions, findings, types)


def first_line(reason: Exception) -> str:
    return (str(reason).splitlines() or [""])[0]


def question(case: str, check: str | None, outcome: str | None, *, bits: bool = False) -> Question:
    """What the user asks: one check (``test_no_component_collapses``), a file of them, or an outcome."""
    cases = corpus.case_names()
    if case not in cases:
        raise Fault(f"there is no case {case!r}; should be {one_of(cases, case)}")
    if outcome is not None:
        if outcome not in OUTCOMES and not re.fullmatch(r"[a-z]\w*_", outcome):
            raise Fault(f"there is no outcome {outcome!r}; should be {ATTRIBUTE}, or one of {', '.join(OUTCOMES)}")
        return Question(case, (), outcome, f"{outcome} in bits" if bits else outcome, bits=bits)
    files = {stem: tuple(one.name for one in checks) for stem, checks in check_module.by_file().items()}
    known = {**{name: (name,) for names in files.values() for name in names}, **files}
    if check not in known:
        raise Fault(f"there is no check {check!r}; should be {one_of(known, check or '')}")
    return Question(case, known[check], None, check)


def _bits(answer: Answer) -> str:
    """Text that two answers share where they are equal to the last bit: the shortest that reads back as the number."""
    return json.dumps([answer.value, answer.types], sort_keys=True)


def _difference(one: Answer, other: Answer) -> str:
    """In what two answers differ that are perhaps alike in the digits that are shown."""
    sizes = [abs(mine - theirs) for mine, theirs in _pairs_of_numbers(one.value, other.value)]
    said = [f"numbers differ by up to {max(sizes):.2g}"] if any(size > 0 for size in sizes) else []
    if one.types != other.types:
        said.append(f"types {_kinds(one)}, then {_kinds(other)}")
    return "; ".join(said)


def _kinds(answer: Answer) -> str:
    return ", ".join(sorted({kind for kinds in (answer.types or {}).values() for kind in kinds})) or "none"


def _pairs_of_numbers(one: Any, other: Any) -> Iterator[tuple[float, float]]:
    if isinstance(one, dict) and isinstance(other, dict):
        one, other = ([side[key] for key in sorted(one.keys() & other.keys())] for side in (one, other))
    if isinstance(one, list) and isinstance(other, list):
        for pair in zip(one, other, strict=False):
            yield from _pairs_of_numbers(*pair)
    elif isinstance(one, float) and isinstance(other, float):
        yield one, other


def _equal(one: Any, other: Any, tolerance: float) -> bool:
    if isinstance(one, dict) and isinstance(other, dict):
        return set(one) == set(other) and all(_equal(one[key], other[key], tolerance) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_equal, one, other, [tolerance] * len(one)))
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) <= tolerance or one == other or (math.isnan(one) and math.isnan(other))
    return bool(one == other)


def _words(value: Any) -> str:
    if isinstance(value, list) and len(value) == 1:
        return _words(value[0])
    if isinstance(value, dict):
        return ", ".join(sorted({str(item) for item in value.values()}))
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        counts = {item: value.count(item) for item in value}
        return ", ".join(f"{count} {item}" if count > 1 else item for item, count in counts.items())
    if isinstance(value, list):
        shown = ", ".join(_words(item) for item in value[:8])
        return f"({shown}{', ...' if len(value) > 8 else ''})"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
