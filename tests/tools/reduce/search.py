"""The search: ask releases about candidates, keep the best, and go from one way of reducing to the next."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from tests.tools.journal import Journal
from tests.tools.reduce import candidate as smaller
from tests.tools.reduce.candidate import Candidate, First, Starts
from tests.tools.reduce.rounder import rounder_numbers
from tests.tools.worker_process import WorkerProcess

MOST_AT_ONCE = 16
MOST_NUMBERS_AT_ONCE = 20_000
FEW_SAMPLES = 4

# A component is mostly lost in the first iteration, and a fit of one is cheap.
ITERATIONS_FIRST = ("frames", "iterations", "components", "samples", "features", "numbers")
# Where no component is chosen the count of iterations may be what is wrong: with
# as few as do for many components, fewer never do.
ITERATIONS_LAST = ("frames", "components", "samples", "features", "numbers", "iterations")
# Few components may do only with samples and numbers that are round already.
COMPONENTS_LAST = ("frames", "iterations", "samples", "features", "numbers", "components")


class Judge(NamedTuple):
    """A release on which every candidate has to fail as the original does there."""

    release: str
    probe: WorkerProcess
    check: str
    wanted: list[Any]  # state and faults, as `probe.Way` has them

    def same(self, candidates: list[Candidate]) -> list[bool]:
        """Whether candidates fail as the original does, up to the first that does."""
        requests = [candidate.request for candidate in candidates]
        return self.probe.ask("alike", check=self.check, wanted=self.wanted, candidates=requests)


class Search:
    """The smallest candidate so far, and the judges of those to come.

    The original, the whole case, fails on every judge's release. The journal
    has the verdicts on candidates: release, key, and whether it fails in the
    same way. The progress is called with the step, the best candidate and
    `asked` whenever there is something new.
    """

    def __init__(
        self, original: Candidate, judges: list[Judge], journal: Journal,
        progress: Callable[[str, Candidate, int], None], least_components: int = 1,
    ) -> None:  # fmt: skip
        self._least_components = least_components
        self.judges = judges
        self._journal = journal
        self._verdicts: dict[tuple[str, str], bool] = {(release, key): same for release, key, same in journal.entries}
        self.accepted = [original]  # and every candidate that became the best one
        self.asked = 0  # candidates that were judged, those in the journal not counted
        self._progress = progress
        self._step = ""

    @property
    def best(self) -> Candidate:
        return self.accepted[-1]

    def run(self, starts: Starts) -> Candidate:
        """Reduce; where that leaves many samples, try other orders, and one component more."""
        first = ITERATIONS_LAST if self.best.component is None else ITERATIONS_FIRST
        self._reduce(starts, first)
        for order, more in dict.fromkeys([(ITERATIONS_FIRST, 1), (first, 1), (COMPONENTS_LAST, 0)]):
            least = self.best.n_components + more if more else self._least_components
            if self.best.shape[0] > FEW_SAMPLES and least < self.accepted[0].n_components:
                self._reduce_again(starts, order, least)
        return self.best

    def _reduce_again(self, starts: Starts, order: tuple[str, ...], least_components: int) -> None:
        """Reduce the whole once more, and keep what leaves fewer samples, also where it is interrupted."""
        found, least = self.accepted, self._least_components
        self.accepted, self._least_components = found[:1], least_components
        try:
            self._reduce(starts, order)
        finally:
            self._least_components = least
            if self.best.shape[0] >= found[-1].shape[0]:
                self.accepted = found

    def _reduce(self, starts: Starts, order: tuple[str, ...]) -> None:
        """Go from step to step until none makes the best candidate any smaller."""
        steps: dict[str, Callable[[Candidate, First], Candidate]] = {
            "frames": lambda candidate, first: smaller.fewer_frames(candidate, first, starts),
            "iterations": smaller.fewer_iterations,
            "components": smaller.fewer_components,
            "samples": smaller.fewer_samples,
            "features": smaller.fewer_features,
            "numbers": rounder_numbers,
        }
        before = None
        while before is not self.best:
            before = self.best
            for name in order:
                self._step = name
                steps[name](self.best, self.first)

    def first(self, candidates: Iterable[Candidate]) -> Candidate | None:
        """The first candidate that fails on every judge's release as the original does there, or None."""
        waiting: list[Candidate] = []
        for candidate in self._worth_asking(candidates):
            waiting.append(candidate)
            numbers = sum(one.means.size + sum(frame.size for frame in one.frames) for one in waiting)
            if self._known(candidate) or len(waiting) >= MOST_AT_ONCE or numbers > MOST_NUMBERS_AT_ONCE:
                if found := self._first_of(waiting):
                    return found
                waiting = []
        return self._first_of(waiting)

    def add_judge(self, judge: Judge) -> None:
        """Have another release judge, too, and go back to the last best candidate that it accepts."""
        self.judges.append(judge)
        while len(self.accepted) > 1 and self._first_for(judge, [self.best]) is None:
            self.accepted.pop()

    def _worth_asking(self, candidates: Iterable[Candidate]) -> Iterator[Candidate]:
        """Those that are other cases than the best, valid in the corpus, and that bring in no new fault."""
        original = self.accepted[0]
        for candidate in candidates:
            if (
                candidate.key != self.best.key
                and self._known(candidate) is not False
                and candidate.is_valid()
                and candidate.n_components >= self._least_components
                and candidate.fewest_distinct >= min(max(2, candidate.n_components), original.fewest_distinct)
                and (candidate.weights.min() > 0 or not original.weights.min() > 0)
            ):
                yield candidate

    def _known(self, candidate: Candidate) -> bool | None:
        verdicts = [self._verdicts.get((judge.release, candidate.key)) for judge in self.judges]
        if False in verdicts:
            return False
        return True if all(verdicts) else None

    def _first_of(self, candidates: list[Candidate]) -> Candidate | None:
        rest = candidates
        while rest and (number := self._first_for(self.judges[0], rest)) is not None:
            found, rest = rest[number], rest[number + 1 :]
            if all(self._first_for(judge, [found]) is not None for judge in self.judges[1:]):
                self.accepted.append(found)
                self._progress(self._step, found, self.asked)
                return found
        return None

    def _first_for(self, judge: Judge, candidates: list[Candidate]) -> int | None:
        known = [self._verdicts.get((judge.release, candidate.key)) for candidate in candidates]
        if True in known:
            candidates = candidates[: known.index(True)]
        unknown = [candidate for candidate, verdict in zip(candidates, known, strict=False) if verdict is None]
        if unknown:
            same = judge.same(unknown)
            self.asked += len(same)
            verdicts = {(judge.release, one.key): verdict for one, verdict in zip(unknown, same, strict=False)}
            self._verdicts.update(verdicts)
            self._journal.add(*([*about, verdict] for about, verdict in verdicts.items()))
            self._progress(self._step, self.best, self.asked)
            if same[-1]:
                return candidates.index(unknown[len(same) - 1])
        return known.index(True) if True in known else None
