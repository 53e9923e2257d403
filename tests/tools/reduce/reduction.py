"""One reduction from end to end: how the case fails, the search, the releases that are asked, and what is written.

The search asks releases about candidates, keeps the best, and goes from one way of reducing to the next.
"""

from __future__ import annotations

import contextlib
import hashlib
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.status import Status

from fixtures import command_line, corpus
from fixtures.corpus import Case
from fixtures.fault import Fault
from tests.tools import release_environment, release_table
from tests.tools.arrays import OF_NUMPY, Arrays
from tests.tools.journal import Journal
from tests.tools.reduce import candidate as smaller
from tests.tools.reduce import output
from tests.tools.reduce.candidate import Candidate, First, Starts, from_case
from tests.tools.reduce.rounder import rounder_numbers
from tests.tools.release_environment import EnvironmentFailed
from tests.tools.worker_process import WorkerProcess

SECONDS_FOR_A_REQUEST = 1800.0
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


def matrix(which: str) -> list[str]:
    """Versions of the newest release of each series, or of every release."""
    table = release_table.read()
    return [release.version for release in (release_table.newest_of_series(table) if which == "series" else table)]


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


class Releases(contextlib.ExitStack):
    """Probes inside the environments of releases, started when they are needed and stopped together."""

    def __init__(self, arrays: Arrays = OF_NUMPY) -> None:
        super().__init__()
        self.arrays = arrays
        self._open: dict[str, WorkerProcess] = {}

    def python(self, version: str) -> Path:
        return release_environment.make(release_environment.find(version))

    def probe(self, version: str) -> WorkerProcess:
        """The probe of a release; a new one where the last has died."""
        if version not in self._open or self._open[version].has_ended:
            self.arrays.require(version)
            process = self.arrays.worker(self.python(version), "tests.workers.probe", f"scikit-learn {version}")
            self._open[version] = self.enter_context(process)
        return self._open[version]

    def failure(self, version: str, check: str | None, candidate: Candidate) -> dict[str, Any] | None:
        """How a whole case fails on a release; see `probe.Probe.failure`."""
        request = candidate.request
        return self.probe(version).ask("failure", timeout=SECONDS_FOR_A_REQUEST, check=check, candidate=request)

    def judge(self, version: str, failure: dict[str, Any]) -> Judge:
        return Judge(version, self.probe(version), failure["check"], [failure["state"], failure["faults"]])


class Progress(Status):
    """A line that changes, and one for each step that made the case smaller; only where stderr is a terminal."""

    def __init__(self, original: Candidate) -> None:
        console = Console(stderr=True, highlight=False, quiet=not sys.stderr.isatty())
        super().__init__("asking about the whole case", console=console)
        self._started = time.monotonic()
        self._shown = original.shape

    def tried(self, step: str, best: Candidate, asked: int) -> None:
        seconds = time.monotonic() - self._started
        if best.shape != self._shown:
            self._shown = best.shape
            self.show(f"fewer {step:<11} {best.size:<50} {seconds:6.1f} s")
        self.update(f"{step}: {best.size}, {asked} candidates, {seconds:.0f} s")

    def show(self, line: str) -> None:  # it stays
        self.console.print(f"  {line}")


class DoesNotFail(Fault):
    """There is nothing to reduce."""


class Row(NamedTuple):
    """One release: how the original fails there, and whether the reduced case does so too."""

    release: str
    original: dict[str, Any] | None  # None where it does not fail
    same: bool  # whether the reduced case fails in the same way; False where the original does not fail
    note: str = ""  # why a release could not be asked

    @property
    def agrees(self) -> bool:  # there is nothing to do about this release
        return bool(self.note) or self.original is None or self.same

    def line(self) -> str:
        how = f"not asked: {self.note}" if self.note else "the original does not fail"
        if self.original is not None:
            how = "fails in the same way" if self.same else "does NOT fail in the same way"
        return f"  {self.release:<12}{how}"


class Reduction:
    """A case that fails on a release, and what is left of it; `DoesNotFail` where it, or its component, does not."""

    def __init__(
        self, releases: Releases, release: str, case: Case, *, check: str | None, component: int | None, into: Path
    ) -> None:
        original = from_case(case, component)
        failure = releases.failure(release, check, original)
        where = f"scikit-learn {release}, case {case.name}"
        if failure is None:
            which = check or "none of the checks"
            raise DoesNotFail(f"{where}: {which} {'does not fail' if check else 'fails'}; should fail, to be reduced")
        if failure["faults"] is None:
            states = failure["states"]
            lost = [f"{n} ({state})" for n, state in enumerate(states) if state.startswith(("empty", "dragged"))]
            raise DoesNotFail(
                f"{where}: component {component} is {states[component]}; should be one that"
                f" {failure['check']} fails for: {', '.join(lost) or 'none of them'}"
            )
        self._releases, self._release, self._case, self._into = releases, release, case, into
        self.failure: dict[str, Any] = failure  # as `probe.Probe.failure` gives it
        self.original = self.best = replace(original, component=failure["component"])
        self.asked = 0  # candidates that a release was asked about
        self.seconds = 0.0  # wall time until the best was written, without that of asking the other releases
        self.rows: list[Row] = []  # for each release that was asked about the best

    @property
    def agrees(self) -> bool:
        return all(row.agrees for row in self.rows)

    def run(self, versions: Sequence[str] = (), *, least_components: int = 1, afresh: bool = False) -> None:
        """Reduce, ask releases about the result, and write what an upstream issue needs.

        Where one of the `versions`, which are asked, does not agree the search goes
        back to where it did, and on with it as a judge. After Ctrl-C the smallest
        so far is written, and the same call goes on, unless it begins `afresh`.
        """
        started = time.perf_counter()
        failure = {name: self.failure[name] for name in ("check", "state")}
        header = ["reduction", {"case": self.original.key, "code": _code(), **failure}]
        journal = Journal(self._into / "journal.jsonl", header, afresh=afresh)
        progress = Progress(self.original)
        with progress:
            if journal.entries:
                progress.show(f"going on after {len(journal.entries)} candidates that are in {journal.path}")
            judges = [self._releases.judge(self._release, self.failure)]
            search = Search(self.original, judges, journal, progress.tried, least_components)
            try:
                self._search_and_verify(search, versions, progress)
            except KeyboardInterrupt:
                self.best = search.best
                self._store()
                raise command_line.Interrupted(
                    f"{self._into} has the smallest so far, {self.best.size}; the same command goes on from here"
                ) from None
            self.asked = search.asked
            self._store(finished=True)
            journal.path.unlink(missing_ok=True)
        self.seconds += time.perf_counter() - started

    def _search_and_verify(self, search: Search, versions: Sequence[str], progress: Progress) -> None:
        failures: dict[str, dict[str, Any] | None] = {self._release: self.failure}

        def starts(candidate: Candidate) -> list[dict[str, Any]]:
            return self._releases.probe(self._release).ask("starts", candidate=candidate.request)

        while True:
            self.best, self.rows = search.run(starts), []
            started = time.perf_counter()
            for version in versions:
                self.rows.append(self._row(version, failures))
                progress.update(f"verifying: {self.rows[-1].line().strip()}")
            self.seconds -= time.perf_counter() - started
            judging = {judge.release for judge in search.judges}
            differing = next((row for row in self.rows if not row.agrees and row.release not in judging), None)
            if differing is None or differing.original is None:
                return
            progress.show(
                f"scikit-learn {differing.release} does not agree: going back, with that release as a judge, too"
            )
            search.add_judge(self._releases.judge(differing.release, differing.original))

    def _row(self, version: str, failures: dict[str, dict[str, Any] | None]) -> Row:
        """Ask a release about the best; about the original once, which is kept in `failures`."""
        try:
            if version not in failures:
                failures[version] = self._releases.failure(version, self.failure["check"], self.original)
            failure = failures[version]
            if failure is None or failure["faults"] is None:
                return Row(version, None, False)
            return Row(version, failure, self._releases.judge(version, failure).same([self.best]) == [True])
        except EnvironmentFailed as error:
            return Row(version, None, False, str(error))

    def _store(self, *, finished: bool = False) -> None:
        """Write the case and its script; of a reduction that was not cut off also the text of the issue."""
        check = self.failure["check"]
        case = output.reduced_case(self.best, self._case, self.failure, self._release)
        script = output.write_script(self.best, check, case.title, self._releases.arrays)
        texts = {"reproduce.py": script}
        if finished:
            python = self._releases.python(self._release)
            texts["issue.md"] = output.write_issue(
                self.best, check, self.failure["state"], script=script,
                output=output.run_script(python, script, self._releases.arrays),
                versions=output.versions(python, corpus.PROJECT),
                exact=self._releases.probe(self._release).ask("exact", candidate=self.best.request),
                releases=[row.release for row in self.rows if row.same],
                upstream=output.upstream_of(self._case.name, check, self._release),
            )  # fmt: skip
        output.store(self._into, case, texts)


def _code() -> str:
    """A digest of what the verdicts in a journal depend on."""
    digest = hashlib.sha256()
    for pattern in ("tests/test_*.py", "tests/support/*.py", "tests/workers/*.py", "tests/tools/reduce/*.py"):
        for path in sorted(corpus.PROJECT.glob(pattern)):
            digest.update(path.read_bytes())
    return digest.hexdigest()
